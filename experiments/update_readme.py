"""Put the tables of results files into all pages: `python -m experiments.update_readme [--check]`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.files import atomic_write_text
from drl4ser.reporting.readme import fill_tables
from drl4ser.reporting.write import find_stale

FLAGS = flags.FLAGS
flags.DEFINE_list("pages", [], "Pages to fill. Default: README.md and docs/*.md.")
flags.DEFINE_string("results_dir", "results", "Where the tables are.")
flags.DEFINE_bool("check", False, "Change nothing; exit with 1 if a table is not what its results give.")


def main() -> None:
    """Fill the pages, or name what is stale; refuse tables that do not follow from their records."""
    for path in find_stale(FLAGS.results_dir):
        raise ValueError(f"{path} does not follow from the records beside it. Run that experiment again.")
    for page in map(Path, FLAGS.pages or ["README.md", *sorted(Path("docs").glob("*.md"))]):
        text = page.read_text(encoding="utf-8")
        filled = fill_tables(text, FLAGS.results_dir)
        if FLAGS.check and filled != text:
            raise ValueError(f"The tables in {page} are stale. Run make readme.")
        if not FLAGS.check:
            atomic_write_text(page, filled)


if __name__ == "__main__":
    run(main)
