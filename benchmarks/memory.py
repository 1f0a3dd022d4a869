"""Rows: peak memory of training S3 against PyTorch, and how flat ours is; each side in a process of its own."""

import json
import subprocess
import sys

import numpy as np

from benchmarks.result import Result, Row
from benchmarks.timing import Effort

EPOCHS, PEER_EPOCHS, FIRST = 50, 5, 5
PEAK_AT_MOST, GROWTH_AT_MOST = 1.2, 1.05


def measure(effort: Effort) -> Result:
    """One run of each side; PyTorch's peak is reached in its first epochs, so it runs fewer of them."""
    ours, theirs = train_alone("ours", EPOCHS), train_alone("torch", PEER_EPOCHS)
    what = "S3 training, batch 128, 1-6 s"
    rows = [
        _row(f"Peak memory, {what}", "PyTorch eager", ours["peak_mb"], theirs["peak_mb"], PEAK_AT_MOST),
        _row(
            f"Memory after {EPOCHS} epochs, {what}",
            f"after {FIRST} epochs",
            float(np.median(ours["resident_mb"][-FIRST:])),
            max(ours["resident_mb"][:FIRST]),
            GROWTH_AT_MOST,
        ),
    ]
    return Result(rows, samples={"ours": ours, "torch": theirs})


def train_alone(side: str, num_epochs: int) -> dict:
    """What `benchmarks.fresh_training` prints.

    Raises:
        ValueError: if that process fails; its last line is named.
    """
    command = [sys.executable, "-m", "benchmarks.fresh_training", side, str(num_epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"training of side {side!r} ended with code {done.returncode}: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(what, against, ours, theirs, at_most):
    ratio = ours / theirs
    return Row(what, against, ours, theirs, "MB", ratio, ratio, ratio, at_most, True)
