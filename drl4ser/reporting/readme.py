"""Fill the tables of a Markdown page from results files, so that none is typed by hand.

A table stands between `<!-- results:table2/ravdess-paper-paper-random -->` and `<!-- /results -->`. The first names a
directory of results, a Markdown file beside that of all results (benchmarks/results/benchmark.md), or one of
`at-a-glance` (each claim of the paper, what came out here, and whether it holds here) and `made-with`: commits and
versions of all tables of the page, which then do not stand under each of them; nor do the notes on how to read a table,
which such a page has or links to.
"""

import json
import re
from pathlib import Path

from drl4ser.reporting.paper_values import SYSTEM_NAMES, paper_value
from drl4ser.reporting.render import format_p_value

_START = re.compile(r"^<!-- results:(?P<name>\S+) -->", re.MULTILINE)
_BLOCK = re.compile(_START.pattern + r"(?P<content>.*?)<!-- /results -->", re.DOTALL | re.MULTILINE)
_HOW_TO_READ = re.compile(r"^- (?:UA: mean ± standard deviation|Differences \(points\)) .*\n", re.MULTILINE)
_MADE_WITH = re.compile(r"^- Commit (?P<commits>[^;\n]+); (?P<versions>[^\n]+)\.\n", re.MULTILINE)

TABLE1, TABLE2 = "table1/ravdess-paper-paper-random", "table2/ravdess-paper-paper-random"
TUNED, UNSEEN = "table1/ravdess-paper-tuned-random", "table1/ravdess-small-tuned-emobox"
NEMO1, NEMO2 = "table1/nemo-paper-paper-random", "table2/nemo-paper-paper-random"
NARROW_NEMO2 = "table2/nemo-small-tuned-random"
UNSEEN2, UNSEEN8 = "table2/ravdess-paper-tuned-emobox", "eight-classes/table1/ravdess-small-tuned-emobox"
RAVDESS_PARTS, NEMO_PARTS = "ablation/ravdess-paper-tuned-emobox", "ablation/nemo-paper-paper-random"

# What the paper claims, the table that judges it, the system that the paper finds better, the other one.
CLAIMS = (
    ("Convolutions help: S1 over Baseline", TABLE2, "s1", "baseline"),
    ("The same", NARROW_NEMO2, "s1", "baseline"),
    ("Self-attention helps: S2 over S1", TABLE2, "s2", "s1"),
    ("The same", UNSEEN2, "s2", "s1"),
    ("The same", NEMO2, "s2", "s1"),
    ("GCA-LSTM helps: S3 over S2", TABLE2, "s3", "s2"),
    ("The same", UNSEEN2, "s3", "s2"),
    ("The same", NEMO2, "s3", "s2"),
    ("S3 over a dense network on functionals (Xia & Liu 2017)", TABLE1, "s3", "xia_dnn"),
    ("The same", UNSEEN8, "s3", "xia_dnn"),
    ("The same", NEMO1, "s3", "xia_dnn"),
    ("S3 over a convolutional network with kernels (Poria et al. 2016)", TABLE1, "s3", "poria_cnn_mkl"),
    ("S3 over an LSTM (Poria et al. 2017)", TABLE1, "s3", "poria_lstm"),
    ("S3 over a recurrent network with attention (Mirsamadi et al. 2017)", TABLE1, "s3", "mirsamadi_attention"),
)
_CORPORA = {
    **dict.fromkeys((TABLE1, TABLE2), "RAVDESS"),
    **dict.fromkeys((NEMO1, NEMO2), "nEMO"),
    NARROW_NEMO2: "nEMO, a quarter as wide, fifteen epochs",
    UNSEEN2: "RAVDESS, unseen speakers",
    UNSEEN8: "RAVDESS, unseen speakers, eight classes, a quarter as wide",
}
_VERDICTS = {"holds": "yes", "undecided": "undecided", "reversed": "**no, the contrary**"}
# The levels: a column's title, its systems, and the table that each must stand in.
_COLUMNS = {
    "RAVDESS, random folds": {
        **dict.fromkeys(("s1", "s2"), TABLE2),
        **dict.fromkeys(("s3", "xia_dnn", "poria_cnn_mkl", "opensmile_svm"), TABLE1),
    },
    "the same, recipe `tuned`": dict.fromkeys(("s3", "xia_dnn", "poria_cnn_mkl", "opensmile_svm"), TUNED),
    "RAVDESS, unseen speakers": {
        **dict.fromkeys(("s1", "s2"), UNSEEN2),
        **dict.fromkeys(("s3", "trunk_attention_max", "gca_and_max", "poria_cnn"), RAVDESS_PARTS),
    },
    "the same, a quarter as wide": dict.fromkeys(("s3", "xia_dnn", "poria_cnn", "opensmile_svm"), UNSEEN),
    "nEMO, three random folds": {
        **dict.fromkeys(("s1", "s2", "s3"), NEMO2),
        **dict.fromkeys(("xia_dnn", "poria_cnn", "opensmile_svm"), NEMO1),
        **dict.fromkeys(("trunk_attention_max", "gca_and_max"), NEMO_PARTS),
    },
}
_ROWS = (
    *("s1", "s2", "s3", "trunk_attention_max", "gca_and_max"),
    *("xia_dnn", "poria_cnn_mkl", "poria_cnn", "opensmile_svm"),
)
_LEGEND = (
    f"{SYSTEM_NAMES['trunk_attention_max']}; {SYSTEM_NAMES['gca_and_max']}: S3 with the maximum over time in place of "
    "GCA-LSTM or beside it, not in the paper. Softmax: without the kernels. Intervals are for these trained systems, "
    "by bootstrap over the tested utterances. The verdict is for the methods, by a corrected t test over folds at 5 %, "
    "with Holm's correction over each table."
)


