"""What a measurement hands over: rows of the table, facts below it, and all numbers behind both."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.timing import quartiles


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        against: what it is compared with.
        ours: our median.
        theirs: the other side's median, in the same unit.
        unit: "s", "ms", "MB", ...
        ratio: how many times better we are, the median of the rounds' ratios (for memory and overheads: ours / theirs).
        low: lower quartile of the ratio; equal to it where there is one number only.
        high: upper quartile.
        wanted: what the ratio should reach; None if there is no such number.
        at_most: whether `wanted` is an upper bound.
    """

    what: str
    against: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    low: float
    high: float
    wanted: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the ratio is as wanted."""
        if self.wanted is None:
            return None
        return self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted


@dataclasses.dataclass(frozen=True)
class Result:
    """Of one module.

    Attributes:
        rows: of the table.
        facts: sentences below the table.
        samples: every single number measured, by name.
    """

    rows: Sequence[Row] = ()
    facts: Sequence[str] = ()
    samples: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def compare_seconds(
    what: str,
    against: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    wanted: float | None,
    scale: float = 1e3,
    unit: str = "ms",
) -> Row:
    """A row of two sides that were timed in turns: speed-up of each round, medians of both.

    Args:
        what: see `Row`.
        against: see `Row`.
        ours: seconds, one number a round.
        theirs: seconds of the same rounds.
        wanted: least speed-up.
        scale: seconds in the unit of the table.
        unit: of the table.
    """
    ratio, low, high = quartiles([other / own for own, other in zip(ours, theirs, strict=True)])
    medians = [quartiles(values)[0] * scale for values in (ours, theirs)]
    return Row(what, against, *medians, unit, ratio, low, high, wanted)
