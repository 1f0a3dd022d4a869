"""Finished folds from a results file: `python -m experiments.restore --folds_file=FILE --runs_dir=runs`.

A long experiment can be continued on another machine from what was committed: the restored folds count as finished.
Their weights do not come back.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.reporting.fold_result import experiment_of, read_records, write_record
from drl4ser.runs.paths import RECORD_FILE, finished_record, run_directory, write_config

FLAGS = flags.FLAGS
flags.DEFINE_string("folds_file", None, "A folds.jsonl that a table was made from.", required=True)
flags.DEFINE_string("runs_dir", "runs", "Where the run directories are made.")


def main() -> None:
    """Write the record of each fold that the runs directory does not have."""
    restored = 0
    for record in read_records(Path(FLAGS.folds_file)):
        config = experiment_of(FLAGS.folds_file, record)
        directory = run_directory(Path(FLAGS.runs_dir), config)
        if finished_record(directory, config) is None:
            write_config(directory, config)
            write_record(directory / RECORD_FILE, record)
            restored += 1
    print(f"{FLAGS.runs_dir}: {restored} folds restored")


if __name__ == "__main__":
    run(main)
