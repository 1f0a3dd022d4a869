"""Faults of every kind in every stage: `python -m benchmarks.faults --results_dir=results` (full disks need root)."""

import json
import resource
import tempfile
import time
from pathlib import Path
from random import Random

from absl import flags

from benchmarks.fault_bench import STAGES, FaultBench
from benchmarks.fault_cases import all_cases
from benchmarks.fault_damage import SilentlyWrongError
from data_prep.command import run
from drl4ser.files import atomic_write_text, lock_folder
from drl4ser.reporting.provenance import current_commit

FLAGS = flags.FLAGS
flags.DEFINE_integer("seed", 0, "Of the random moments and places.")
flags.DEFINE_string("only", "", "Cases whose name holds this.")
flags.DEFINE_string("results_dir", "results", "faults.md and faults.json are written there.")


def main() -> None:
    """Try every case, write the matrix, and fail if anything was silently wrong."""
    failures = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench, used = FaultBench(Path(folder)), 0.0
        for fault, stage, try_case in all_cases(bench):
            if FLAGS.only not in f"{fault} {stage}":
                continue
            try:
                outcome = try_case(Random(f"{FLAGS.seed} {fault} {stage}"))  # noqa: S311
            except SilentlyWrongError as error:
                outcome = "SILENTLY WRONG"
                failures.append(f"{fault} in {stage}: {error}")
                print(error)
            before, used = used, _processor_seconds()
            _note(fault, stage, outcome, used - before)
            print(f"{time.monotonic() - started:6.0f} s  {fault}, {stage}: {outcome}", flush=True)
    if failures:
        raise ValueError("; ".join(failures))


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _note(fault: str, stage: str, outcome: str, seconds: float) -> None:
    """One more outcome in faults.json and faults.md; what was tried at another time stays, with its commit."""
    directory = Path(FLAGS.results_dir)
    path = directory / "faults.json"
    row = {"fault": fault, "stage": stage, "outcome": outcome, "seed": FLAGS.seed, "commit": current_commit()}
    with lock_folder(directory, "wait for it to end"):
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        rows = [other for other in rows if (other["fault"], other["stage"]) != (fault, stage)]
        rows.append({**row, "processor_seconds": round(seconds, 1)})
        atomic_write_text(path, json.dumps(rows, indent=1) + "\n")
        atomic_write_text(directory / "faults.md", _table(rows))


def _table(rows: list[dict]) -> str:
    lines = [f"| fault | {' | '.join(STAGES)} |", f"| --- |{' --- |' * len(STAGES)}"]
    outcomes = {(row["fault"], row["stage"]): row["outcome"] for row in rows}
    for fault in dict.fromkeys(fault for fault, _, _ in all_cases(None)):
        cells = [outcomes.get((fault, stage), "") for stage in STAGES]
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main)
