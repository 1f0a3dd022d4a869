"""Row: a training step of S3 under mixed_bfloat16 against our own in float32."""

import keras

from benchmarks.result import Result, compare_seconds
from benchmarks.timing import Effort, time_in_turns
from benchmarks.workloads import make_batch, make_our_step, to_tensors
from drl4ser.models import build_model

BATCH, FRAMES = 128, 560
WANTED = 1.4


def measure(effort: Effort) -> Result:
    """One row."""
    steps = {}
    for precision in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(precision)
        steps[precision] = make_our_step(build_model("s3"))
    keras.config.set_dtype_policy("float32")
    batch = to_tensors(*make_batch([FRAMES] * BATCH))
    sides = {name: lambda step=step: float(step(*batch)[0]) for name, step in steps.items()}
    seconds = time_in_turns(sides, effort)
    what = f"S3 training step, mixed_bfloat16, batch {BATCH}, {FRAMES} frames"
    row = compare_seconds(what, "our float32", seconds["mixed_bfloat16"], seconds["float32"], WANTED)
    return Result([row], samples=seconds)
