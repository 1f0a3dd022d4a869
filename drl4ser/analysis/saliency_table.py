"""The table of the saliency test: from the measures of single utterances to means with intervals."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.notes import describe_experiment
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import MISSING, TextTable, markdown_list

NUM_RESAMPLES = 10_000
NUM_DECIMALS = 6
AS_MUCH = "random, as much as salient"
UTTERANCES_NAME, RECORDS_NAME, TABLE_NAME = "utterances.jsonl", "folds.jsonl", "saliency.md"


def build_saliency_table(measures: Sequence[dict]) -> dict[str, Any]:
    """Means over utterances, each with the 95 % interval of a bootstrap over utterances.

    Args:
        measures: of `measure_fold`, of any number of folds.

    Returns:
        "scores" (rows with "name", "roc", "roc_interval", "emotions", "salient", "other", "untrained"), "growth"
        (from the first iteration to the last: "roc" and "gap", salient minus other, each with its interval) and
        "deletions" (rows with "name", "silenced", "probability", "drop", "drop_interval", "over_random" and
        "over_random_interval").
    """
    names = [name for name in _names(measures, "roc") if not name.startswith("untrained ")]
    silences = [name for name in _names(measures, "probability") if name != "none"]
    return {
        "scores": [_score_row(measures, name) for name in names],
        "growth": _growth(measures, [name for name in names if name.startswith("r, ")]),
        "deletions": [_deletion_row(measures, name) for name in silences],
    }


def write_saliency(measures: Sequence[dict], records: Sequence[FoldResult], results_dir: Path) -> Path:
    """Writes the table, the measures of every utterance and the folds' records.

    Returns:
        The directory, `<results_dir>/saliency/<corpus>-<profile>-<recipe>-<split>`.
    """
    first = records[0]
    directory = results_dir / "saliency" / f"{first.corpus}-{first.profile}-{first.recipe}-{first.split}"
    lines = (json.dumps(_rounded(row)) for row in sorted(measures, key=lambda row: row["id"]))
    atomic_write_text(directory / UTTERANCES_NAME, "".join(f"{line}\n" for line in lines))
    write_fold_results(directory / RECORDS_NAME, records)
    atomic_write_text(directory / TABLE_NAME, render_saliency(directory))
    return directory


def render_saliency(directory: Path) -> str:
    """The Markdown that follows from the measures and records in `directory`; ValueError if there are none."""
    lines = (directory / UTTERANCES_NAME).read_text(encoding="utf-8").splitlines()
    measures = [json.loads(line) for line in lines]
    if not measures:
        raise ValueError(f"{directory / UTTERANCES_NAME} is empty. Run that experiment again.")
    records = read_fold_results(directory / RECORDS_NAME)
    table = build_saliency_table(measures)
    grids = [grid.to_markdown() for grid in (_score_grid(table), _deletion_grid(table))]
    notes = [*_explain(measures, table), *describe_experiment(collect_facts(records))]
    return "\n".join([*grids, markdown_list(notes)])


def mean_interval(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Mean and its 95 % percentile bootstrap interval (that of a single value is the value itself)."""
    values = np.asarray(values, np.float64)
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return mean, (mean, mean)
    result = stats.bootstrap(
        (values,), np.mean, n_resamples=NUM_RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    )
    return mean, (float(result.confidence_interval.low), float(result.confidence_interval.high))


def _names(measures: Sequence[dict], kind: str) -> list[str]:
    return list(dict.fromkeys(name for row in measures for name in row[kind]))


def _score_row(measures: Sequence[dict], name: str) -> dict[str, Any]:
    rows = [row for row in measures if name in row["roc"]]
    mean, interval = mean_interval([row["roc"][name] for row in rows])
    emotions = {row["emotion"] for row in measures}
    untrained = [row["roc"][f"untrained {name}"] for row in rows if f"untrained {name}" in row["roc"]]
    return {
        "name": name,
        "roc": mean,
        "roc_interval": interval,
        "emotions": {
            emotion: float(np.mean([row["roc"][name] for row in rows if row["emotion"] == emotion]))
            for emotion in sorted(emotions)
        },
        "salient": float(np.mean([row["salient"][name] for row in rows])),
        "other": float(np.mean([row["other"][name] for row in rows])),
        "untrained": float(np.mean(untrained)) if untrained else None,
    }


