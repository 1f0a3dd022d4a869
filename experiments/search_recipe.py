"""Compare changes of a recipe on validation parts only: `python -m experiments.search_recipe --records_dir=DIR`.

Each candidate trains the first FOLDS folds of each system. The log holds nothing of the test parts, by which the chosen
recipe is judged later.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.config import change
from drl4ser.files import atomic_write_text
from drl4ser.reporting.paper_values import SYSTEM_NAMES
from drl4ser.runs.paths import run_directory
from drl4ser.runs.run import read_history
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_list("systems", ["s3", "poria_cnn"], "Which systems.")
flags.DEFINE_list("candidates", None, "Which candidates. Default: all.")
flags.DEFINE_string("results_dir", "my_results", "The log goes to recipe-search/ in it.")

CANDIDATES = {
    "as it is": {},
    "no mean": {"train": {"subtract_mean": True}},
    "jitter": {"train": {"gain_jitter": 0.5}},
    "masks": {"train": {"time_masks": 2, "time_mask_frames": 60, "feature_masks": 2}},
    "smoothing": {"train": {"label_smoothing": 0.1}},
    "averaging": {"train": {"ema_momentum": 0.99}},
    "dropout": {"model": {"dropout": 0.3}},
}
LAST = 10  # epochs; the UA of one epoch jumps by ten points where two speakers validate


def main() -> None:
    """Run what is missing, write the log after each candidate, print it."""
    wanted = FLAGS.candidates or list(CANDIDATES)
    if unknown := set(wanted) - set(CANDIDATES):
        raise ValueError(f"--candidates: unknown {sorted(unknown)}; choose among {list(CANDIDATES)}")
    runs_dir, rows = Path(FLAGS.runs_dir) / "recipe-search", []
    for name in wanted:
        FLAGS.runs_dir = str(runs_dir / name.replace(" ", "-"))
        base = list(settings.experiments(FLAGS.systems, ["acoustic"]))
        configs = [change(config, CANDIDATES[name]) for config in base]
        settings.run(configs)
        parts = CANDIDATES[name].items()
        own = [f"{part}.{field}={value}" for part, fields in parts for field, value in fields.items()]
        for config in configs:
            history = read_history(run_directory(Path(FLAGS.runs_dir), config))
            uas = [100 * row["validation_ua"] for row in history]
            rows.append(
                {
                    "candidate": name,
                    "changes": " ".join([*FLAGS.change, *own]),
                    "system": config.model.system,
                    "fold": config.fold + 1,
                    "epochs": len(uas),
                    "last": sum(uas[-LAST:]) / len(uas[-LAST:]),
                    "best": max(uas),
                    "loss": sum(row["validation_loss"] for row in history[-LAST:]) / len(history[-LAST:]),
                }
            )
        directory = write_log(rows, Path(FLAGS.results_dir) / "recipe-search" / configs[0].experiment)
    print((directory / "search.md").read_text(encoding="utf-8"))
    print(f"Written to {directory}")


def write_log(rows: list[dict], directory: Path) -> Path:
    """Add runs to those of earlier commands in a CSV file, and write their means over folds as a Markdown table."""
    import pandas as pd

    path, frame = directory / "runs.csv", pd.DataFrame(rows).round(4)
    if path.exists():
        frame = pd.concat([pd.read_csv(path, keep_default_na=False), frame])
    frame = frame.drop_duplicates(["candidate", "changes", "system", "fold", "epochs"], keep="last")
    atomic_write_text(path, frame.to_csv(index=False, lineterminator="\n"))
    plain = frame[frame["candidate"] == "as it is"].groupby(["system", "fold"])["last"].mean()
    frame["gain"] = frame["last"] - plain.reindex(pd.MultiIndex.from_frame(frame[["system", "fold"]])).to_numpy()
    means = frame.groupby(["system", "candidate", "changes"], sort=False).agg(
        {"fold": "count", "last": "mean", "gain": "mean", "best": "mean", "loss": "mean"}
    )
    names = {
        "system": "System",
        "candidate": "Candidate",
        "changes": "Changes",
        "fold": "Folds",
        "last": f"UA of the last {LAST} epochs %",
        "gain": 'Gain over "as it is", same folds',
        "best": "UA of the best epoch %",
        "loss": "Loss",
    }
    means = means.reset_index().sort_values("system", kind="stable").replace({"system": SYSTEM_NAMES})
    means["gain"] = means["gain"].astype(object).where(means["gain"].notna(), None)
    table = means.rename(columns=names).to_markdown(
        index=False, floatfmt=("", "", "", "", ".2f", "+.2f", ".2f", ".2f"), missingval=""
    )
    atomic_write_text(directory / "search.md", f"{table}\n")
    return directory


if __name__ == "__main__":
    run(main)
