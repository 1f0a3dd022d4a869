"""Complete a table elsewhere: `python -m experiments.adopt_results --records=results/table2/.../folds.jsonl`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.runs.paths import adopt_records

FLAGS = flags.FLAGS
flags.DEFINE_string("records", None, "Folds that ran elsewhere, the folds.jsonl beside a table.", required=True)
flags.DEFINE_string("runs_dir", "runs", "Where they count as finished from now on.")


def main() -> None:
    """Adopt what is not there yet."""
    number = adopt_records(Path(FLAGS.records), Path(FLAGS.runs_dir))
    print(f"{FLAGS.runs_dir}: {number} folds of {FLAGS.records} count as finished")


if __name__ == "__main__":
    run(main)
