"""Put committed tables between the markers of README.md: `python -m experiments.update_readme [--check]`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.files import atomic_write_text
from drl4ser.reporting.readme import fill_tables
from drl4ser.reporting.write import find_stale

FLAGS = flags.FLAGS
flags.DEFINE_string("readme", "README.md", "The page to fill.")
flags.DEFINE_string("results_dir", "results", "Where the tables are.")
flags.DEFINE_bool("check", False, "Change nothing; exit with 1 if a table is not what its results give.")


def main() -> None:
    """Fill the page, or say what is stale."""
    page = Path(FLAGS.readme)
    text = page.read_text(encoding="utf-8")
    filled = fill_tables(text, FLAGS.results_dir)
    if not FLAGS.check:
        atomic_write_text(page, filled)
        return
    for path in find_stale(FLAGS.results_dir):
        raise ValueError(f"{path} does not follow from the records beside it. Run that experiment again.")
    if filled != text:
        raise ValueError(f"The tables in {page} are stale. Run python -m experiments.update_readme.")


if __name__ == "__main__":
    run(main)
