"""Complete a table elsewhere: `python -m experiments.adopt_results --results=results/table2/.../folds.jsonl`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.runs.paths import adopt_results

FLAGS = flags.FLAGS
flags.DEFINE_string("results", None, "Folds that ran elsewhere: the folds.jsonl beside a table.", required=True)
flags.DEFINE_string("runs_dir", "runs", "Where they count as finished from now on.")


def main() -> None:
    """Adopt the folds that `runs_dir` does not have."""
    number = adopt_results(Path(FLAGS.results), Path(FLAGS.runs_dir))
    print(f"{FLAGS.runs_dir}: {number} folds of {FLAGS.results} count as finished")


if __name__ == "__main__":
    run(main)