def fill_tables(text: str, results_dir: str | Path) -> str:
    """Put the committed tables between the markers of a page.

    Args:
        text: the page.
        results_dir: where the results are.

    Returns:
        The page, unchanged if its tables are those of the files or it has no markers.

    Raises:
        ValueError: if a marker names no results or is not closed.
    """
    blocks = list(_BLOCK.finditer(text))
    # A block that holds another start has swallowed it: its own end is missing.
    unclosed = [match for match in blocks if _START.search(match["content"])]
    if unclosed or len(blocks) != len(_START.findall(text)):
        name = unclosed[0]["name"] if unclosed else _START.findall(text)[-1]
        raise ValueError(f"The marker of {name} is not closed. Put <!-- /results --> behind its table.")
    names = dict.fromkeys(match["name"] for match in blocks)
    contents = {name: _read(name, Path(results_dir)) for name in names if name != "made-with"}
    if "made-with" in names:
        made_with = _collect_made_with(contents.values())
        contents = {name: _HOW_TO_READ.sub("", _MADE_WITH.sub("", content)) for name, content in contents.items()}
        contents["made-with"] = made_with
    return _BLOCK.sub(
        lambda match: f"<!-- results:{match['name']} -->\n\n{contents[match['name']]}\n<!-- /results -->", text
    )


def render_glance(results_dir: str | Path) -> str:
    """Return the tables of claims and levels as Markdown, from the results files under `results_dir`.

    Raises:
        ValueError: if a results file is missing or lacks a row.
    """
    results_dir = Path(results_dir)
    saliency = results_dir / "saliency/synthetic-quick-tuned-random/saliency.md"
    figure6 = results_dir / "figure6/nemo-small-tuned-random/figure6.md"
    (area,) = _find(saliency, r"^\| r, iteration 3 +\| +([^|]+?) +\|")
    columns = [_column(results_dir, systems) for systems in _COLUMNS.values()]
    sizes, uas = zip(*_find(figure6, r"^\| S3 +\| +([\d,]+) \|[^|]*\|[^|]*\| +(\d+\.\d)"), strict=True)
    return "\n".join(
        (
            "| The paper's claim, on IEMOCAP (points of UA) | Corpus here | Here [95 %] | p over folds | Holds here? |",
            "| --- | --- | ---: | ---: | --- |",
            *(_compare(results_dir, *claim) for claim in CLAIMS),
            "| Salient words get higher scores, more so with each iteration (Figure 5) | default "
            f"| ROC area {area} | | [in part](docs/attention.md) |",
            f"| UA rises with the training data, then levels off (Figure 6; {sizes[0]} to {sizes[-1]} utterances of "
            f"each class) | nEMO | UA {', '.join(uas)} % | | [in part](docs/results.md#how-ua-grows-on-nemo) |",
            "",
            f"| UA % [95 %], acoustic input | {' | '.join(_COLUMNS)} |",
            f"| --- |{' ---: |' * len(_COLUMNS)}",
            *(f"| {SYSTEM_NAMES[name]} | {' | '.join(cells.get(name, '') for cells in columns)} |" for name in _ROWS),
            "",
            _LEGEND,
            "",
        )
    )


