"""Memory and throughput against the size of the corpus: `python -m benchmarks.scale --records_dir=DIR`.

Every row is measured in a process of its own. A larger corpus is the default one, every record repeated under new
names. Processor seconds count, not wall seconds: on a machine that does other work too only they say what it costs.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks.scale_probes import repeat_store, write_rid_manifest
from benchmarks.scale_tables import render_measured, render_rid
from data_prep.command import run
from drl4ser.config import FrameConfig
from drl4ser.data.store import open_store
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "LLD records that are repeated.", required=True)
flags.DEFINE_list("times", ["1", "4", "16", "48"], "How often.")
flags.DEFINE_string("results_dir", "results", "scale.json, scale.md and scale-rid.md are written there.")

_STREAMED = "0.015625"  # GiB of LLDs that may be kept: less than those of the default corpus


def main() -> None:
    """Measure, write the numbers, the table and what follows from them for RID."""
    rows, records = [], Path(FLAGS.records_dir)
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_rid_manifest(Path(folder) / "rid")
        rows.append(_probe("manifest", str(manifest)))
        for times in FLAGS.times:
            store = repeat_store(records, Path(folder) / f"x{times}", int(times))
            for name, gib in (("in memory", "64"), ("streamed", _STREAMED)):
                row = _probe("epoch", str(store), DRL4SER_CACHE_GIB=gib)
                rows.append({**row, "stage": f"epoch x{times}, {name}"})
            shutil.rmtree(store)
        rows.append(_probe("extraction", str(records)))
        rows.append(_probe("step", str(records), DRL4SER_CACHE_GIB=_STREAMED))
    facts = {"commit": current_commit(), "mean_seconds": _mean_seconds(records), "rows": rows}
    directory = Path(FLAGS.results_dir)
    atomic_write_text(directory / "scale.json", json.dumps(facts, indent=1) + "\n")
    atomic_write_text(directory / "scale.md", render_measured(facts))
    atomic_write_text(directory / "scale-rid.md", render_rid(facts))


def _mean_seconds(records: Path) -> float:
    num_frames = open_store(records).num_frames
    return sum(num_frames.values()) * FrameConfig().hop_ms / 1000 / len(num_frames)


def _probe(name: str, *arguments: str, **environment: str) -> dict:
    command = [sys.executable, "-m", "benchmarks.scale_probes", name, *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    row = json.loads(done.stdout.splitlines()[-1])
    print(row, flush=True)
    return row


if __name__ == "__main__":
    run(main)
