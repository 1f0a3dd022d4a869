"""Row: a training step of the baseline, two LSTM layers of 831 units on the LLDs, against PyTorch's nn.LSTM."""

from benchmarks.peers import torch_baseline, torch_step
from benchmarks.result import Result, compare_seconds
from benchmarks.timing import Effort, time_in_turns
from benchmarks.training_step import to_torch
from benchmarks.workloads import make_batch, make_our_step, to_tensors
from drl4ser.config import ModelConfig
from drl4ser.models import balanced_units, build_model

BATCH, FRAMES = 64, 560
WANTED = 1.0


def measure(effort: Effort) -> Result:
    """One row."""
    model = build_model("baseline")
    units = balanced_units(ModelConfig(system="baseline"))
    module = torch_baseline.Baseline(units)
    torch_baseline.copy_baseline(module, model)
    ours, theirs = make_our_step(model), torch_step.make_train_step(module)
    batch = make_batch([FRAMES] * BATCH)
    tensors, torch_tensors = to_tensors(*batch), to_torch(batch, padded=False)
    sides = {"ours": lambda: float(ours(*tensors)[0]), "eager": lambda: float(theirs(*torch_tensors))}
    seconds = time_in_turns(sides, effort)
    what = f"Baseline training step, {units} units, batch {BATCH}, {FRAMES} frames"
    row = compare_seconds(what, "PyTorch nn.LSTM", seconds["ours"], seconds["eager"], WANTED, 1.0, "s")
    return Result([row], samples=seconds)
