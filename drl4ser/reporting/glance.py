"""Results at a glance: each claim of the paper, what came out here, and whether it holds here."""

import dataclasses
import json
import math
import re
from pathlib import Path

import numpy as np
from scipy import stats

from drl4ser.reporting.fold_result import read_fold_results
from drl4ser.reporting.paper_values import paper_value
from drl4ser.reporting.statistics import holm_significance

TABLE1, TABLE2 = "table1/ravdess-paper-paper-random", "table2/ravdess-paper-paper-random"
TUNED = "table1/ravdess-paper-tuned-random"
LEVEL = 0.05


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


def corrected_p_value(differences, test_share: float) -> float:
    """Two-sided p of a mean difference over the folds of one cross-validation (Nadeau & Bengio 2003).

    Folds share most of their training data, so the variance of the mean is (1 / k + test / training) times that of
    a difference and not 1 / k times.

    Args:
        differences: of each fold, [k], k at least 2.
        test_share: size of a test part over that of its training part; 1/8 for ten folds of 8:1:1.

    Returns:
        A probability; 1 if all differences are zero.

    Example:
        >>> round(corrected_p_value([0.1, 0.2, 0.15, 0.05], 1 / 8), 3)
        0.051
    """
    differences = np.asarray(differences, dtype=np.float64)
    mean, variance = differences.mean(), differences.var(ddof=1)
    if not mean:
        return 1.0
    if not variance:
        return 0.0
    t = mean / math.sqrt(variance * (1 / len(differences) + test_share))
    return float(2 * stats.t.sf(abs(t), len(differences) - 1))


def render_glance(results_dir: str | Path) -> str:
    """The table as Markdown, from the results files under `results_dir`.

    Raises:
        ValueError: if a results file is missing.
    """
    results_dir = Path(results_dir)
    judgements = [_judge(claim, results_dir / claim.table) for claim in CLAIMS]
    lines = [
        "| The paper's claim, on IEMOCAP (points of UA) | Corpus here | Here [95 %] | p over folds | Holds here? |",
        "| --- | --- | ---: | ---: | --- |",
        *(_comparison_line(claim, *judged, results_dir) for claim, judged in zip(CLAIMS, judgements, strict=True)),
        _saliency_line(results_dir),
        _data_line(results_dir),
    ]
    notes = [*_notes(results_dir), _holm_note([p_value for _, p_value in judgements])]
    return "\n".join(lines) + "\n\n" + "".join(f"- {note}\n" for note in notes)


def _comparison_line(claim: Claim, num_folds: int, p_value: float, results_dir: Path) -> str:
    comparison = next(
        row["comparison"]
        for row in _rows(results_dir, claim.table)
        if row["comparison"] and (row["comparison"]["system"], row["comparison"]["over"]) == (claim.system, claim.over)
    )
    low, high = comparison["interval"]
    ours = f"{100 * comparison['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    folds = "" if num_folds == 10 else f", on {num_folds} folds"
    uas = [paper_value(claim.table.split("/")[0], name, "acoustic")["ua"] for name in (claim.system, claim.over)]
    verdict = _verdict(p_value, comparison["difference"])
    claimed = f"{claim.text} ({uas[0] - uas[1]:+.1f})"
    return f"| {claimed} | RAVDESS | {ours} | {p_value:.3f} | {verdict}{folds} |"


def _verdict(p_value: float, difference: float) -> str:
    if p_value >= LEVEL:
        return "undecided"
    return "yes" if difference > 0 else "**no, the contrary**"


def _judge(claim: Claim, directory: Path) -> tuple[int, float]:
    """The number of folds that both systems were tested on, and p over these."""
    results = read_fold_results(directory / "folds.jsonl")
    uas = {(result.system, result.fold, result.seed): result.ua for result in results}
    pairs = [((name, *rest), (claim.over, *rest)) for name, *rest in uas if name == claim.system]
    differences = [uas[ours] - uas[theirs] for ours, theirs in pairs if theirs in uas]
    return len(differences), corrected_p_value(differences, 1 / 8)


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
        "t test over folds, for the methods; it decides the last column, at 5 % for each row by itself.",
    ]


def _holm_note(p_values: list[float]) -> str:
    decisions = zip(CLAIMS, holm_significance(p_values, LEVEL), strict=True)
    held = [claim.text for claim, significant in decisions if significant]
    return f"Decided by Holm's correction over these {len(p_values)} comparisons together: {'; '.join(held) or 'none'}."


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
