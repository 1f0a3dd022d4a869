"""What folds cost, from the times in their run directories: `python -m benchmarks.fold_costs --runs_dir=runs`.

Wall time of one process, the test part included; on one core (`taskset -c 0`, JOBS=1) that is processor time.
"""

import json
from collections import defaultdict
from pathlib import Path

import pandas as pd
from absl import flags

from data_prep.command import run
from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import read_fold_result
from drl4ser.reporting.paper_values import MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.runs.paths import KERNEL_FILE, RESULT_FILE

FLAGS = flags.FLAGS
KEYS = ("corpus", "classes", "split", "recipe", "width", "precision", "processor", "threads", "modality", "system")


def define_flags() -> None:
    """Define the command's flags; importing this module defines none."""
    flags.DEFINE_list("runs_dir", ["runs"], "Directories of runs.")
    flags.DEFINE_string("results_dir", "results", "fold-costs.json and fold-costs.md are written there.")


def main() -> None:
    """Read the times and write their table."""
    rows = measure([Path(name) for name in FLAGS.runs_dir])
    atomic_write_text(Path(FLAGS.results_dir) / "fold-costs.json", json.dumps(rows, indent=1, sort_keys=True) + "\n")
    path = atomic_write_text(Path(FLAGS.results_dir) / "fold-costs.md", render(rows))
    print(path.read_text(encoding="utf-8"))


def measure(runs_dirs: list[Path]) -> list[dict]:
    """Collect epochs and seconds of the folds that were trained here from start to end.

    Resumed folds do not count, for the time of their first sittings is not kept, nor those adopted from a results file,
    which have no times, nor those with a part of their training part (Figure 6), nor systems with kernels, which take
    the network of a finished fold where there is one.

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
        whole = result.epochs and len(sittings) == 1 and not result.config.get("train_per_class")
        if whole and not path.with_name(KERNEL_FILE).exists():
            trained = (result.config["model"]["width"], result.config["train"]["precision"])
            machine = [result.versions.get(name, "not known") for name in ("processor", "threads")]
            key = (result.corpus, len(result.classes), result.split, result.recipe, *trained, *machine)
            seconds = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["seconds"]
            groups[*key, result.modality, result.system].append((result.epochs, seconds))
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


def render(rows: list[dict]) -> str:
    """The table as Markdown."""
    frame = pd.DataFrame(rows)
    frame = frame.assign(order=frame["system"].map(list(SYSTEM_NAMES).index)).sort_values(
        ["processor", "corpus", "classes", "split", "width", "modality", "order"], kind="stable"
    )
    table = pd.DataFrame(
        {
            "Processor, threads": frame["processor"] + ", " + frame["threads"],
            "Corpus": frame["corpus"],
            "Classes": frame["classes"],
            "Split, recipe": frame["split"] + ", " + frame["recipe"],
            "Width, precision": frame["width"].map("{:g}, ".format) + frame["precision"],
            "System, input": frame["system"].map(SYSTEM_NAMES) + ", " + frame["modality"].map(MODALITY_NAMES),
            "Folds": frame["folds"],
            "Epochs a fold": (frame["epochs"] / frame["folds"]).map("{:.0f}".format),
            "Seconds an epoch": (frame["seconds"] / frame["epochs"]).map("{:.1f}".format),
            "Minutes a fold": (frame["seconds"] / frame["folds"] / 60).map("{:.1f}".format),
        }
    )
    aligned = ["left", "left", "right", *["left"] * 3, *["right"] * 4]
    text = table.to_markdown(index=False, disable_numparse=True, colalign=aligned)
    return f"{text}\n\n- {frame['seconds'].sum() / 3600:.1f} hours in all.\n"


if __name__ == "__main__":
    define_flags()
    run(main)
