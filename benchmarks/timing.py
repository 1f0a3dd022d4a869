"""Sides of a comparison timed in turns, so that other work on the machine disturbs all of them alike."""

import contextlib
import dataclasses
import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
MIN_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: how often every side is timed.
        seconds: once a comparison has taken so long, no further round begins (but the third).
        clock: a name in `CLOCKS`. The processor's counts only this process's work, for a machine that others use;
            it compares sides fairly with one thread each.
        compiled: whether to measure sides that take minutes to compile.
    """

    rounds: int = 15
    seconds: float = 60.0
    clock: str = "wall"
    compiled: bool = True

    def share(self, number: int) -> "Effort":
        """Return the effort for each of `number` comparisons in the same time."""
        return dataclasses.replace(self, seconds=self.seconds / number)


def time_in_turns(sides: Mapping[str, Callable[[], object]], effort: Effort, warm: bool = False) -> dict:
    """Call the sides one after the other, round after round.

    Each is called once before, untimed, so compilation and first touches do not count. The order is reversed
    every round, so that none always runs in the wake of the same other one.

    Args:
        sides: functions that return only when their work is done.
        effort: rounds and time to spend.
        warm: whether each has been called already.

    Returns:
        Seconds by side: a list with one number per round.
    """
    for call in () if warm else sides.values():
        call()
    seconds, clock = {name: [] for name in sides}, CLOCKS[effort.clock]
    started = time.perf_counter()
    for number in range(effort.rounds):
        if number >= MIN_ROUNDS and time.perf_counter() - started > effort.seconds:
            break
        gc.collect()
        for name in list(sides)[:: -1 if number % 2 else 1]:
            began = clock()
            sides[name]()
            seconds[name].append(clock() - began)
    return seconds


def quartiles(values) -> tuple[float, float, float]:
    """Return median, lower and upper quartile."""
    low, middle, high = np.percentile(np.asarray(values, np.float64), [25, 50, 75])
    return float(middle), float(low), float(high)


def fit_line(x, y) -> tuple[float, float, float]:
    """Return slope, intercept and R^2 of the least-squares line through the points."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    slope, intercept = np.polyfit(x, y, 1)
    residual = np.sum(np.square(y - slope * x - intercept))
    return float(slope), float(intercept), float(1.0 - residual / np.sum(np.square(y - y.mean())))


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and its children on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
