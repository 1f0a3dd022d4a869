"""What folds cost, from the times in their run directories: `python -m benchmarks.fold_costs --runs_dir=runs`.

Wall time of one process, the test part included; on one core (`taskset -c 0`, JOBS=1) that is processor time.
"""

import json
from collections import defaultdict
from pathlib import Path

import pandas as pd
from absl import flags

from benchmarks.report import describe_machine
from data_prep.command import run
from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import read_fold_result
from drl4ser.reporting.paper_values import SYSTEM_NAMES
from drl4ser.runs.paths import KERNEL_FILE, RESULT_FILE

FLAGS = flags.FLAGS
KEYS = ("corpus", "classes", "split", "recipe", "width", "precision", "system")


def define_flags() -> None:
    """Define the command's flags; importing this module defines none."""
    flags.DEFINE_list("runs_dir", ["runs"], "Directories of runs.")
    flags.DEFINE_string("results_dir", "results", "fold-costs.json and fold-costs.md are written there.")


def main() -> None:
    """Read the times and write their table."""
    results = {"rows": measure([Path(name) for name in FLAGS.runs_dir]), "machine": describe_machine()}
    atomic_write_text(Path(FLAGS.results_dir) / "fold-costs.json", json.dumps(results, indent=1, sort_keys=True) + "\n")
    path = atomic_write_text(Path(FLAGS.results_dir) / "fold-costs.md", render(results))
    print(path.read_text(encoding="utf-8"))


def measure(runs_dirs: list[Path]) -> list[dict]:
    """Collect epochs and seconds of the folds that were trained here from start to end.

    Resumed folds do not count, for the time of their first sittings is not kept, nor those adopted from a results file,
    which have no times, nor systems with kernels, which take the network of a finished fold where there is one.

    Args:
        runs_dirs: as RUNS_DIR of make; each holds EXPERIMENT/SYSTEM/FOLD.

    Returns:
        A row for all folds of a system that have the same `KEYS`.

    Raises:
        ValueError: if no fold has times, or a record is damaged.
    """
    groups = defaultdict(list)
    for path in sorted(path for runs_dir in runs_dirs for path in runs_dir.glob("*/*/*/seconds.jsonl")):
        result = read_fold_result(path.with_name(RESULT_FILE))
        sittings = list(path.parent.glob("events.out.tfevents.*"))
        if result.epochs and len(sittings) == 1 and not path.with_name(KERNEL_FILE).exists():
            train, model = result.config["train"], result.config["model"]
            key = (result.corpus, len(result.classes), result.split, result.recipe, model["width"], train["precision"])
            seconds = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["seconds"]
            groups[*key, result.system].append((result.epochs, seconds))
    if not groups:
        raise ValueError(f"No finished fold with times in {', '.join(map(str, runs_dirs))}. Train one first.")
    return [
        {
            **dict(zip(KEYS, key, strict=True)),
            "folds": len(folds),
            "epochs": sum(epochs for epochs, _ in folds),
            "seconds": round(sum(seconds for _, seconds in folds), 1),
        }
        for key, folds in groups.items()
    ]


def render(results: dict) -> str:
    """The table as Markdown."""
    frame = pd.DataFrame(results["rows"])
    order = frame["system"].map(list(SYSTEM_NAMES).index)
    frame = frame.assign(order=order).sort_values(["corpus", "classes", "split", "width", "order"], kind="stable")
    table = pd.DataFrame(
        {
            "Corpus": frame["corpus"],
            "Classes": frame["classes"],
            "Split, recipe": frame["split"] + ", " + frame["recipe"],
            "Width": frame["width"].map("{:g}".format),
            "Precision": frame["precision"],
            "System": frame["system"].map(SYSTEM_NAMES),
            "Folds": frame["folds"],
            "Epochs a fold": (frame["epochs"] / frame["folds"]).map("{:.0f}".format),
            "Seconds an epoch": (frame["seconds"] / frame["epochs"]).map("{:.1f}".format),
            "Minutes a fold": (frame["seconds"] / frame["folds"] / 60).map("{:.1f}".format),
        }
    )
    text = table.to_markdown(
        index=False, disable_numparse=True, colalign=["left", "right", "left", "right", "left", "left", *["right"] * 4]
    )
    machine, hours = results["machine"], frame["seconds"].sum() / 3600
    processor = f"{machine['processor']} ({', '.join(machine['instruction_sets'])})"
    return f"{text}\n\n- One core each, {processor}; {hours:.1f} hours in all.\n"


if __name__ == "__main__":
    define_flags()
    run(main)
