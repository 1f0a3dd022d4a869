"""What can go wrong, stage by stage: each case says how it ended, or raises if something was silently wrong."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks.fault_bench import STAGES, FaultBench
from benchmarks.fault_damage import DAMAGES, WHAT_TO_DAMAGE, SilentlyWrongError, damage_one

SAME, ERROR = "same table", "clear error, then the same table"
KILLS = {"extraction": 8, "training": 10, "reporting": 4}
# What a stage reads, and where it writes.
READS = {"extraction": (), "training": ("records",), "reporting": ("records", "runs")}
WRITES = {"extraction": "records", "training": "runs", "reporting": "results"}
_PAGE = 4096


def all_cases(bench: FaultBench) -> Iterator[tuple[str, str, Callable[[Random], str]]]:
    """(fault, stage, function) of every case; the function takes the source of its random moments and places."""
    for stage in STAGES:
        yield "SIGKILL at random moments", stage, lambda rng, s=stage: _kill(bench, rng, s)
    for stage in STAGES:
        yield "full disk", stage, lambda rng, s=stage: _fill_disk(bench, rng, s)
    for stage in STAGES:
        yield "two processes at once", stage, lambda _, s=stage: _run_two(bench, s)
    yield "a recording unreadable", "extraction", lambda rng: _hide_recording(bench, rng)
    for stage, name in WHAT_TO_DAMAGE:
        for fault in DAMAGES:
            yield f"{name} {fault}", stage, lambda rng, s=stage, n=name, f=fault: _damage(bench, rng, s, n, f)
    for name in ("folds.jsonl", "table2.csv"):
        yield f"{name} with a flipped bit", "reporting", lambda rng, n=name: _damage_report(bench, rng, n)


def _kill(bench: FaultBench, rng: Random, stage: str) -> str:
    """One run after the other is killed in the same place; the last one is left alone."""
    bench.make_place("kill", READS[stage])
    written, killed, amid = bench.path("kill", WRITES[stage]), 0, 0
    while killed < KILLS[stage]:
        # Any moment, and in turn with it one soon after the first file: most of a short stage is its beginning.
        seconds, first = rng.uniform(0.2, 1.0) * bench.seconds[stage], None
        if killed % 2:
            seconds, first = rng.uniform(0.0, 0.2) * bench.seconds[stage], written
        if bench.kill_after("kill", stage, seconds, first):
            killed += 1
            amid += written.exists()
        done = (written / "index.json").exists() if stage == "extraction" else bench.has_table("kill")
        if done:  # it was faster than the reference: once more from the beginning
            shutil.rmtree(written)
            shutil.rmtree(bench.path("kill", "results"), ignore_errors=True)
    _end(bench, "kill", stage)
    return f"{killed} kills, {amid} of them amid its files: {SAME}"


def _end(bench: FaultBench, place: str, stage: str) -> None:
    """The stage, once more, and those that follow, without disturbance."""
    for name in STAGES[STAGES.index(stage) :]:
        outcome = bench.run(place, name)
        if outcome.code:
            raise SilentlyWrongError(f"{name} fails afterwards: {outcome.output}")
    if not bench.has_records(place):
        raise SilentlyWrongError("other records")
    if not bench.has_table(place):
        raise SilentlyWrongError("another table")


def _fill_disk(bench: FaultBench, rng: Random, stage: str) -> str:
    """What the stage writes goes to a memory disk that is too small for it, and later becomes larger."""
    bench.make_place("full", READS[stage])
    whole = bench.path("reference", WRITES[stage])
    pages = sum(-(-path.stat().st_size // _PAGE) for path in whole.rglob("*") if path.is_file())
    with _small_disk(bench.path("full", WRITES[stage]), int(rng.uniform(0.1, 0.9) * pages)) as written:
        outcome = bench.run("full", stage)
        if outcome.code != 1 or str(written) not in outcome.error or "space" not in outcome.error:
            raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
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
    """Two at once in one place: one works, the other is refused or finds everything done."""
    bench.make_place("two", READS[stage])
    first, second = bench.start("two", stage), bench.start("two", stage)
    outcomes = [bench.finish(first), bench.finish(second)]
    if not any(outcome.code == 0 for outcome in outcomes):
        raise SilentlyWrongError(f"both fail: {[outcome.output for outcome in outcomes]}")
    refused = [outcome for outcome in outcomes if outcome.code]
    if any("in use by process" not in outcome.error for outcome in refused):
        raise SilentlyWrongError(f"an unclear error: {refused}")
    _end(bench, "two", stage)
    return ERROR if refused else SAME


def _hide_recording(bench: FaultBench, rng: Random) -> str:
    """A recording that may not be read is not left out for good: it can be read another day."""
    bench.make_place("hidden", ())
    recording = rng.choice(sorted(bench.corpus.rglob("*.wav")))
    mode = recording.stat().st_mode
    recording.chmod(0)
    try:
        outcome = bench.run("hidden", "extraction")
    finally:
        recording.chmod(mode)
    if outcome.code != 1 or str(recording) not in outcome.error:
        raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
    _end(bench, "hidden", "extraction")
    return ERROR


def _damage(bench: FaultBench, rng: Random, stage: str, name: str, fault: str) -> str:
    if stage == "extraction":
        bench.make_place("damaged", ("records",))
        refused = damage_one(bench, rng, stage, name, fault)
        # What training starts from is the same then; the cases above train on such records.
        if bench.run("damaged", stage).code or not bench.has_records("damaged"):
            raise SilentlyWrongError("other records")
        return "clear error, then the same records" if refused else "same records"
    bench.make_place("damaged", ("records", "runs"), "half" if stage == "training" else "reference")
    refused = damage_one(bench, rng, stage, name, fault)
    # A record that was thrown away is made by training only.
    _end(bench, "damaged", "training" if refused and stage == "reporting" else stage)
    return ERROR if refused else SAME


def _damage_report(bench: FaultBench, rng: Random, name: str) -> str:
    """A file of the finished table: `make readme` says which, and reporting writes it anew."""
    bench.make_place("damaged", ("records", "runs", "results"))
    path = bench.table_directory("damaged") / name
    DAMAGES["with a flipped bit"](path, rng)
    outcome = bench.check_readme("damaged")
    if outcome.code != 1 or str(path) not in outcome.error:
        raise SilentlyWrongError(f"exit code {outcome.code}: {outcome.output}")
    _end(bench, "damaged", "reporting")
    return ERROR
