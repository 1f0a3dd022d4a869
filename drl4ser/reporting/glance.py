"""Results at a glance: each claim of the paper, what came out here, and whether it holds here."""

import dataclasses
import json
import re
from pathlib import Path

from drl4ser.reporting.paper_values import paper_value

TABLE1, TABLE2 = "table1/ravdess-paper-paper-random", "table2/ravdess-paper-paper-random"
TUNED = "table1/ravdess-paper-tuned-random"


@dataclasses.dataclass(frozen=True)
class Claim:
    """One system is better than another.

    Attributes:
        text: the claim in words.
        table: directory of the results that it is judged by.
        system: the system that the paper finds better.
        over: the other one.
    """

    text: str
    table: str
    system: str
    over: str


CLAIMS = (
    Claim("Convolutions help: S1 over Baseline", TABLE2, "s1", "baseline"),
    Claim("Self-attention helps: S2 over S1", TABLE2, "s2", "s1"),
    Claim("GCA-LSTM helps: S3 over S2", TABLE2, "s3", "s2"),
    Claim("S3 over a dense network on functionals (Xia & Liu 2017)", TABLE1, "s3", "xia_dnn"),
    Claim("S3 over a convolutional network with kernels (Poria et al. 2016)", TABLE1, "s3", "poria_cnn_mkl"),
    Claim("S3 over an LSTM (Poria et al. 2017)", TABLE1, "s3", "poria_lstm"),
    Claim("S3 over a recurrent network with attention (Mirsamadi et al. 2017)", TABLE1, "s3", "mirsamadi_attention"),
)


def render_glance(results_dir: str | Path) -> str:
    """The table as Markdown, from the results files under `results_dir`.

    Raises:
        ValueError: if a results file is missing.
    """
    results_dir = Path(results_dir)
    lines = [
        "| The paper's claim, on IEMOCAP (points of UA) | Corpus here | Here [95 %] | p over folds | Holds here? |",
        "| --- | --- | ---: | ---: | --- |",
        *(_comparison_line(claim, results_dir) for claim in CLAIMS),
        _saliency_line(results_dir),
        _data_line(results_dir),
    ]
    return "\n".join(lines) + "\n\n" + "".join(f"- {note}\n" for note in _notes(results_dir))


def _comparison_line(claim: Claim, results_dir: Path) -> str:
    comparison = next(
        row["comparison"]
        for row in _rows(results_dir, claim.table)
        if row["comparison"] and (row["comparison"]["system"], row["comparison"]["over"]) == (claim.system, claim.over)
    )
    low, high = comparison["interval"]
    ours = f"{100 * comparison['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    folds = "" if comparison["num_folds"] == 10 else f", on {comparison['num_folds']} folds"
    uas = [paper_value(claim.table.split("/")[0], name, "acoustic")["ua"] for name in (claim.system, claim.over)]
    claimed = f"{claim.text} ({uas[0] - uas[1]:+.1f})"
    verdict = {"holds": "yes", "reversed": "**no, the contrary**"}.get(comparison["verdict"], comparison["verdict"])
    return f"| {claimed} | RAVDESS | {ours} | {comparison['p_folds']:.3f} | {verdict}{folds} |"


def _saliency_line(results_dir: Path) -> str:
    name = "saliency/synthetic-quick-paper-random/saliency.md"
    area = _find(results_dir / name, r"^\| r, iteration 3 +\| +([^|]+?) +\|")
    return (
        f"| Salient words get higher scores, more so with each iteration (Figure 5) | default | ROC area {area} | "
        "| [in part](docs/attention.md) |"
    )


def _data_line(results_dir: Path) -> str:
    path = results_dir / "figure6/synthetic-quick-paper-random/figure6.md"
    uas = [_find(path, rf"^\| +{share}[^\n]*?(\d+\.\d) ±") for share in (60, 120, 240, 480)]
    return (
        "| UA rises with the training data, then levels off (Figure 6; 60 to 480 utterances of each class) | default | "
        f"UA {', '.join(uas)} % | | [in shape](docs/results.md#figure-6-how-much-data-it-needs) |"
    )


def _notes(results_dir: Path) -> list[str]:
    levels = [
        f"{label} {_ua(results_dir, table, system)}"
        for label, table, system in (
            ("S3", TABLE2, "s3"),
            ("S3 with recipe `tuned`", TUNED, "s3"),
            ("openSMILE's functionals and an SVM", TABLE1, "opensmile_svm"),
            ("Poria et al. 2016", TABLE1, "poria_cnn_mkl"),
            ("Poria et al. 2016 with recipe `tuned`", TUNED, "poria_cnn_mkl"),
        )
    ]
    return [
        f"UA on RAVDESS, %: {'; '.join(levels)}.",
        "Intervals: bootstrap over the tested utterances, for these trained systems. p: Nadeau and Bengio's corrected "
        "t test over folds, for the methods; it decides the last column, at 5 % by Holm's correction over all "
        "comparisons of a table.",
    ]


def _ua(results_dir: Path, table: str, system: str) -> str:
    row = next(row for row in _rows(results_dir, table) if row["system"] == system)
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
