"""Training steps: S3 against PyTorch and the machine's product rate, in bfloat16, GCA-LSTM alone, the baseline."""

import functools
import os

import keras
import numpy as np
import tensorflow as tf

from benchmarks.peers import torch_models, torch_weights
from benchmarks.report import Result, Row, compare_seconds, read_instruction_sets
from benchmarks.timing import Effort, quartiles, time_in_turns
from benchmarks.workloads import count_training_step, make_batch, make_our_step, make_part, to_tensors, to_torch
from drl4ser.config import ModelConfig, TrainConfig
from drl4ser.data.pipeline import training_batches
from drl4ser.layers import GCALSTM
from drl4ser.models import balanced_units, build_model
from drl4ser.processor import measure_bfloat16

BATCH, FRAMES, MIXED = 128, 560, (200, 1200)
PRODUCT_SIZE = 2048
PEERS = {"eager": "PyTorch eager", "compiled": "torch.compile"}
LOW_PRECISION_PEERS = {
    "autocast": "PyTorch autocast bfloat16",
    "autocast_compiled": "torch.compile, autocast bfloat16",
    "medium": 'PyTorch, float32 products of precision "medium"',
}


def measure_training_step(effort: Effort) -> Result:
    """Time steps of S3 on equal lengths, then on mixed ones in the batches that our pipeline makes of them."""
    has_avx512 = "avx512f" in read_instruction_sets()
    wanted = {"eager": 1.8 if has_avx512 else 1.5, "compiled": 1.2}
    cases = {
        f"batch {BATCH}, {FRAMES} frames": ([make_batch([FRAMES] * BATCH)], 0.75),
        f"batch {BATCH}, {MIXED[0]}-{MIXED[1]} frames": (bucket_lengths(2 * BATCH), 0.6),
    }
    make_sides = _make_sides(effort.compiled)
    rows, facts, samples = [], [], {}
    for name, (batches, wanted_share) in cases.items():
        calls = make_sides(batches)
        losses = {side: call()[0] for side, call in calls.items() if side != "product"}
        seconds = time_in_turns(calls, effort, warm=True)
        what = f"S3 training step, {name}"
        per_step = {side: np.array(values) / len(batches) for side, values in seconds.items()}
        for side, against in PEERS.items():
            if side in per_step:
                rows.append(compare_seconds(what, against, per_step["ours"], per_step[side], wanted[side]))
        lengths = np.concatenate([inputs["num_frames"] for inputs, _ in batches])
        operations = count_training_step(ModelConfig(), lengths)
        rows.append(_share_of_limit(what, operations, seconds, wanted_share))
        facts.append(f"{what}: {operations / len(batches) / 1e9:.1f} billion multiply-adds (real frames only)")
        shown = ", ".join(f"{side} {loss:.6f}" for side, loss in losses.items())
        facts.append(f"{what}: loss of the first batch, all sides with the same weights: {shown}")
        samples[name] = {**seconds, "losses": losses}
    return Result(rows, facts, samples)


def measure_avx2(effort: Effort) -> Result:
    """Time a step of S3 on equal lengths where both sides are kept from AVX-512, as on a processor without it."""
    if "avx512f" not in read_instruction_sets():
        return Result(facts=["This processor has no AVX-512: all rows are of AVX2."])
    sides = _make_sides(compiled=False)([make_batch([FRAMES] * BATCH)])
    seconds = time_in_turns({side: sides[side] for side in ("ours", "eager")}, effort)
    what = f"S3 training step without AVX-512, batch {BATCH}, {FRAMES} frames"
    row = compare_seconds(what, "PyTorch eager without AVX-512", seconds["ours"], seconds["eager"], wanted=1.5)
    return Result([row], samples=seconds)


def bucket_lengths(num_utterances: int):
    """Make batches of utterances of mixed lengths, as training gets them."""
    lengths = np.random.default_rng(0).integers(MIXED[0], MIXED[1] + 1, num_utterances)
    batches = training_batches(make_part(lengths), TrainConfig(batch_size=BATCH), seed=0, epochs=[1])
    return [({name: value.numpy() for name, value in inputs.items()}, labels.numpy()) for inputs, labels, _ in batches]


def _make_sides(compiled: bool):
    """Return a function from batches to the sides: ours and PyTorch's from our weights, and a product of matrices."""
    model = build_model("s3")
    modules = {side: torch_models.S3() for side in PEERS if compiled or side != "compiled"}
    ours = make_our_step(model)
    theirs = {side: torch_models.make_train_step(module, side == "compiled") for side, module in modules.items()}

    def over(batches):
        for module in modules.values():
            torch_weights.copy_s3(module, model)
        tensors, torch_tensors = [to_tensors(*batch) for batch in batches], [to_torch(*batch) for batch in batches]
        square = tf.random.normal([PRODUCT_SIZE, PRODUCT_SIZE], seed=0)
        product = tf.function(lambda: tf.reduce_sum(square @ square))
        sides = {"ours": lambda: [float(ours(*batch)[0]) for batch in tensors]}
        for name, step in theirs.items():
            sides[name] = lambda step=step: [float(step(*batch)) for batch in torch_tensors]
        return {**sides, "product": lambda: float(product())}

    return over


