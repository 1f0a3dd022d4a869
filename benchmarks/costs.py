"""What the main commands cost from empty folders, one after the other: `python -m benchmarks.costs`.

Processor time, because that is the same on a busy machine. What an earlier command made is not made again.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks.report import describe_machine
from data_prep.command import run
from drl4ser.files import atomic_write_text

FLAGS = flags.FLAGS
flags.DEFINE_list(
    "targets",
    ["default-corpus", "records", "reproduce-table2", "reproduce-figure5", "reproduce-table1", "reproduce-saliency"],
    "Targets of the Makefile.",
)
flags.DEFINE_string("results_dir", "results", "costs.json and costs.md are written there.")


def main() -> None:
    """Run every target once and write what each took."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(target, Path(folder)) for target in FLAGS.targets]
    results = {"rows": rows, "machine": describe_machine()}
    directory = Path(FLAGS.results_dir)
    atomic_write_text(directory / "costs.json", json.dumps(results, indent=1, sort_keys=True) + "\n")
    atomic_write_text(directory / "costs.md", render(results))


def measure(target: str, folder: Path) -> dict:
    """Run `make TARGET` with all that it makes below `folder`."""
    places = {"CACHE_DIR": folder / "data", "RUNS_DIR": folder / "runs", "RESULTS_DIR": folder / "results"}
    # The installation that runs this, not a new one.
    command = ["make", f"BIN={Path(sys.executable).parent}", target]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, *(f"{name}={path}" for name, path in places.items())], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    row = {"target": target, "processor_minutes": round(seconds / 60, 1), "megabytes_so_far": round(megabytes)}
    print(row, flush=True)
    return row


def render(results: dict) -> str:
    """The table as Markdown."""
    machine = results["machine"]
    lines = ["| Command | Processor time, min | Disk so far, MB |", "| --- | ---: | ---: |"]
    lines += [
        f"| `make {row['target']}` | {row['processor_minutes']} | {row['megabytes_so_far']} |"
        for row in results["rows"]
    ]
    return (
        "\n".join(lines)
        + f"\n\n- One after the other, from empty folders, {machine['processor']}, {machine['cores']} cores.\n"
    )


if __name__ == "__main__":
    run(main)
