"""Table 2, the contribution of each component: `python -m experiments.table2 --records_dir=DIR`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.training.report import write_report
from experiments import settings

TABLE = "table2"
FLAGS = flags.FLAGS
flags.DEFINE_list("systems", ["baseline", "s1", "s2", "s3"], "Rows of the table.")
flags.DEFINE_list("modalities", ["acoustic", "acoustic+lexical"], "What the systems hear and read.")
flags.DEFINE_string("results_dir", "results", "Where the table is written.")


def main() -> None:
    """Run what has not been run yet, write the table in all formats, print it."""
    records = settings.run(list(settings.experiments(FLAGS.systems, FLAGS.modalities)))
    directory = write_report(records, Path(FLAGS.results_dir), TABLE)
    print((directory / f"{TABLE}.md").read_text(encoding="utf-8"))
    print(f"Written to {directory}")


if __name__ == "__main__":
    run(main)
