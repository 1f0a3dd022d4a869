"""Faults of every kind, stage by stage: a case returns how it ended, or raises if something was silently wrong."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.faults.bench import STAGES, FaultBench

SAME, ERROR = "same table", "clear error, then the same table"
KILLS = {"extraction": 8, "training": 10, "reporting": 4}
# What a stage reads, and where it writes.
READS = {"extraction": (), "training": ("records",), "reporting": ("records", "runs")}
WRITES = {"extraction": "records", "training": "runs", "reporting": "results"}
_PAGE = 4096


class SilentlyWrongError(AssertionError):
    """Another table, an unclear error or a remedy that does not help."""


def flip_bit(path: Path, rng: Random) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def cut_off(path: Path, rng: Random) -> None:
    """Cut off the end of a file."""
    os.truncate(path, rng.randrange(path.stat().st_size))


def make_unreadable(path: Path, rng: Random) -> None:
    """Take away the permission to read a file."""
    path.chmod(0)


DAMAGES = {"with a flipped bit": flip_bit, "cut off": cut_off, "unreadable": make_unreadable}
# What each stage reads. Only drl4ser-predict reads weights; tests/runs/test_run_files.py damages those.
WHAT_TO_DAMAGE = {
    "extraction": ("plan.json", "shard-00001.json", "shard-00001.tfrecord", "index.json"),
    "training": (
        *("shard-00001.json", "shard-00001.tfrecord", "index.json"),
        *("config.json", "checkpoint.npz", "record.json"),
    ),
    "reporting": ("record.json",),
}


def all_cases(bench: FaultBench | None) -> Iterator[tuple[str, str, Callable[[Random], str]]]:
    """Yield (fault, stage, function) of every case; the function takes the source of random moments and places."""
    for stage in STAGES:
        yield "SIGKILL at random moments", stage, lambda rng, s=stage: _kill(bench, rng, s)
    for stage in STAGES:
        yield "full disk", stage, lambda rng, s=stage: _fill_disk(bench, rng, s)
    for stage in STAGES:
        yield "two processes at once", stage, lambda _, s=stage: _run_two(bench, s)
    yield "a recording unreadable", "extraction", lambda rng: _hide_recording(bench, rng)
    for stage, names in WHAT_TO_DAMAGE.items():
        for name in names:
            for fault in DAMAGES:
                yield f"{name} {fault}", stage, lambda rng, s=stage, n=name, f=fault: _damage(bench, rng, s, n, f)
    for name in ("folds.jsonl", "table2.csv"):
        yield f"{name} with a flipped bit", "reporting", lambda rng, n=name: _damage_report(bench, rng, n)


def _kill(bench: FaultBench, rng: Random, stage: str) -> str:
    """Kill one run after the other in the same place, then let one end."""
    bench.make_place("kill", READS[stage])
    written, killed, amid = bench.path("kill", WRITES[stage]), 0, 0
    while killed < KILLS[stage]:
        # In turn any moment and one soon after the first file: most of a short stage is its start.
        seconds, first = rng.uniform(0.2, 1.0) * bench.seconds[stage], None
        if killed % 2:
            seconds, first = rng.uniform(0.0, 0.2) * bench.seconds[stage], written
        if bench.kill_after("kill", stage, seconds, first):
            killed += 1
            amid += written.exists()
        done = (written / "index.json").exists() if stage == "extraction" else bench.has_table("kill")
        if done:  # it was faster than the reference: start over
            shutil.rmtree(written)
            shutil.rmtree(bench.path("kill", "results"), ignore_errors=True)
    _end(bench, "kill", stage)
    return f"{killed} kills, {amid} of them amid its files: {SAME}"


def _end(bench: FaultBench, place: str, stage: str) -> None:
    """Run the stage and those that follow, undisturbed, and compare what they write."""
    for name in STAGES[STAGES.index(stage) :]:
        outcome = bench.run(place, name)
        _require(outcome.code == 0, f"{name} fails afterwards: {outcome.output}")
    _require(bench.has_records(place), "other records")
    _require(bench.has_table(place), "another table")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SilentlyWrongError(message)


def _fill_disk(bench: FaultBench, rng: Random, stage: str) -> str:
    """Write to a memory disk that is too small for the stage, then enlarge it."""
    bench.make_place("full", READS[stage])
    whole = bench.path("reference", WRITES[stage])
    pages = sum(-(-path.stat().st_size // _PAGE) for path in whole.rglob("*") if path.is_file())
    with _small_disk(bench.path("full", WRITES[stage]), int(rng.uniform(0.1, 0.9) * pages)) as written:
        outcome = bench.run("full", stage)
        is_clear = outcome.code == 1 and str(written) in outcome.error and "space" in outcome.error
        _require(is_clear, f"exit code {outcome.code}: {outcome.output}")
        subprocess.run(["mount", "-o", "remount,size=1g", written], check=True)
        _end(bench, "full", stage)
    return ERROR


@contextlib.contextmanager
def _small_disk(folder: Path, pages: int) -> Iterator[Path]:
    folder.mkdir()
    size = f"size={max(pages, 1) * _PAGE}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _run_two(bench: FaultBench, stage: str) -> str:
    """Run a stage twice at once in one place: one succeeds, the other is refused or finds everything done."""
    bench.make_place("two", READS[stage])
    first, second = bench.start("two", stage), bench.start("two", stage)
    outcomes = [bench.finish(first), bench.finish(second)]
    refused = [outcome for outcome in outcomes if outcome.code]
    _require(len(refused) < 2, f"both fail: {[outcome.output for outcome in outcomes]}")
    _require(all("in use by process" in outcome.error for outcome in refused), f"an unclear error: {refused}")
    _end(bench, "two", stage)
    return ERROR if refused else SAME


def _hide_recording(bench: FaultBench, rng: Random) -> str:
    """Make a recording unreadable: extraction must stop and not leave it out, since it may be readable tomorrow."""
    bench.make_place("hidden", ())
    recording = rng.choice(sorted(bench.corpus.rglob("*.wav")))
    mode = recording.stat().st_mode
    recording.chmod(0)
    try:
        outcome = bench.run("hidden", "extraction")
    finally:
        recording.chmod(mode)
    _require(outcome.code == 1 and str(recording) in outcome.error, f"exit code {outcome.code}: {outcome.output}")
    _end(bench, "hidden", "extraction")
    return ERROR


def _damage(bench: FaultBench, rng: Random, stage: str, name: str, fault: str) -> str:
    """Damage one file that the stage reads."""
    if stage == "extraction":
        bench.make_place("damaged", ("records",))
        refused = damage_one(bench, rng, stage, name, fault)
        # Training then starts from the same files; the cases of training continue from there.
        is_same = bench.run("damaged", stage).code == 0 and bench.has_records("damaged")
        _require(is_same, "other records")
        return "clear error, then the same records" if refused else "same records"
    bench.make_place("damaged", ("records", "runs"), "half" if stage == "training" else "reference")
    refused = damage_one(bench, rng, stage, name, fault)
    # Only training replaces the result of a fold that was deleted.
    _end(bench, "damaged", "training" if refused and stage == "reporting" else stage)
    return ERROR if refused else SAME


def damage_one(bench: FaultBench, rng: Random, stage: str, name: str, fault: str) -> bool:
    """Damage a file of the place "damaged", run the stage and follow the remedy that its error names, if there is one.

    Returns:
        Whether there was an error.

    Raises:
        SilentlyWrongError: if the error does not name the file, or more was rebuilt than was damaged.
    """
    place = bench.folder / "damaged"
    path = rng.choice(sorted(place.rglob(name)))
    DAMAGES[fault](path, rng)
    before = _units(place)
    outcome = bench.run("damaged", stage)
    if outcome.code:
        # An error about the settings of a folder names the folder.
        is_named = str(path) in outcome.error or f"{path.parent} was" in outcome.error
        _require(outcome.code == 1 and is_named, f"exit code {outcome.code}: {outcome.output}")
        _follow_remedy(bench, path, outcome.error)
    after = _units(place)
    rebuilt = [unit for unit, state in before.items() if after.get(unit) != state]
    # A shard and its JSON file share a stem; a finished fold has a folder.
    more = [
        unit
        for unit in rebuilt
        if (path.stem != unit.stem if unit.suffix == ".tfrecord" else path.parent != unit.parent)
    ]
    _require(not more, f"{path} was damaged and {rebuilt} were rebuilt")
    return outcome.code != 0


def _units(place: Path) -> dict[Path, tuple[int, int]]:
    """Return what can be rebuilt alone, shards and finished folds, and when each was written."""
    paths = [*place.rglob("shard-*.tfrecord"), *place.rglob("record.json")]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def _follow_remedy(bench: FaultBench, path: Path, error: str) -> None:
    """Do what the message advises, and no more."""
    if "delete that folder" in error or f"delete {path.parent}" in error:
        shutil.rmtree(path.parent)
    elif "elete it" in error:
        path.unlink()
    elif "make_records" not in error:
        raise SilentlyWrongError(f"no remedy: {error}")
    if "make_records" in error or "records anew" in error or "records are made anew" in error:
        outcome = bench.run("damaged", "extraction")
        _require(outcome.code == 0, f"the remedy fails: {outcome.output}")


def _damage_report(bench: FaultBench, rng: Random, name: str) -> str:
    """Damage a file of the finished table: `make readme` must name it, and reporting write it again."""
    bench.make_place("damaged", ("records", "runs", "results"))
    path = bench.table_directory("damaged") / name
    flip_bit(path, rng)
    outcome = bench.check_readme("damaged")
    _require(outcome.code == 1 and str(path) in outcome.error, f"exit code {outcome.code}: {outcome.output}")
    _end(bench, "damaged", "reporting")
    return ERROR
