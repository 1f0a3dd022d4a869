"""Every fault in every stage: `python -m tests.faults [--only=disk] [--seed=0] [--results_dir=results]`.

Takes half an hour. Full disks need root: they are mounted.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from drl4ser.files import atomic_write_text, lock_folder
from drl4ser.reporting.provenance import current_commit
from tests.faults.bench import STAGES, FaultBench
from tests.faults.cases import SilentlyWrongError, all_cases


def main() -> int:
    """Try every case, write the matrix; exit code 1 if anything was silently wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the random moments and places")
    parser.add_argument("--only", default="", help="try only cases whose name contains this")
    parser.add_argument("--results_dir", type=Path, default=Path("results"), help="folder of faults.md and faults.json")
    arguments = parser.parse_args()
    failures = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench, used = FaultBench(Path(folder)), 0.0
        for fault, stage, try_case in all_cases(bench):
            if arguments.only not in f"{fault} {stage}":
                continue
            try:
                outcome = try_case(Random(f"{arguments.seed} {fault} {stage}"))
            except SilentlyWrongError as error:
                outcome = "SILENTLY WRONG"
                failures.append(f"{fault} in {stage}: {error}")
                print(error)
            before, used = used, _processor_seconds()
            row = {"fault": fault, "stage": stage, "outcome": outcome, "seed": arguments.seed}
            row |= {"commit": current_commit(), "processor_seconds": round(used - before, 1)}
            _add_row(arguments.results_dir, row)
            print(f"{time.monotonic() - started:6.0f} s  {fault}, {stage}: {outcome}", flush=True)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _add_row(directory: Path, row: dict) -> None:
    """Add an outcome to faults.json and faults.md; outcomes of earlier runs stay, each with its commit."""
    path = directory / "faults.json"
    key = ("fault", "stage")
    with lock_folder(directory, "wait for it to end"):
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        rows = [other for other in rows if [other[name] for name in key] != [row[name] for name in key]]
        rows.append(row)
        atomic_write_text(path, json.dumps(rows, indent=1) + "\n")
        atomic_write_text(directory / "faults.md", render_table(rows))


def render_table(rows: list[dict]) -> str:
    """Render the outcomes as Markdown: a row per fault, a column per stage."""
    lines = [f"| fault | {' | '.join(STAGES)} |", f"| --- |{' --- |' * len(STAGES)}"]
    outcomes = {(row["fault"], row["stage"]): row["outcome"] for row in rows}
    for fault in dict.fromkeys(fault for fault, _, _ in all_cases(None)):
        cells = [outcomes.get((fault, stage), "") for stage in STAGES]
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
