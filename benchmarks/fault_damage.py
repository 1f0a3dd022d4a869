"""Damage to the files of a place, the error it must give, and the remedy that the error names."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.fault_bench import FaultBench


class SilentlyWrongError(AssertionError):
    """Another table, an unclear error or a remedy that does not help."""


def _flip(path: Path, rng: Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def _truncate(path: Path, rng: Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size))


def _make_unreadable(path: Path, rng: Random) -> None:
    path.chmod(0)


DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    "with a flipped bit": _flip,
    "cut off": _truncate,
    "unreadable": _make_unreadable,
}
# What each stage reads. Weights are read by drl4ser-predict only; tests/runs/test_run_files.py damages those.
WHAT_TO_DAMAGE = (
    ("extraction", "plan.json"),
    ("extraction", "shard-00001.json"),
    ("extraction", "shard-00001.tfrecord"),
    ("extraction", "index.json"),
    ("training", "shard-00001.json"),
    ("training", "shard-00001.tfrecord"),
    ("training", "index.json"),
    ("training", "config.json"),
    ("training", "checkpoint.npz"),
    ("training", "record.json"),
    ("reporting", "record.json"),
)


def damage_one(bench: FaultBench, rng: Random, stage: str, name: str, fault: str) -> bool:
    """Damage a file of the place "damaged", run the stage, and do what its error says, if it gives one.

    Returns:
        Whether there was an error.

    Raises:
        SilentlyWrongError: if the error does not name the file, or more was made anew than was damaged.
    """
    place = bench.folder / "damaged"
    path = rng.choice(sorted(place.rglob(name)))
    DAMAGES[fault](path, rng)
    before = _units(place)
    outcome = bench.run("damaged", stage)
    if outcome.code:
        # Where the settings in a folder are not what they were, the folder is named.
        if outcome.code != 1 or not (str(path) in outcome.error or f"{path.parent} was" in outcome.error):
            raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
        _follow_remedy(bench, path, outcome.error)
    after = _units(place)
    # A shard and what stands beside it share a stem; a finished fold has a folder.
    anew = [unit for unit, state in before.items() if after.get(unit) != state]
    if any(path.stem != unit.stem if unit.suffix == ".tfrecord" else path.parent != unit.parent for unit in anew):
        raise SilentlyWrongError(f"{path} was damaged and made anew were {anew}")
    return outcome.code != 0


def _units(place: Path) -> dict[Path, tuple[int, int]]:
    """What can be made anew by itself, shards and finished folds, and when each was written."""
    paths = [*place.rglob("shard-*.tfrecord"), *place.rglob("record.json")]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def _follow_remedy(bench: FaultBench, path: Path, error: str) -> None:
    """Do what the message says, and no more."""
    if "delete that folder" in error or f"delete {path.parent}" in error:
        shutil.rmtree(path.parent)
    elif "elete it" in error:
        path.unlink()
    elif "make_records" not in error:
        raise SilentlyWrongError(f"no remedy: {error}")
    if "make_records" in error or "records anew" in error or "records are made anew" in error:
        outcome = bench.run("damaged", "extraction")
        if outcome.code:
            raise SilentlyWrongError(f"the remedy fails: {outcome.output}")
