"""Row: utterances a second out of the input pipeline against what the S3 training step eats."""

import numpy as np

from benchmarks.result import Result, compare_seconds
from benchmarks.timing import Effort, time_in_turns
from benchmarks.workloads import make_our_step, make_part
from drl4ser.config import RECIPES, TrainConfig
from drl4ser.data.pipeline import training_batches
from drl4ser.models import build_model

UTTERANCES, BATCH = 512, 128
WANTED = 2.0


def measure(effort: Effort) -> Result:
    """An epoch of batches with the augmentation of recipe tuned, read only, and trained on."""
    lengths = np.random.default_rng(0).integers(200, 1201, UTTERANCES)
    part = make_part(lengths)
    tuned = {key: value for key, value in RECIPES["tuned"]["train"].items() if "mask" in key or "jitter" in key}
    train = TrainConfig(batch_size=BATCH, time_stretch=RECIPES["tuned"]["train"]["time_stretch"], **tuned)
    step = make_our_step(build_model("s3"), train)
    batches = [batch[:2] for batch in training_batches(part, train, seed=0, epochs=[1])]
    sides = {
        "pipeline": lambda: [labels.numpy() for _, labels, _ in training_batches(part, train, seed=0, epochs=[1])],
        "training": lambda: [float(step(*batch)[0]) for batch in batches],
    }
    seconds = time_in_turns(sides, effort)
    what = f"Input pipeline, epoch of {UTTERANCES} utterances of 1-6 s, augmented"
    row = compare_seconds(what, "the S3 steps it feeds", seconds["pipeline"], seconds["training"], WANTED)
    return Result([row], samples=seconds)