def _growth(measures: Sequence[dict], iterations: list[str]) -> dict[str, Any]:
    first, last = iterations[0], iterations[-1]
    rows = [row for row in measures if first in row["roc"]]
    gaps = [(row["salient"][last] - row["other"][last]) - (row["salient"][first] - row["other"][first]) for row in rows]
    roc = mean_interval([row["roc"][last] - row["roc"][first] for row in rows])
    return {"roc": roc, "gap": mean_interval(gaps)}


def _deletion_row(measures: Sequence[dict], name: str) -> dict[str, Any]:
    control = AS_MUCH if name == "salient" else "random"
    drops = {
        key: np.array([row["probability"]["none"] - row["probability"][key] for row in measures])
        for key in (name, control)
    }
    drop, interval = mean_interval(drops[name])
    over_random, over_interval = mean_interval(drops[name] - drops[control])
    return {
        "name": name,
        "silenced": float(np.mean([row["silenced"][name] for row in measures])),
        "probability": float(np.mean([row["probability"][name] for row in measures])),
        "drop": drop,
        "drop_interval": interval,
        "over_random": over_random,
        "over_random_interval": over_interval,
    }


def _score_grid(table: dict[str, Any]) -> TextTable:
    emotions = list(table["scores"][0]["emotions"])
    header = ["Score of a step", "ROC area [95 %]", *(emotion.capitalize() for emotion in emotions)]
    header += ["Untrained", "Mean, salient", "Mean, other speech"]
    rows = []
    for row in table["scores"]:
        cells = [row["name"], f"{row['roc']:.3f} {_interval(row['roc_interval'], '.3f')}"]
        cells += [f"{row['emotions'][emotion]:.3f}" for emotion in emotions]
        cells += [MISSING if row["untrained"] is None else f"{row['untrained']:.3f}"]
        rows.append([*cells, f"{row['salient']:.3f}", f"{row['other']:.3f}"])
    return TextTable(header, rows, num_names=1)


def _deletion_grid(table: dict[str, Any]) -> TextTable:
    header = ["Silenced", "Of the speech", "P(true class)", "Drop [95 %]", "Drop over as much at random [95 %]"]
    rows = []
    for row in table["deletions"]:
        name = f"highest {row['name']}" if row["name"].startswith("r, ") else row["name"]
        cells = [name, f"{row['silenced']:.1%}", f"{row['probability']:.3f}"]
        cells += [f"{row['drop']:+.3f} {_interval(row['drop_interval'], '+.3f')}"]
        over = f"{row['over_random']:+.3f} {_interval(row['over_random_interval'], '+.3f')}"
        rows.append([*cells, MISSING if row["name"].startswith("random") else over])
    return TextTable(header, rows, num_names=1)


def _explain(measures: Sequence[dict], table: dict[str, Any]) -> list[str]:
    whole = np.mean([row["probability"]["none"] for row in measures])
    growth, gap = (
        f"{value:+.3f} {_interval(interval, '+.3f')}"
        for value, interval in (table["growth"]["roc"], table["growth"]["gap"])
    )
    return [
        f"{len(measures)} test utterances with salient words. ROC area: the probability that a step in a salient "
        "word has a higher score than a step in another word of the same utterance, mean over utterances; 0.5 is "
        f"chance. Intervals: {NUM_RESAMPLES:,} bootstrap resamples of the utterances.",
        f"From the first iteration to the last, r's ROC area changes by {growth} and the difference of its means by "
        f"{gap}.",
        "Attention is what a step receives, mean over queries and heads, 1 if it were spread evenly. Untrained: the "
        "area of the same score with the weights that training starts from. Log energy: of a frame.",
        f"Deletion: 20 % of the steps of speech (or the salient words) replaced by background noise. P(true class) "
        f"is {whole:.3f} for the whole recordings; random draws are averaged over five.",
    ]


def _interval(interval: tuple[float, float], spec: str) -> str:
    return f"[{interval[0]:{spec}}, {interval[1]:{spec}}]"


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, NUM_DECIMALS) if isinstance(value, float) else value
