"""Row: one epoch of 300 short utterances by the trainer against the sum of its steps."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.result import Result, Row
from benchmarks.timing import Effort, quartiles, time_in_turns
from benchmarks.workloads import make_part
from drl4ser.config import PROFILES, ModelConfig, TrainConfig
from drl4ser.data.pipeline import evaluation_batches, training_batches
from drl4ser.models import build_model_from_config
from drl4ser.training.trainer import Trainer

UTTERANCES, VALIDATION, LENGTHS = 300, 37, (200, 500)
MOST_EPOCHS = 10_000  # more than are ever timed
AT_MOST = 1.1


def measure(effort: Effort) -> Result:
    """The paper's sizes, and the narrow network of profile quick, whose steps are shortest."""
    rows, samples = [], {}
    effort = effort.share(2)
    for profile in ("paper", "quick"):
        seconds = time_in_turns(make_sides(profile), effort)
        epochs, steps = (quartiles(seconds[name])[0] for name in ("epoch", "steps"))
        ratios = quartiles([a / b for a, b in zip(seconds["epoch"], seconds["steps"], strict=True)])
        what = f"Epoch of {UTTERANCES} utterances of 1-2.5 s with validation, S3, profile {profile}"
        row = Row(what, "the sum of its steps", epochs * 1e3, steps * 1e3, "ms", *ratios, AT_MOST, True)
        rows.append(row)
        samples[profile] = seconds
    return Result(rows, samples=samples)


def make_sides(profile: str):
    """A whole epoch as `Trainer.fit` runs it, and the same steps on batches that are ready."""
    model = build_model_from_config(ModelConfig(**PROFILES[profile].get("model", {})))
    train = TrainConfig(**PROFILES[profile].get("train", {}))
    rng = np.random.default_rng(0)
    parts = [make_part(rng.integers(*LENGTHS, number), seed=number) for number in (UTTERANCES, VALIDATION)]
    with tempfile.TemporaryDirectory() as directory:
        checkpoint = Path(directory) / "checkpoint.npz"  # there is none, and an epoch is too short for one
        trainer = Trainer(model, train, *parts, seed=0, checkpoint=checkpoint)
    batches = [batch[:2] for batch in training_batches(parts[0], train, seed=0, epochs=[1])]
    held_out = [inputs for inputs, _, _ in evaluation_batches(parts[1], train.batch_size)]

    def run_steps():
        losses = [trainer._train_step(*batch) for batch in batches]
        logits = [trainer._evaluation_step(inputs).numpy() for inputs in held_out]
        return [float(loss) for loss, _ in losses], logits

    epochs = iter(training_batches(parts[0], train, seed=0, epochs=range(1, MOST_EPOCHS)))
    return {"epoch": lambda: trainer._run_epoch(1, epochs), "steps": run_steps}
