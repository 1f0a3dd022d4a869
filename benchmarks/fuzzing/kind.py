"""What a kind of hostile input is, and the loop that tries cases of it."""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from drl4ser.corpora import CorpusError
from drl4ser.data.store_files import RecordError

OWN_ERRORS = (ValueError, CorpusError, RecordError)
READ, REFUSED = "read", "refused"


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        name: of the kind.
        prepare: takes an empty folder; returns a function that draws a case and one that reads a case and gives
            `READ`. Our own errors, with the name of the file, mean refused; any other is a finding.
        names: one of them must stand in the message of an error.
    """

    name: str
    prepare: Callable[[Path], tuple[Callable[[Random], Any], Callable[[Any], str]]]
    names: tuple[str, ...] = ()


class FoundError(Exception):
    """A case that was neither read nor refused; the message holds it."""


def run_cases(kind: Kind, sources: Iterable[Random]) -> dict[str, int]:
    """Try one case of a kind for each source of randomness.

    Returns:
        How many were read and how many refused.

    Raises:
        FoundError: from whatever crash of a reader came first.
    """
    outcomes = Counter({READ: 0, REFUSED: 0})
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder:
        draw, read = kind.prepare(Path(folder))
        for rng in sources:
            outcomes[_outcome(kind, read, draw(rng))] += 1
    return dict(outcomes)


def _outcome(kind: Kind, read, case) -> str:
    try:
        return read(case)
    except Exception as error:
        # The exact classes: UnicodeDecodeError and JSONDecodeError are ValueErrors too, and say nothing of the file.
        if type(error) in OWN_ERRORS and any(name in str(error) for name in kind.names):
            return REFUSED
        raise FoundError(f"{kind.name}: {type(error).__name__}: {error} for {case!r:.2000}") from error


def _memory_folder() -> str | None:
    """Files that live for a millisecond need no disk."""
    folder = Path("/dev/shm")  # noqa: S108 - only a place to make a temporary folder in
    return str(folder) if folder.is_dir() else None
