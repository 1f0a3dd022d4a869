"""The equations once more, with their gradients written out: the same numbers in less time. Skip it at first reading.

Every function here has its plain counterpart in `drl4ser.layers.equations` (for the recurrences in Keras), and tests
show that outputs and gradients are equal. They are used by default. DRL4SER_FAST=0 in the environment builds
models of the plain functions alone: a variable and not an argument, since it must reach every layer of a model,
every command and every worker process.
"""

import os

from drl4ser.layers.fast.attention import attend_by_heads
from drl4ser.layers.fast.conv import convolve
from drl4ser.layers.fast.gca_lstm import normalize_gates, run_gca_lstm
from drl4ser.layers.fast.lstm import gather_last, run_lstm
from drl4ser.layers.fast.normalization import normalize_batch


def enabled() -> bool:
    """Whether layers use this package; read when a layer is called or traced."""
    return os.environ.get("DRL4SER_FAST", "1") != "0"


__all__ = [
    "attend_by_heads",
    "convolve",
    "enabled",
    "gather_last",
    "normalize_batch",
    "normalize_gates",
    "run_gca_lstm",
    "run_lstm",
]
