"""Sides of a comparison timed in turns, so that whatever else the machine does meets all of them alike."""

import dataclasses
import gc
import time
from collections.abc import Callable, Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: how often every side is timed.
        seconds: once a comparison has taken that long, no further round begins (but the third).
        clock: a name in `CLOCKS`. The processor's counts only this process's work, for a machine that others use;
            it compares sides fairly with one thread each.
        compiled: whether to measure sides that take minutes to compile.
    """

    rounds: int = 15
    seconds: float = 60.0
    clock: str = "wall"
    compiled: bool = True

    def share(self, number: int) -> "Effort":
        """That of each of `number` comparisons in the same time, with the same clock."""
        return dataclasses.replace(self, seconds=self.seconds / number)


CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
MIN_ROUNDS = 3


def time_in_turns(
    sides: Mapping[str, Callable[[], object]], effort: Effort, warm: bool = False
) -> dict[str, list[float]]:
    """Seconds of every call, the sides called one after the other, round after round.

    Each is called once before, untimed, so compilation and first touches do not count. The order is turned
    around every round: none always runs in the wake of the same other one.

    Args:
        sides: functions that return only when their work is done.
        effort: rounds and time to spend.
        warm: whether each has been called already.

    Returns:
        Seconds of each side, one number a round.
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
    """Median, lower and upper quartile."""
    low, middle, high = np.percentile(np.asarray(values, np.float64), [25, 50, 75])
    return float(middle), float(low), float(high)


def fit_line(x, y) -> tuple[float, float, float]:
    """Slope, intercept and R^2 of the least-squares line through the points."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    slope, intercept = np.polyfit(x, y, 1)
    residual = np.sum(np.square(y - slope * x - intercept))
    return float(slope), float(intercept), float(1.0 - residual / np.sum(np.square(y - y.mean())))