def _read(name: str, results_dir: Path) -> str:
    if name == "at-a-glance":
        return render_glance(results_dir)
    path = results_dir / name / f"{name.split('/')[0]}.md"
    if name.endswith(".md"):
        path = results_dir.parent / name
    if not path.is_file():
        raise ValueError(f"{path} is not there. Run that experiment, or correct the marker of {name}.")
    return path.read_text(encoding="utf-8")


def _collect_made_with(contents) -> str:
    commits, versions = set(), {}
    for match in _MADE_WITH.finditer("".join(contents)):
        commits.update(match["commits"].split(", "))
        for item in match["versions"].split(", "):
            package, _, version = item.partition(" ")
            versions.setdefault(package, set()).update(version.split("/"))
    listed = ", ".join(f"{package} {'/'.join(sorted(versions[package]))}" for package in sorted(versions))
    return f"Tables of this page: commits {', '.join(sorted(commits))}; {listed}.\n"


def _compare(results_dir: Path, text: str, table: str, system: str, over: str) -> str:
    pairs = [row["comparison"] for row in _rows(results_dir, table) if row["comparison"]]
    (found,) = (pair for pair in pairs if (pair["system"], pair["over"]) == (system, over))
    low, high = found["interval"]
    ours = f"{100 * found['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    theirs = [paper_value(Path(table).parent.name, name, "acoustic")["ua"] for name in (system, over)]
    folds = "" if found["num_folds"] == 10 else _folds(found["num_folds"])
    return (
        f"| {text} ({theirs[0] - theirs[1]:+.1f}) | {_CORPORA[table]} | {ours} "
        f"| {format_p_value(found['p_folds'])} | {_VERDICTS[found['verdict']]}{folds} |"
    )


def _column(results_dir: Path, systems: dict[str, str]) -> dict[str, str]:
    """The cell of each system, which names its folds where others of the column have more."""
    rows = {system: _row(results_dir, table, system) for system, table in systems.items()}
    most = max(row["num_results"] for row in rows.values())
    cells = {}
    for system, row in rows.items():
        low, high = row["ua_interval"]
        folds = _folds(row["num_results"]) if row["num_results"] < most else ""
        cells[system] = f"{100 * row['ua']:.1f} [{100 * low:.1f}, {100 * high:.1f}]{folds}"
    return cells


def _folds(number: int) -> str:
    return f" ({number} {'fold' if number == 1 else 'folds'})"


def _row(results_dir: Path, table: str, system: str) -> dict:
    found = [row for row in _rows(results_dir, table) if (row["system"], row["modality"]) == (system, "acoustic")]
    if not found:
        raise ValueError(f"{results_dir / table} has no row of {system}. Run that experiment.")
    return found[0]


def _rows(results_dir: Path, table: str) -> list[dict]:
    path = results_dir / table / f"{Path(table).parent.name}.json"
    if not path.is_file():
        raise ValueError(f"{path} is not there. Run that experiment.")
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def _find(path: Path, pattern: str) -> list:
    """What the groups of `pattern` hold in each line that it is found in."""
    found = re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE) if path.is_file() else []
    if not found:
        raise ValueError(f"{path} does not have the line of results at a glance. Run that experiment.")
    return found
