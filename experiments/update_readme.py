"""Put the tables of results files into all pages: `python -m experiments.update_readme [--check | --rebuild]`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.analysis.data_scale import render_data_scale
from drl4ser.analysis.saliency_table import render_saliency
from drl4ser.files import atomic_write_text
from drl4ser.reporting.readme import fill_tables
from drl4ser.reporting.write import find_stale, rebuild_reports

FLAGS = flags.FLAGS
flags.DEFINE_list("pages", [], "Pages to fill. Default: README.md and docs/*.md.")
flags.DEFINE_string("results_dir", "results", "Where the tables are.")
flags.DEFINE_bool("check", False, "Change nothing; exit with 1 if a table is not what its results give.")
flags.DEFINE_bool("rebuild", False, "First write the tables under `results_dir` again from their fold results.")


def main() -> None:
    """Fill the pages, or name what is stale; refuse tables that do not follow from their fold results."""
    if FLAGS.rebuild:
        rebuild_reports(FLAGS.results_dir)
        for name, render in (("figure6", render_data_scale), ("saliency", render_saliency)):
            for directory in sorted(Path(FLAGS.results_dir).glob(f"{name}/*")):
                atomic_write_text(directory / f"{name}.md", render(directory))
    for path in find_stale(FLAGS.results_dir):
        raise ValueError(f"{path} does not follow from the fold results beside it. Run that experiment again.")
    for page in map(Path, FLAGS.pages or ["README.md", *sorted(Path("docs").glob("*.md"))]):
        text = page.read_text(encoding="utf-8")
        filled = fill_tables(text, FLAGS.results_dir)
        if FLAGS.check and filled != text:
            raise ValueError(f"The tables in {page} are stale. Run make readme.")
        if not FLAGS.check:
            atomic_write_text(page, filled)


if __name__ == "__main__":
    run(main)
