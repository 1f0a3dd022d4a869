"""Epochs: the input pipeline against the steps it feeds, an epoch against the sum of its steps, and memory."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.probes import run_probe
from benchmarks.report import Result, Row, compare_seconds
from benchmarks.timing import Effort, quartiles, time_in_turns
from benchmarks.workloads import make_our_step, make_part
from drl4ser.config import PROFILES, RECIPES, ModelConfig, TrainConfig
from drl4ser.data.pipeline import evaluation_batches, training_batches
from drl4ser.models import build_model, build_model_from_config
from drl4ser.training.trainer import Trainer

UTTERANCES, VALIDATION, LENGTHS = 300, 37, (200, 500)
MOST_EPOCHS = 10_000  # more than are ever timed
EPOCHS, PEER_EPOCHS, FIRST = 50, 5, 5


def measure_input_pipeline(effort: Effort, num_utterances: int = 512) -> Result:
    """Time an epoch of batches with the augmentation of recipe tuned, read only, against training on them."""
    part = make_part(np.random.default_rng(0).integers(200, 1201, num_utterances))
    tuned = RECIPES["tuned"]["train"]
    names = [name for name in tuned if "mask" in name or "jitter" in name or name == "time_stretch"]
    train = TrainConfig(batch_size=128, **{name: tuned[name] for name in names})
    step = make_our_step(build_model("s3"), train)
    batches = [batch[:2] for batch in training_batches(part, train, seed=0, epochs=[1])]
    sides = {
        "pipeline": lambda: [labels.numpy() for _, labels, _ in training_batches(part, train, seed=0, epochs=[1])],
        "training": lambda: [float(step(*batch)[0]) for batch in batches],
    }
    seconds = time_in_turns(sides, effort)
    what = f"Input pipeline, epoch of {num_utterances} utterances of 1-6 s, augmented"
    row = compare_seconds(what, "the S3 steps it feeds", seconds["pipeline"], seconds["training"], wanted=2.0)
    return Result([row], samples=seconds)


def measure_epoch_overhead(effort: Effort) -> Result:
    """Time an epoch of short utterances, at full width and at that of profile quick, whose steps are shortest."""
    rows, samples = [], {}
    for profile in ("paper", "quick"):
        seconds = time_in_turns(make_epoch(profile), effort.share(2))
        epochs, steps = (quartiles(seconds[name])[0] for name in ("epoch", "steps"))
        ratios = quartiles([a / b for a, b in zip(seconds["epoch"], seconds["steps"], strict=True)])
        what = f"Epoch of {UTTERANCES} utterances of 1-2.5 s with validation, S3, profile {profile}"
        rows.append(Row(what, "the sum of its steps", epochs * 1e3, steps * 1e3, "ms", *ratios, 1.1, True))
        samples[profile] = seconds
    return Result(rows, samples=samples)


def make_epoch(profile: str):
    """Return a whole epoch as `Trainer.fit` runs it, and the same steps on batches that are ready."""
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


def measure_memory(effort: Effort) -> Result:
    """Measure peak and growth of memory; PyTorch's peak is reached in its first epochs, so it runs fewer of them."""
    ours, theirs = run_probe("training", "ours", EPOCHS), run_probe("training", "torch", PEER_EPOCHS)
    what = "S3 training, batch 128, 1-6 s"
    after, before = float(np.median(ours["resident_mb"][-FIRST:])), max(ours["resident_mb"][:FIRST])
    compared = (
        (f"Peak memory, {what}", "PyTorch eager", ours["peak_mb"], theirs["peak_mb"], 1.2),
        (f"Memory after {EPOCHS} epochs, {what}", f"after {FIRST} epochs", after, before, 1.05),
    )
    rows = [Row(*names, a, b, "MB", *[a / b] * 3, at_most, True) for *names, a, b, at_most in compared]
    return Result(rows, samples={"ours": ours, "torch": theirs})
