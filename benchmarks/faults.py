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
from drl4ser.locks import lock_folder
from drl4ser.training.provenance import current_commit

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
    """One more outcome in the matrix, as JSON and Markdown; what others at this commit tried stays (`--only`)."""
    directory, commit = Path(FLAGS.results_dir), current_commit()
    path = directory / "faults.json"
    with lock_folder(directory, "wait for it to end"):
        facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if (facts.get("commit"), facts.get("seed")) != (commit, FLAGS.seed):
            facts = {"commit": commit, "seed": FLAGS.seed, "processor_seconds": 0, "matrix": {}}
        facts["processor_seconds"] = round(facts["processor_seconds"] + seconds, 1)
        facts["matrix"].setdefault(fault, {})[stage] = outcome
        atomic_write_text(path, json.dumps(facts, indent=1) + "\n")
        atomic_write_text(directory / "faults.md", _table(facts["matrix"]))


def _table(matrix: dict[str, dict[str, str]]) -> str:
    lines = [f"| fault | {' | '.join(STAGES)} |", f"| --- |{' --- |' * len(STAGES)}"]
    for fault, outcomes in matrix.items():
        lines.append(f"| {fault} | {' | '.join(outcomes.get(stage, '') for stage in STAGES)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main)
