"""Fill the tables of a Markdown page from results files, so that none is typed by hand.

A table stands between `<!-- results:table2/ravdess-paper-paper-random -->` and `<!-- /results -->`. The first names a
directory of results, a Markdown file beside that of all results (benchmarks/results/benchmark.md), or one of
`at-a-glance` (each claim of the paper, what came out here, and whether it holds here) and `made-with`: commits and
versions of all tables of the page, which then do not stand under each of them.
"""

import json
import re
from pathlib import Path

from drl4ser.reporting.paper_values import paper_value
from drl4ser.reporting.render import format_p_value

_START = re.compile(r"^<!-- results:(?P<name>\S+) -->", re.MULTILINE)
_BLOCK = re.compile(_START.pattern + r"(?P<content>.*?)<!-- /results -->", re.DOTALL | re.MULTILINE)
_MADE_WITH = re.compile(r"^- Commit (?P<commits>[^;\n]+); (?P<versions>[^\n]+)\.\n", re.MULTILINE)

TABLE1, TABLE2 = "table1/ravdess-paper-paper-random", "table2/ravdess-paper-paper-random"
TUNED, UNSEEN = "table1/ravdess-paper-tuned-random", "table1/ravdess-small-tuned-emobox"
NEMO1, NEMO2 = "table1/nemo-paper-paper-random", "table2/nemo-paper-paper-random"
NEMO_SIZES = (74, 149, 299, 599)

# What the paper claims, the table that judges it, the system that the paper finds better, the other one.
CLAIMS = (
    ("Convolutions help: S1 over Baseline", TABLE2, "s1", "baseline"),
    ("Self-attention helps: S2 over S1", TABLE2, "s2", "s1"),
    ("GCA-LSTM helps: S3 over S2", TABLE2, "s3", "s2"),
    ("S3 over a dense network on functionals (Xia & Liu 2017)", TABLE1, "s3", "xia_dnn"),
    ("S3 over a convolutional network with kernels (Poria et al. 2016)", TABLE1, "s3", "poria_cnn_mkl"),
    ("S3 over an LSTM (Poria et al. 2017)", TABLE1, "s3", "poria_lstm"),
    ("S3 over a recurrent network with attention (Mirsamadi et al. 2017)", TABLE1, "s3", "mirsamadi_attention"),
)
_VERDICTS = {"holds": "yes", "undecided": "undecided", "reversed": "**no, the contrary**"}
_LEVELS = (
    ("S3", TABLE2, "s3"),
    ("S3 with recipe `tuned`", TUNED, "s3"),
    ("openSMILE's functionals and an SVM", TABLE1, "opensmile_svm"),
    ("Poria et al. 2016", TABLE1, "poria_cnn_mkl"),
    ("Poria et al. 2016 with recipe `tuned`", TUNED, "poria_cnn_mkl"),
)
_UNSEEN_LEVELS = (
    ("S3", UNSEEN, "s3"),
    ("openSMILE's functionals and an SVM", UNSEEN, "opensmile_svm"),
    ("Poria et al. 2016, softmax", UNSEEN, "poria_cnn"),
)
_NEMO_LEVELS = (
    ("S1", NEMO2, "s1"),
    ("S2", NEMO2, "s2"),
    ("S3", NEMO2, "s3"),
    ("openSMILE's functionals and an SVM", NEMO1, "opensmile_svm"),
    ("Poria et al. 2016, softmax", NEMO1, "poria_cnn"),
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
        contents = {name: _MADE_WITH.sub("", content) for name, content in contents.items()}
        contents["made-with"] = made_with
    return _BLOCK.sub(
        lambda match: f"<!-- results:{match['name']} -->\n\n{contents[match['name']]}\n<!-- /results -->", text
    )


def render_glance(results_dir: str | Path) -> str:
    """Return the table as Markdown, from the results files under `results_dir`.

    Raises:
        ValueError: if a results file is missing or lacks a row.
    """
    results_dir = Path(results_dir)
    saliency = results_dir / "saliency/synthetic-quick-tuned-random/saliency.md"
    figure6 = results_dir / "figure6/nemo-small-tuned-random/figure6.md"
    area = _find(saliency, r"^\| r, iteration 3 +\| +([^|]+?) +\|")
    uas = ", ".join(_find(figure6, rf"^\| S3 +\| +{size} \|[^|]*\|[^|]*\| +(\d+\.\d)") for size in NEMO_SIZES)
    levels, unseen, nemo = (
        "; ".join(f"{label} {_level(results_dir, table, system)}" for label, table, system in rows)
        for rows in (_LEVELS, _UNSEEN_LEVELS, _NEMO_LEVELS)
    )
    return "\n".join(
        (
            "| The paper's claim, on IEMOCAP (points of UA) | Corpus here | Here [95 %] | p over folds | Holds here? |",
            "| --- | --- | ---: | ---: | --- |",
            *(_compare(results_dir, *claim) for claim in CLAIMS),
            "| Salient words get higher scores, more so with each iteration (Figure 5) | default "
            f"| ROC area {area} | | [in part](docs/attention.md) |",
            f"| UA rises with the training data, then levels off (Figure 6; {NEMO_SIZES[0]} to {NEMO_SIZES[-1]} "
            f"utterances of each class) | nEMO | UA {uas} % | | [in part](docs/results.md#how-ua-grows-on-nemo) |",
            "",
            f"- UA on RAVDESS, %: {levels}.",
            f"- The same on unseen speakers, networks a quarter as wide: {unseen}.",
            f"- UA on nEMO (3,076 Polish utterances), one random fold, %: {nemo}.",
            "- Intervals are for these trained systems, by bootstrap over the tested utterances. The verdict is for "
            "the methods, by a corrected t test over folds at 5 %, with Holm's correction over each table.",
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
            package, _, version = item.rpartition(" ")
            versions.setdefault(package, set()).add(version)
    listed = ", ".join(f"{package} {'/'.join(sorted(versions[package]))}" for package in sorted(versions))
    return f"Tables of this page: commits {', '.join(sorted(commits))}; {listed}.\n"


def _compare(results_dir: Path, text: str, table: str, system: str, over: str) -> str:
    pairs = [row["comparison"] for row in _rows(results_dir, table) if row["comparison"]]
    (found,) = (pair for pair in pairs if (pair["system"], pair["over"]) == (system, over))
    low, high = found["interval"]
    ours = f"{100 * found['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    theirs = [paper_value(table.split("/")[0], name, "acoustic")["ua"] for name in (system, over)]
    folds = "" if found["num_folds"] == 10 else f" ({found['num_folds']} folds)"
    return (
        f"| {text} ({theirs[0] - theirs[1]:+.1f}) | RAVDESS | {ours} | {format_p_value(found['p_folds'])} "
        f"| {_VERDICTS[found['verdict']]}{folds} |"
    )


def _level(results_dir: Path, table: str, system: str) -> str:
    (row,) = (row for row in _rows(results_dir, table) if row["system"] == system)
    low, high = row["ua_interval"]
    return f"{100 * row['ua']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _rows(results_dir: Path, table: str) -> list[dict]:
    path = results_dir / table / f"{table.split('/')[0]}.json"
    if not path.is_file():
        raise ValueError(f"{path} is not there. Run that experiment.")
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def _find(path: Path, pattern: str) -> str:
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE) if path.is_file() else None
    if match is None:
        raise ValueError(f"{path} does not have the line of results at a glance. Run that experiment.")
    return match[1]
