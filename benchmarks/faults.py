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
from drl4ser.atomic import atomic_write_text
from drl4ser.training.provenance import current_commit

FLAGS = flags.FLAGS
flags.DEFINE_integer("seed", 0, "Of the random moments and places.")
flags.DEFINE_string("only", "", "Cases whose name holds this.")
flags.DEFINE_string("results_dir", "results", "faults.md and faults.json are written there.")


def main() -> None:
    """Try every case, write the matrix, and fail if anything was silently wrong."""
    matrix, failures = {}, []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = FaultBench(Path(folder))
        for fault, stage, try_case in all_cases(bench, Random(FLAGS.seed)):  # noqa: S311
            if FLAGS.only not in f"{fault} {stage}":
                continue
            try:
                outcome = try_case()
            except SilentlyWrongError as error:
                outcome = "SILENTLY WRONG"
                failures.append(f"{fault} in {stage}: {error}")
                print(error)
            matrix.setdefault(fault, {})[stage] = outcome
            print(f"{time.monotonic() - started:6.0f} s  {fault}, {stage}: {outcome}", flush=True)
    directory = Path(FLAGS.results_dir)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {
        "commit": current_commit(),
        "seed": FLAGS.seed,
        "processor_seconds": round(used.ru_utime + used.ru_stime),
        "matrix": matrix,
    }
    atomic_write_text(directory / "faults.json", json.dumps(facts, indent=1) + "\n")
    atomic_write_text(directory / "faults.md", _table(matrix))
    if failures:
        raise ValueError("; ".join(failures))


def _table(matrix: dict[str, dict[str, str]]) -> str:
    lines = [f"| fault | {' | '.join(STAGES)} |", f"| --- |{' --- |' * len(STAGES)}"]
    for fault, outcomes in matrix.items():
        lines.append(f"| {fault} | {' | '.join(outcomes.get(stage, '') for stage in STAGES)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main)
