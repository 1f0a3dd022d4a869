"""A table stands in a page only if a results file of the repository gives it."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import costs
from drl4ser.reporting.readme import fill_tables, render_glance
from drl4ser.reporting.write import find_stale

ROOT = Path(__file__).parents[1]
MARKED = "# Title\n\n<!-- results:table2/toy -->{}<!-- /results -->\n\nEnd.\n"


@pytest.fixture
def results_dir(tmp_path):
    # There are no records beside it, so `--check` refuses it.
    (tmp_path / "results" / "table2" / "toy").mkdir(parents=True)
    (tmp_path / "results" / "table2" / "toy" / "table2.md").write_text("| UA |\n\\1 ± 2\n")
    return tmp_path / "results"


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Pages that must have tables: one that lost its markers would pass unseen.
NUM_TABLES = {
    "README.md": 1,
    "attention.md": 2,
    "commands.md": 3,
    "llds.md": 6,
    "performance.md": 1,
    "results.md": 27,
    "scaling.md": 3,
    "why.md": 8,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_hold_what_the_results_give(page):
    text = page.read_text(encoding="utf-8")
    assert fill_tables(text, ROOT / "results") == text, "run make readme"
    assert text.count("\n<!-- results:") == text.count("\n<!-- /results -->") == NUM_TABLES.get(page.name, 0)


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


def test_commits_and_versions_stand_once_at_the_foot_and_how_to_read_elsewhere(results_dir):
    for name, commit, version in (("one", "1a", "1.0"), ("two", "2b", "1.0/1.1")):
        (results_dir / "table2" / name).mkdir()
        reading = "- UA: mean ± standard deviation over folds.\n- Differences (points) and gains.\n"
        text = f"| UA |\n\n{reading}- A note.\n- Commit {commit}, 0c; keras {version}, processor AMD EPYC.\n"
        (results_dir / "table2" / name / "table2.md").write_text(text)
    tables = "<!-- results:table2/one --><!-- /results -->\n<!-- results:table2/two --><!-- /results -->\n"
    assert all(fill_tables(tables, results_dir).count(note) == 2 for note in ("- Commit", "- UA: ", "- Differences "))
    page = fill_tables(tables + "<!-- results:made-with --><!-- /results -->\n", results_dir)
    assert page.count("| UA |\n\n- A note.\n\n<!-- /results -->") == 2 and "- Commit" not in page
    assert "\nTables of this page: commits 0c, 1a, 2b; keras 1.0/1.1, processor AMD EPYC.\n" in page
    assert fill_tables(page, results_dir) == page


def test_a_marker_without_results_or_end_is_named(results_dir):
    with pytest.raises(ValueError, match=r"table2/toy2/table2\.md is not there"):
        fill_tables("<!-- results:table2/toy2 --><!-- /results -->", results_dir)
    for text in ("<!-- results:table2/toy -->\n", "<!-- results:table2/toy -->\n" + MARKED.format("")):
        with pytest.raises(ValueError, match="marker of table2/toy is not closed"):
            fill_tables(text, results_dir)


def update(*arguments):
    command = [sys.executable, "-m", "experiments.update_readme", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_command_fills_and_checks(tmp_path):
    pages = [tmp_path / "README.md", tmp_path / "other.md"]
    (tmp_path / "measured.md").write_text("| ms |\n")
    (tmp_path / "results").mkdir()
    for page in pages:
        page.write_text("<!-- results:measured.md -->old 99 %<!-- /results -->\n")
    options = ["--pages", f"{pages[0]},{pages[1]}", "--results_dir", tmp_path / "results"]
    check = update(*options, "--check")
    assert check.returncode == 1 and f"The tables in {pages[0]} are stale" in check.stderr
    assert "old 99 %" in pages[0].read_text()
    assert update(*options).returncode == 0
    for page in pages:
        assert page.read_text() == "<!-- results:measured.md -->\n\n| ms |\n\n<!-- /results -->\n"
    assert update(*options, "--check").returncode == 0


@pytest.mark.parametrize("mode", ["--check", "--nocheck"])
def test_the_command_refuses_tables_without_records(results_dir, mode):
    readme = results_dir.parent / "README.md"
    readme.write_text(MARKED.format("\nold 99 %\n"))
    refused = update("--pages", readme, "--results_dir", results_dir, mode)
    assert refused.returncode == 1 and "does not follow from the fold results" in refused.stderr
    assert "old 99 %" in readme.read_text()


def test_check_finds_a_table_that_was_typed(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- results:table2/none -->\n| 99 % |\n<!-- /results -->\n")
    run = update("--check", "--pages", readme, "--results_dir", tmp_path)
    assert run.returncode == 1 and "is not there" in run.stderr and "Traceback" not in run.stderr


def test_the_committed_costs_are_those_measured():
    measured = json.loads((ROOT / "results/costs.json").read_text(encoding="utf-8"))
    assert costs.render(measured) == (ROOT / "results/costs.md").read_text(encoding="utf-8")


def test_results_at_a_glance_follow_the_verdicts(tmp_path):
    names = [
        "table1/ravdess-paper-paper-random",
        "table2/ravdess-paper-paper-random",
        "table1/ravdess-paper-tuned-random",
        "table1/ravdess-small-tuned-emobox",
        "table1/nemo-paper-paper-random",
        "table2/nemo-paper-paper-random",
        "ablation/nemo-paper-paper-random",
        "ablation/ravdess-paper-tuned-emobox",
        "table2/ravdess-paper-tuned-emobox",
        "table2/nemo-small-tuned-random",
        "eight-classes/table1/ravdess-small-tuned-emobox",
    ]
    for name in [*names, "saliency/synthetic-quick-tuned-random", "figure6/nemo-small-tuned-random"]:
        shutil.copytree(ROOT / "results" / name, tmp_path / name)
    before = render_glance(tmp_path).splitlines()
    path = tmp_path / names[1] / "table2.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    (row,) = (row for row in table["rows"] if row["system"] == "s2")
    row["comparison"] |= {"verdict": "reversed", "difference": -0.031, "interval": [-0.06, -0.01], "num_folds": 4}
    path.write_text(json.dumps(table), encoding="utf-8")
    changed = set(render_glance(tmp_path).splitlines()) - set(before)
    p_folds = row["comparison"]["p_folds"]
    line = f"(+4.3) | RAVDESS | -3.1 [-6.0, -1.0] | {p_folds:.3f} | **no, the contrary** (4 folds) |"
    assert changed == {f"| Self-attention helps: S2 over S1 {line}"}
    row["comparison"]["p_folds"] = None  # of a single fold
    path.write_text(json.dumps(table), encoding="utf-8")
    assert f"| {line.replace(f'{p_folds:.3f}', '-')}"[2:] in render_glance(tmp_path)
    row["num_results"] = 11  # more than others of its column have
    path.write_text(json.dumps(table), encoding="utf-8")
    assert re.search(r"^\| S1 \| 59\.0 \[55\.2, 62\.8\] \(10 folds\) \|", render_glance(tmp_path), re.MULTILINE)
    row["system"] = "s4"
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ValueError, match="has no row of s2"):
        render_glance(tmp_path)
    row["system"] = "s2"
    path.write_text(json.dumps(table), encoding="utf-8")
    (tmp_path / "figure6/nemo-small-tuned-random/figure6.md").unlink()
    with pytest.raises(ValueError, match=r"figure6\.md does not have the line"):
        render_glance(tmp_path)


BLOCK = re.compile(r"^<!-- results:\S+ -->.*?<!-- /results -->", re.DOTALL | re.MULTILINE)
# Timings of the optimisations that docs/performance.md tells of were measured once and have no results file.
WITHOUT_RESULTS = {"performance.md"}
FIGURE = re.compile(
    r"(?<![\w.])(\d+\.\d+)(?= ?(?:%|points))"
    r"|(?<!validation )(?:\bUA|\bWA|\bF1|recall|accuracy|ROC area)[^\d\n]{0,25}(\d+\.\d+)"
)


def figures_without_results(text):
    """Percentages and recognition rates that stand in a page's own words and in no committed results."""
    sources = [*ROOT.glob("results/**/*.md"), *ROOT.glob("benchmarks/results/*.md")]
    sources.append(ROOT / "drl4ser/reporting/paper_values.py")
    known = set(re.findall(r"\d+\.\d+", "\n".join(path.read_text(encoding="utf-8") for path in sources)))
    return [number for match in FIGURE.finditer(BLOCK.sub("", text)) if (number := match[1] or match[2]) not in known]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "DEVIATIONS.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_figures_outside_of_tables_stand_in_results_too(page):
    if page.name not in WITHOUT_RESULTS:
        assert figures_without_results(page.read_text(encoding="utf-8")) == []