def _share_of_limit(what, operations, seconds, wanted):
    """Make a row of our multiply-adds a second over those of one large product in the same round."""
    limits = [PRODUCT_SIZE**3 / value / 1e9 for value in seconds["product"]]
    rates = [operations / value / 1e9 for value in seconds["ours"]]
    share = quartiles([rate / limit for rate, limit in zip(rates, limits, strict=True)])
    medians = quartiles(rates)[0], quartiles(limits)[0]
    return Row(what, "the machine's own matrix products", *medians, "G multiply-adds/s", *share, wanted)


def measure_low_precision(effort: Effort) -> Result:
    """Time a step of S3 under mixed_bfloat16 against our own in float32 and PyTorch's with bfloat16 products."""
    if (speed := measure_bfloat16()) < 1:
        return Result(facts=[f"mixed_bfloat16 was not measured: one product has {speed:.2f} of float32's speed here."])
    inputs, labels = make_batch([FRAMES] * BATCH)
    steps = {}
    for precision in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(precision)
        steps[precision] = functools.partial(make_our_step(build_model("s3")), *to_tensors(inputs, labels))
    keras.config.set_dtype_policy("float32")
    against = {"float32": "our float32", **LOW_PRECISION_PEERS}
    for name in LOW_PRECISION_PEERS:
        if effort.compiled or "compiled" not in name:
            step = torch_models.make_train_step(torch_models.S3(), "compiled" in name, name.split("_")[0])
            steps[name] = functools.partial(step, *to_torch(inputs, labels))
    seconds = time_in_turns({name: lambda step=step: _wait(step()) for name, step in steps.items()}, effort)
    what, ours = f"S3 training step, mixed_bfloat16, batch {BATCH}, {FRAMES} frames", seconds.pop("mixed_bfloat16")
    wanted = {"float32": 1.4}
    rows = [compare_seconds(what, against[name], ours, theirs, wanted.get(name)) for name, theirs in seconds.items()]
    return Result(rows, samples={"mixed_bfloat16": ours, **seconds})


def _wait(result) -> float:
    return float(result[0] if isinstance(result, tuple) else result)


def measure_gca_lstm(effort: Effort, batch: int = 32, dim: int = 512) -> Result:
    """Time GCA-LSTM, forward and backward, against its plain form, the equations with `keras.layers.RNN`."""
    lengths = (10, 50, 200)
    rows, samples = [], {}
    for num_steps in lengths:
        x, mask = make_sequences(batch, num_steps, dim)
        layer, sides = GCALSTM(256), {}
        layer(x, mask=mask)
        for side, value in (("ours", "1"), ("keras", "0")):
            os.environ["DRL4SER_FAST"] = value  # read when the layer is traced
            sides[side] = compile_gradients(layer, x, mask)
            sides[side]()
        seconds = time_in_turns(sides, effort.share(len(lengths)), warm=True)
        what = f"GCA-LSTM forward and backward, batch {batch}, {num_steps} steps"
        rows.append(compare_seconds(what, "three Keras RNN passes", seconds["ours"], seconds["keras"], wanted=2.0))
        samples[what] = seconds
    return Result(rows, samples=samples)


def make_sequences(batch: int, num_steps: int, dim: int):
    """Make x [B, N, D] and a mask [B, N] of lengths from half of N to N."""
    rng = np.random.default_rng(0)
    lengths = rng.integers((num_steps + 1) // 2, num_steps + 1, batch)
    lengths[0] = num_steps
    mask = np.arange(num_steps) < lengths[:, None]
    return tf.constant(rng.normal(size=(batch, num_steps, dim)), tf.float32), tf.constant(mask)


def compile_gradients(layer, x, mask):
    """Compile the forward and backward pass with respect to inputs and weights; the function returns when done."""

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x, mask=mask)))
        return tape.gradient(loss, [x, *layer.trainable_variables])

    return lambda: [gradient.numpy() for gradient in run()]


def measure_baseline_lstm(effort: Effort, batch: int = 64) -> Result:
    """Time a step of the baseline, two LSTM layers on the LLDs, against PyTorch's nn.LSTM."""
    model = build_model("baseline")
    units = balanced_units(ModelConfig(system="baseline"))
    module = torch_models.Baseline(units)
    torch_weights.copy_baseline(module, model)
    ours, theirs = make_our_step(model), torch_models.make_train_step(module)
    inputs, labels = make_batch([FRAMES] * batch)
    tensors, torch_tensors = to_tensors(inputs, labels), to_torch(inputs, labels)
    sides = {"ours": lambda: float(ours(*tensors)[0]), "eager": lambda: float(theirs(*torch_tensors))}
    seconds = time_in_turns(sides, effort)
    what = f"Baseline training step, {units} units, batch {batch}, {FRAMES} frames"
    row = compare_seconds(what, "PyTorch nn.LSTM", seconds["ours"], seconds["eager"], 1.0, 1.0, "s")
    return Result([row], samples=seconds)
