"""What can go wrong, stage by stage: each case says how it ended, or raises if something was silently wrong."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks.fault_bench import FaultBench

SAME, ERROR = "same table", "clear error, then the same table"
KILLS = {"extraction": 8, "training": 10, "reporting": 4}


class SilentlyWrongError(AssertionError):
    """Another table, an unclear error or a remedy that does not help."""


def all_cases(bench: FaultBench, rng: Random) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """(fault, stage, function) of every case."""
    for stage, count in KILLS.items():
        yield f"SIGKILL at {count} random moments", stage, lambda s=stage, n=count: _kill(bench, rng, s, n)
    for stage in KILLS:
        yield "full disk", stage, lambda s=stage: _fill_disk(bench, s)
        if stage != "reporting":
            yield "two processes", stage, lambda s=stage: _run_two(bench, s)
    for stage, name in _DAMAGED:
        for fault, damage in _DAMAGES.items():
            yield f"{name} {fault}", stage, lambda s=stage, n=name, d=damage: _damage(bench, rng, s, n, d)


def _kill(bench: FaultBench, rng: Random, stage: str, count: int) -> str:
    """One run after the other is killed in the same place; the last one is left alone."""
    origin = {"extraction": "corpus", "training": "reference", "reporting": "reference"}[stage]
    bench.copy(origin, "kill")
    if stage == "extraction":
        shutil.rmtree(bench.folder / "kill")
    elif stage == "training":
        shutil.rmtree(bench.runs("kill"))
    shutil.rmtree(bench.folder / "kill" / "results", ignore_errors=True)
    killed = 0
    while killed < count:
        killed += bench.kill_after("kill", stage, rng.uniform(0.1, 1.0) * bench.seconds[stage])
        if stage == "extraction" and (bench.records("kill") / "index.json").exists():
            shutil.rmtree(
                bench.records("kill")
            )  # it was faster than the reference: once more from the beginning
        elif stage == "training" and bench.has_table("kill"):
            shutil.rmtree(bench.runs("kill"))
    return _end(bench, "kill", stage)


def _end(bench: FaultBench, place: str, stage: str) -> str:
    """The stage, once more, and those that follow, without disturbance."""
    for number, name in enumerate(KILLS):
        if number >= list(KILLS).index(stage):
            outcome = bench.run(place, name)
            if outcome.code:
                raise SilentlyWrongError(f"{name} fails afterwards: {outcome.output}")
    if not bench.has_table(place):
        raise SilentlyWrongError("another table")
    return SAME


def _fill_disk(bench: FaultBench, stage: str) -> str:
    """What the stage writes goes to a memory disk that is too small for it."""
    bench.copy("reference", "full")
    written = {
        "extraction": bench.records("full"),
        "training": bench.runs("full"),
        "reporting": bench.folder / "full" / "results",
    }[stage]
    shutil.rmtree(written)
    written.mkdir()
    size = {"extraction": "256k", "training": "64k", "reporting": "8k"}[stage]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", written], check=True)
    try:
        outcome = bench.run("full", stage)
    finally:
        subprocess.run(["umount", written], check=True)
    if outcome.code != 1 or not ("No space left" in outcome.error or "cannot be written" in outcome.error):
        raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
    _end(bench, "full", stage)
    return ERROR


def _run_two(bench: FaultBench, stage: str) -> str:
    """Two at once in one place: one works, the other is refused or finds everything done."""
    bench.copy("half", "two")
    if stage == "extraction":
        shutil.rmtree(bench.records("two"))
    first, second = bench.start("two", stage), bench.start("two", stage)
    outcomes = [bench.finish(first), bench.finish(second)]
    if not any(outcome.code == 0 for outcome in outcomes):
        raise SilentlyWrongError(f"both fail: {[outcome.output for outcome in outcomes]}")
    refused = [outcome for outcome in outcomes if outcome.code]
    if any("in use by process" not in outcome.error for outcome in refused):
        raise SilentlyWrongError(f"an unclear error: {refused}")
    _end(bench, "two", stage)
    return ERROR if refused else SAME


def _flip(path: Path, rng: Random) -> None:
    content = bytearray(path.read_bytes())
    place = rng.randrange(len(content))
    content[place] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def _truncate(path: Path, rng: Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size))


def _make_unreadable(path: Path, rng: Random) -> None:
    # Root may read whatever the permissions say, but not a folder.
    path.unlink()
    path.mkdir()


_DAMAGES = {"with a flipped bit": _flip, "cut off": _truncate, "unreadable": _make_unreadable}
# What each stage reads. Weights are read by drl4ser-predict only; tests/test_run_files.py damages those.
_DAMAGED = (
    ("extraction", "plan.json"),
    ("extraction", "shard-00000.json"),
    ("extraction", "shard-00000.tfrecord"),
    ("extraction", "index.json"),
    ("training", "shard-00000.json"),
    ("training", "shard-00000.tfrecord"),
    ("training", "index.json"),
    ("training", "config.json"),
    ("training", "checkpoint.npz"),
    ("training", "record.json"),
    ("reporting", "record.json"),
)


def _damage(
    bench: FaultBench, rng: Random, stage: str, name: str, damage: Callable[[Path, Random], None]
) -> str:
    bench.copy("half" if stage == "training" else "reference", "damaged")
    path = next((bench.folder / "damaged").rglob(name))
    damage(path, rng)
    outcome = bench.run("damaged", stage)
    if outcome.code == 0:
        return _end(bench, "damaged", "training" if stage == "extraction" else stage)
    # A folder is named where its settings are not what they were.
    if outcome.code != 1 or not (name in outcome.error or str(path.parent) in outcome.error):
        raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
    _follow_remedy(bench, path, outcome.error)
    _end(bench, "damaged", "training")
    return ERROR


def _follow_remedy(bench: FaultBench, path: Path, error: str) -> None:
    """Do what the message says, and no more."""
    unreadable = path.is_dir()
    if unreadable:
        path.rmdir()  # whoever made the file unreadable takes that back
    if "make_records" in error or "make the records anew" in error or "its records are made anew" in error:
        if "delete that folder" in error or f"delete {path.parent}" in error:
            shutil.rmtree(path.parent)
        outcome = bench.run("damaged", "extraction")
        if outcome.code:
            raise SilentlyWrongError(f"the remedy fails: {outcome.output}")
    elif "delete that folder" in error:
        shutil.rmtree(path.parent)
    elif "elete it" in error:
        path.unlink(missing_ok=True)
    elif not unreadable:
        raise SilentlyWrongError(f"no remedy: {error}")
