"""What a kind of input is, and the loop in which Hypothesis draws cases of it."""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from drl4ser.corpora import CorpusError
from drl4ser.data.store import RecordError

OWN_ERRORS = (ValueError, CorpusError, RecordError)
READ, REFUSED = "read", "refused"
_CASES_AT_ONCE = 2000  # Hypothesis remembers every case of a run, so that none is tried twice


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        name: of the kind.
        prepare: takes an empty folder; returns a strategy for cases and a function that reads a case and returns
            `READ` or `REFUSED`. One of our own errors that names the file means refused; any other is a finding.
        names: one of them must stand in the message of an error.
    """

    name: str
    prepare: Callable[[Path], tuple[SearchStrategy, Callable[[Any], str]]]
    names: tuple[str, ...] = ()


class FoundError(Exception):
    """A case that was neither read nor refused; the message contains it."""


def run_cases(kind: Kind, num_cases: int, first_seed: int = 0) -> dict[str, int]:
    """Try cases of a kind; equal seeds try equal cases.

    Returns:
        How many were read and how many refused.

    Raises:
        FoundError: from the crash of a reader, for the smallest case that Hypothesis finds.
    """
    outcomes = Counter({READ: 0, REFUSED: 0})
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        strategy, read = kind.prepare(Path(folder))
        for begin in range(0, num_cases, _CASES_AT_ONCE):

            @seed(f"{kind.name} {first_seed} {begin}")
            @settings(
                max_examples=min(_CASES_AT_ONCE, num_cases - begin),
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )
            @given(strategy)
            def try_case(case):
                outcomes[_try(kind, read, case)] += 1

            try_case()
    return dict(outcomes)


def _try(kind: Kind, read, case) -> str:
    try:
        return read(case)
    except Exception as error:
        # The exact classes: UnicodeDecodeError and JSONDecodeError are ValueErrors too, and name no file.
        if type(error) in OWN_ERRORS and any(name in str(error) for name in kind.names):
            return REFUSED
        raise FoundError(f"{kind.name}: {type(error).__name__}: {error} for {case!r:.2000}") from error
