"""Rows: a training step of S3 against PyTorch, eager and compiled, and against the machine's own product rate."""

import numpy as np
import tensorflow as tf
import torch

from benchmarks.operations import count_training_step
from benchmarks.peers import torch_rlc, torch_step, torch_weights
from benchmarks.result import Result, Row, compare_seconds
from benchmarks.timing import Effort, quartiles, time_in_turns
from benchmarks.workloads import make_batch, make_our_step, make_part, to_tensors
from drl4ser.config import ModelConfig, TrainConfig
from drl4ser.data.pipeline import training_batches
from drl4ser.models import build_model

BATCH, FRAMES, MIXED = 128, 560, (200, 1200)
PRODUCT_SIZE = 2048
PEERS = {"eager": ("PyTorch eager", 1.8), "compiled": ("torch.compile", 1.2)}
WANTED_SHARE = 0.65


def measure(effort: Effort) -> Result:
    """Equal lengths, then mixed ones in the batches that our pipeline makes of them."""
    cases = {
        f"batch {BATCH}, {FRAMES} frames": [make_batch([FRAMES] * BATCH)],
        f"batch {BATCH}, {MIXED[0]}-{MIXED[1]} frames": bucket_lengths(2 * BATCH),
    }
    model = build_model("s3")
    sides = _Sides(model, effort.compiled)
    rows, facts, samples = [], [], {}
    for name, batches in cases.items():
        padded = any(len(set(inputs["num_frames"])) > 1 for inputs, _ in batches)
        calls = sides.over(batches, padded)
        losses = {side: call()[0] for side, call in calls.items() if side != "product"}
        seconds = time_in_turns(calls, effort, warm=True)
        what = f"S3 training step, {name}"
        per_step = {side: np.array(values) / len(batches) for side, values in seconds.items()}
        for side, (against, wanted) in PEERS.items():
            if side in per_step:
                rows.append(compare_seconds(what, against, per_step["ours"], per_step[side], wanted))
        lengths = np.concatenate([inputs["num_frames"] for inputs, _ in batches])
        operations = count_training_step(ModelConfig(), lengths)
        rows.append(_share_of_limit(what, operations, seconds))
        facts.append(f"{what}: {operations / len(batches) / 1e9:.1f} billion multiply-adds (real frames only)")
        shown = ", ".join(f"{side} {loss:.6f}" for side, loss in losses.items())
        facts.append(f"{what}: loss of the first batch, all sides with the same weights: {shown}")
        samples[name] = {**seconds, "losses": losses}
    return Result(rows, facts, samples)


def bucket_lengths(num_utterances: int):
    """Batches of utterances of mixed lengths, as training gets them."""
    lengths = np.random.default_rng(0).integers(MIXED[0], MIXED[1] + 1, num_utterances)
    batches = training_batches(make_part(lengths), TrainConfig(batch_size=BATCH), seed=0, epochs=[1])
    return [({name: value.numpy() for name, value in inputs.items()}, labels.numpy()) for inputs, labels, _ in batches]


def to_torch(batch, padded: bool):
    """A NumPy batch as PyTorch's tensors; without lengths if nothing is padded, which spares PyTorch its masks."""
    inputs, labels = batch
    num_frames = torch.from_numpy(inputs["num_frames"]).long() if padded else None
    return torch.from_numpy(inputs["llds"]), num_frames, torch.from_numpy(labels).long()


class _Sides:
    """The training steps of our model and of PyTorch's two."""

    def __init__(self, model, compiled):
        self._model = model
        self._modules = {side: torch_rlc.S3() for side in PEERS if compiled or side != "compiled"}
        self._ours = make_our_step(model)
        self._theirs = {
            name: torch_step.make_train_step(module, compile_it=name == "compiled")
            for name, module in self._modules.items()
        }

    def over(self, batches, padded):
        """Each side as a function that trains on all batches, from our weights; one product of square matrices."""
        for module in self._modules.values():
            torch_weights.copy_s3(module, self._model)
        tensors = [to_tensors(*batch) for batch in batches]
        torch_tensors = [to_torch(batch, padded) for batch in batches]
        square = tf.random.normal([PRODUCT_SIZE, PRODUCT_SIZE], seed=0)
        product = tf.function(lambda: tf.reduce_sum(square @ square))
        sides = {"ours": lambda: [float(self._ours(*batch)[0]) for batch in tensors]}
        for name, step in self._theirs.items():
            sides[name] = lambda step=step: [float(step(*batch)) for batch in torch_tensors]
        return {**sides, "product": lambda: float(product())}


def _share_of_limit(what, operations, seconds):
    """Our multiply-adds a second over those of one large product in the same round."""
    limits = [PRODUCT_SIZE**3 / value / 1e9 for value in seconds["product"]]
    rates = [operations / value / 1e9 for value in seconds["ours"]]
    share = quartiles([rate / limit for rate, limit in zip(rates, limits, strict=True)])
    medians = quartiles(rates)[0], quartiles(limits)[0]
    return Row(what, "the machine's own matrix products", *medians, "G multiply-adds/s", *share, WANTED_SHARE)