def test_a_figure_that_was_typed_is_found():
    assert figures_without_results("S3 reaches a UA of 198.7 here, 0.0123 % more, F1 of 0.9876.") == [
        "198.7",
        "0.0123",
        "0.9876",
    ]
    table = "<!-- results:x -->\n| 198.7 % |\n<!-- /results -->"
    assert (
        figures_without_results(f"{table}\nS3 has 68.7 % here, the paper 69.4 %; validation UA 0.123, 25 % is chance.")
        == []
    )


def test_the_log_of_a_search_follows_from_its_runs(tmp_path):
    """A run that is logged again changes nothing."""
    shutil.copytree(ROOT / "results/recipe-search", tmp_path / "log")
    program = (
        "import csv, sys; from pathlib import Path; from experiments.search_recipe import write_log\n"
        "for path in Path(sys.argv[1]).glob('*/runs.csv'):\n"
        "    *_, row = csv.DictReader(path.open(encoding='utf-8'))\n"
        "    numbers = {name: float(row[name]) for name in ('last', 'best', 'loss')}\n"
        "    numbers |= {name: int(row[name]) for name in ('fold', 'epochs')}\n"
        "    write_log([row | numbers], path.parent)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "log"], cwd=ROOT, check=True)
    made = {path.relative_to(tmp_path / "log"): path.read_bytes() for path in (tmp_path / "log").rglob("*.*")}
    assert made and all(text == (ROOT / "results/recipe-search" / name).read_bytes() for name, text in made.items())


def test_a_gain_of_a_search_is_one_on_the_same_folds():
    directory = ROOT / "results/recipe-search/ravdess-small-tuned-emobox"
    with (directory / "runs.csv").open(encoding="utf-8", newline="") as file:
        runs = {(row["candidate"], row["system"], row["fold"]): float(row["last"]) for row in csv.DictReader(file)}
    folds = [fold for candidate, system, fold in runs if (candidate, system) == ("smoothing", "poria_cnn")]
    gains = [runs["smoothing", "poria_cnn", fold] - runs["as it is", "poria_cnn", fold] for fold in folds]
    (line,) = re.findall(r"^\| Poria et al. 2016, softmax \| smoothing .*", (directory / "search.md").read_text(), re.M)
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert len(folds) == 3 and cells[3] == "3" and cells[5] == f"{sum(gains) / 3:+.2f}" and float(cells[5]) < -1
