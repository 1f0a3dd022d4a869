"""A number stands in the README only if a results file of the repository gives it."""

import subprocess
import sys
from pathlib import Path

import pytest

from drl4ser.reporting.readme import fill_tables
from drl4ser.reporting.write import find_stale

ROOT = Path(__file__).parents[1]
MARKED = "# Title\n\n<!-- results:table2/toy -->{}<!-- /results -->\n\nEnd.\n"


@pytest.fixture
def results_dir(tmp_path):
    # There are no records beside it, so `--check` refuses it.
    (tmp_path / "results" / "table2" / "toy").mkdir(parents=True)
    (tmp_path / "results" / "table2" / "toy" / "table2.md").write_text("| UA |\n\\1 ± 2\n")
    return tmp_path / "results"


@pytest.mark.parametrize("page", ["README.md", "docs/scaling.md"])
def test_the_pages_hold_what_the_results_give(page):
    text = (ROOT / page).read_text(encoding="utf-8") if (ROOT / page).is_file() else ""
    assert fill_tables(text, ROOT / "results") == text, "run python -m experiments.update_readme"


def test_the_committed_tables_follow_from_their_records():
    assert find_stale(ROOT / "results") == []


def test_markers_are_filled_and_filling_twice_changes_nothing(results_dir):
    filled = fill_tables(MARKED.format("\nold 99 %\n"), results_dir)
    assert filled == MARKED.format("\n\n| UA |\n\\1 ± 2\n\n")
    assert fill_tables(filled, results_dir) == filled
    two = fill_tables(MARKED.format("") * 2, results_dir)
    assert two == filled * 2
    assert fill_tables("no markers", results_dir) == "no markers"


def test_a_marker_may_name_a_file_outside_the_results(results_dir):
    (results_dir.parent / "benchmarks").mkdir()
    (results_dir.parent / "benchmarks" / "benchmark.md").write_text("| ms |\n")
    page = "<!-- results:benchmarks/benchmark.md -->{}<!-- /results -->"
    assert fill_tables(page.format("old"), results_dir) == page.format("\n\n| ms |\n\n")


def test_a_marker_without_results_or_end_is_named(results_dir):
    with pytest.raises(ValueError, match=r"table2/toy2/table2\.md is not there"):
        fill_tables("<!-- results:table2/toy2 --><!-- /results -->", results_dir)
    for text in ("<!-- results:table2/toy -->\n", "<!-- results:table2/toy -->\n" + MARKED.format("")):
        with pytest.raises(ValueError, match="marker of table2/toy is not closed"):
            fill_tables(text, results_dir)


def test_the_command_fills_and_checks(results_dir):
    readme = results_dir.parent / "README.md"
    readme.write_text(MARKED.format("\nold 99 %\n"))

    def run(*arguments):
        command = [sys.executable, "-m", "experiments.update_readme", "--readme", readme]
        command += ["--results_dir", results_dir, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    check = run("--check")
    assert check.returncode == 1 and "does not follow from the records" in check.stderr
    assert "old 99 %" in readme.read_text()
    assert run().returncode == 0
    assert readme.read_text() == MARKED.format("\n\n| UA |\n\\1 ± 2\n\n")


def test_check_finds_a_table_that_was_typed(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- results:table2/none -->\n| 99 % |\n<!-- /results -->\n")
    command = [sys.executable, "-m", "experiments.update_readme", "--check", "--readme", readme]
    run = subprocess.run([*command, "--results_dir", tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and "is not there" in run.stderr and "Traceback" not in run.stderr
