"""Memory and throughput against the size of the corpus: `python -m benchmarks.scale --records_dir=DIR`.

Every row is measured in a process of its own. Processor seconds are given beside wall seconds: on a machine that does
other work too only the former say what a stage costs.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks.scale_probes import repeat_store, write_rid_manifest
from data_prep.command import run
from drl4ser.atomic import atomic_write_text
from drl4ser.training.provenance import current_commit

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "LLD records that are repeated.", required=True)
flags.DEFINE_list("times", ["1", "4", "16"], "How often.")
flags.DEFINE_string("results_dir", "results", "scale.json and scale.md are written there.")


def main() -> None:
    """Measure, write the numbers and the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_rid_manifest(Path(folder) / "rid")
        rows.append(_probe("manifest", str(manifest)))
        for times in FLAGS.times:
            store = repeat_store(Path(FLAGS.records_dir), Path(folder) / f"x{times}", int(times))
            for name, gib in (("in memory", "64"), ("streamed", "0.015625")):
                rows.append(
                    {**_probe("epoch", str(store), DRL4SER_CACHE_GIB=gib), "stage": f"epoch x{times}, {name}"}
                )
        rows.append(_probe("extraction", FLAGS.records_dir))
        rows.append(_probe("step", FLAGS.records_dir))
    directory = Path(FLAGS.results_dir)
    atomic_write_text(
        directory / "scale.json", json.dumps({"commit": current_commit(), "rows": rows}, indent=1) + "\n"
    )
    atomic_write_text(directory / "scale.md", _table(rows))


def _probe(name: str, *arguments: str, **environment: str) -> dict:
    command = [sys.executable, "-m", "benchmarks.scale_probes", name, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    row = json.loads(done.stdout.splitlines()[-1])
    print(row, flush=True)
    return row


def _table(rows: list[dict]) -> str:
    lines = [
        "| stage | utterances | peak memory MB | wall s | processor s | utterances a processor second |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        rate = row["utterances"] / row["processor_seconds"]
        lines.append(
            f"| {row['stage']} | {row['utterances']:,} | {row['peak_mb']:,} | {row['seconds']:.1f} | "
            f"{row['processor_seconds']:.1f} | {rate:,.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main)
