"""The table of the saliency test: from the measures of single utterances to means with intervals."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.notes import describe_experiment
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import MISSING, TextTable, markdown_list

NUM_RESAMPLES = 10_000
NUM_DECIMALS = 6
UTTERANCES_FILE, FOLDS_FILE, TABLE_FILE = "utterances.jsonl", "folds.jsonl", "saliency.md"
_AS_MUCH = "random, as much as salient"


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over utterances with its 95 % percentile bootstrap interval over utterances.

    Example:
        >>> f"{Estimate(0.6, 0.55, 0.66):.2f}"
        '0.60 [0.55, 0.66]'
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Resample `values`; the interval of equal values, or of a single one, is the value itself."""
        values = np.asarray(values, np.float64)
        mean = float(values.mean())
        if len(values) < 2 or np.ptp(values) == 0:
            return cls(mean, mean, mean)
        result = stats.bootstrap(
            (values,), np.mean, n_resamples=NUM_RESAMPLES, method="percentile", rng=np.random.default_rng(0)
        )
        return cls(mean, float(result.confidence_interval.low), float(result.confidence_interval.high))

    def __format__(self, spec: str) -> str:
        return f"{self.mean:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """How well one score of the steps finds the salient words.

    Attributes:
        name: of the score.
        roc: area under the ROC curve, salient steps against other speech.
        emotions: mean area by emotion.
        salient, other: mean score of either kind of steps.
        untrained: mean area before training; None for a score without weights.
    """

    name: str
    roc: Estimate
    emotions: dict[str, float]
    salient: float
    other: float
    untrained: float | None


@dataclasses.dataclass(frozen=True)
class DeletionRow:
    """How much probability of the true class is lost when a part of the speech is silenced.

    Attributes:
        name: of what was silenced.
        silenced: share of the speech.
        probability: of the true class, mean.
        drop: loss against the whole recording.
        over_random: loss against as much silenced at random.
    """

    name: str
    silenced: float
    probability: float
    drop: Estimate
    over_random: Estimate


@dataclasses.dataclass(frozen=True)
class SaliencyTable:
    """Rows of the table, and the growth of r over the iterations: in area, and in salient minus other."""

    scores: list[ScoreRow]
    roc_growth: Estimate
    gap_growth: Estimate
    deletions: list[DeletionRow]


def build_saliency_table(measures: Sequence[dict]) -> SaliencyTable:
    """Average the measures of `measure_fold` over the utterances of any number of folds."""
    names = [name for name in _names(measures, "roc") if not name.startswith("untrained ")]
    iterations = [name for name in names if name.startswith("r, ")]
    first, last = iterations[0], iterations[-1]
    rows = [row for row in measures if first in row["roc"]]
    gaps = [(row["salient"][last] - row["other"][last]) - (row["salient"][first] - row["other"][first]) for row in rows]
    return SaliencyTable(
        scores=[_score_row(measures, name) for name in names],
        roc_growth=Estimate.of([row["roc"][last] - row["roc"][first] for row in rows]),
        gap_growth=Estimate.of(gaps),
        deletions=[_deletion_row(measures, name) for name in _names(measures, "probability") if name != "none"],
    )


def write_saliency(measures: Sequence[dict], records: Sequence[FoldResult], results_dir: Path) -> Path:
    """Write the table, the measures of every utterance and the results of the folds.

    Returns:
        The directory, `<results_dir>/saliency/<experiment>`.
    """
    directory = results_dir / "saliency" / records[0].experiment
    lines = (json.dumps(_rounded(row)) for row in sorted(measures, key=lambda row: row["id"]))
    atomic_write_text(directory / UTTERANCES_FILE, "".join(f"{line}\n" for line in lines))
    write_fold_results(directory / FOLDS_FILE, records)
    atomic_write_text(directory / TABLE_FILE, render_saliency(directory))
    return directory


def render_saliency(directory: Path) -> str:
    """Render the measures and fold results in `directory` as Markdown; ValueError if there are none."""
    lines = (directory / UTTERANCES_FILE).read_text(encoding="utf-8").splitlines()
    measures = [json.loads(line) for line in lines]
    if not measures:
        raise ValueError(f"{directory / UTTERANCES_FILE} is empty. Run that experiment again.")
    records = read_fold_results(directory / FOLDS_FILE)
    table = build_saliency_table(measures)
    grids = [grid.to_markdown() for grid in (_score_grid(table.scores), _deletion_grid(table.deletions))]
    notes = [*_explain(measures, table), *describe_experiment(collect_facts(records))]
    return "\n".join([*grids, markdown_list(notes)])


def _names(measures: Sequence[dict], kind: str) -> list[str]:
    return list(dict.fromkeys(name for row in measures for name in row[kind]))


def _score_row(measures: Sequence[dict], name: str) -> ScoreRow:
    rows = [row for row in measures if name in row["roc"]]
    untrained = [row["roc"][f"untrained {name}"] for row in rows if f"untrained {name}" in row["roc"]]
    emotions = {
        emotion: float(np.mean([row["roc"][name] for row in rows if row["emotion"] == emotion]))
        for emotion in sorted({row["emotion"] for row in measures})
    }
    salient, other = (float(np.mean([row[kind][name] for row in rows])) for kind in ("salient", "other"))
    roc = Estimate.of([row["roc"][name] for row in rows])
    return ScoreRow(name, roc, emotions, salient, other, float(np.mean(untrained)) if untrained else None)


def _deletion_row(measures: Sequence[dict], name: str) -> DeletionRow:
    control = _AS_MUCH if name == "salient" else "random"
    drop, drop_at_random = (
        np.array([row["probability"]["none"] - row["probability"][key] for row in measures]) for key in (name, control)
    )
    silenced, probability = (
        float(np.mean([row[kind][name] for row in measures])) for kind in ("silenced", "probability")
    )
    return DeletionRow(name, silenced, probability, Estimate.of(drop), Estimate.of(drop - drop_at_random))


def _score_grid(rows: Sequence[ScoreRow]) -> TextTable:
    header = ["Score of a step", "ROC area [95 %]", *(emotion.capitalize() for emotion in rows[0].emotions)]
    header += ["Untrained", "Mean, salient", "Mean, other speech"]
    cells = [
        [
            row.name,
            f"{row.roc:.3f}",
            *(f"{area:.3f}" for area in row.emotions.values()),
            MISSING if row.untrained is None else f"{row.untrained:.3f}",
            f"{row.salient:.3f}",
            f"{row.other:.3f}",
        ]
        for row in rows
    ]
    return TextTable(header, cells, num_names=1)


def _deletion_grid(rows: Sequence[DeletionRow]) -> TextTable:
    header = ["Silenced", "Of the speech", "P(true class)", "Drop [95 %]", "Drop over as much at random [95 %]"]
    cells = [
        [
            f"highest {row.name}" if row.name.startswith("r, ") else row.name,
            f"{row.silenced:.1%}",
            f"{row.probability:.3f}",
            f"{row.drop:+.3f}",
            MISSING if row.name.startswith("random") else f"{row.over_random:+.3f}",
        ]
        for row in rows
    ]
    return TextTable(header, cells, num_names=1)


def _explain(measures: Sequence[dict], table: SaliencyTable) -> list[str]:
    whole = np.mean([row["probability"]["none"] for row in measures])
    return [
        f"{len(measures)} test utterances with salient words. ROC area: the probability that a step in a salient "
        "word has a higher score than a step in another word of the same utterance, mean over utterances; 0.5 is "
        f"chance. Intervals: {NUM_RESAMPLES:,} bootstrap resamples of the utterances.",
        f"From the first iteration to the last, r's ROC area changes by {table.roc_growth:+.3f} and the "
        f"difference of its means by {table.gap_growth:+.3f}.",
        "Attention is what a step receives, mean over queries and heads, 1 if it were spread evenly. Untrained: the "
        "area of the same score with random weights, before training. Log energy: of a frame.",
        f"Deletion: 20 % of the steps of speech (or the salient words) replaced by background noise. P(true class) "
        f"is {whole:.3f} for the whole recordings; random draws are averaged over five.",
    ]


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, NUM_DECIMALS) if isinstance(value, float) else value
