"""A table as plain values, built from fold results; nothing in it is typed by hand."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from drl4ser.config import GIVEN_SPLITS, MODALITIES, VALIDATION_SHARE
from drl4ser.reporting import metrics, statistics
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.paper_values import LAYOUTS, paper_corpus, paper_value
from drl4ser.reporting.pooling import pool_results, select_results
from drl4ser.reporting.provenance import Facts, collect_facts, span

NUM_DECIMALS = 6


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two systems on the folds that both were tested on; the difference and its interval are fractions.

    Attributes:
        system, over: UA of the first minus UA of the second.
        num_utterances, num_folds: how many both were tested on; the folds of all seeds.
        difference, interval: of the paired bootstrap over utterances, see `statistics.PairedDifference`.
        p_utterances: its p, for these two trained systems.
        p_folds: of the corrected t test over folds and seeds, for the two methods, but at least `p_utterances`: a few
            folds may be alike by chance. None where the scatter is unknown, as with one fold.
        verdict: "holds" or "reversed" (the second system is better) by `p_folds` at 5 %, corrected for all comparisons
            of the table; else "undecided".
        relative_improvement: in percent of the second UA; None if that is zero.
        paper_relative_improvement: in the paper; None where the paper or a comparable corpus has none.
    """

    system: str
    over: str
    num_utterances: int
    num_folds: int
    difference: float
    interval: tuple[float, float]
    p_utterances: float
    p_folds: float | None
    verdict: str
    relative_improvement: float | None
    paper_relative_improvement: float | None


@dataclasses.dataclass(frozen=True)
class Row:
    """One system with one modality; metrics are fractions.

    Attributes:
        system, modality, num_parameters, units, num_folds: as in `FoldResult`.
        seeds: that were run.
        num_results, num_wanted: folds of all seeds that are finished, and that there are.
        num_utterances: tested at least once.
        epochs, best_epochs: smallest and largest number.
        validation_ua: mean over folds.
        ua_mean, ua_sd: over the folds of all seeds; the deviation of a single fold is None.
        ua, wa, f1, recalls, confusion: of all tested utterances together; None is the recall of a class without.
        ua_interval: 95 % of `ua`, by the bootstrap.
        above_chance: whether the interval lies above that of a guess, one over the number of classes.
        deviations: of the UA of a fold by seed, fold and utterance, see `statistics.split_deviation`; else None.
        commits: that ran the folds, sorted.
        paper: the paper's numbers, empty where it has none or the corpus is not comparable, see `paper_value`.
        comparison: of this row with another, if there is one.
    """

    system: str
    modality: str
    num_parameters: int
    units: int
    num_folds: int
    seeds: tuple[int, ...]
    num_results: int
    num_wanted: int
    num_utterances: int
    epochs: tuple[int, int]
    best_epochs: tuple[int, int]
    validation_ua: float
    ua_mean: float
    ua_sd: float | None
    ua: float
    wa: float
    f1: float
    recalls: tuple[float | None, ...]
    ua_interval: tuple[float, float]
    above_chance: bool
    deviations: dict[str, float] | None
    commits: tuple[str, ...]
    confusion: tuple[tuple[float, ...], ...]
    paper: dict[str, Any]
    comparison: Comparison | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """A table: `name` is one of `LAYOUTS`, `rows` are in its order per modality."""

    name: str
    facts: Facts
    rows: tuple[Row, ...]


def build_table(results: Sequence[FoldResult], table: str = "table2") -> Table:
    """The whole table, its floats rounded to six decimals.

    Args:
        results: of any number of systems, modalities, folds and seeds; systems of other tables are left out.
        table: "table1", "table2" or "ablation".

    Raises:
        ValueError: if the results cannot stand in one table.
    """
    results, layout = select_results(results, table), LAYOUTS[table]
    groups = defaultdict(list)
    for result in results:
        groups[result.modality, result.system].append(result)
    rows = []
    for modality in MODALITIES:
        systems = [system for system in layout.systems if (modality, system) in groups]
        pairs = layout.pairs(systems)
        for system in systems:
            row = _build_row(groups[modality, system], table)
            if system in pairs:
                compared = [groups[modality, name] for name in pairs[system]]
                row = dataclasses.replace(row, comparison=_compare(table, *compared))
            rows.append(row)
    # A last bit that differs between processors does not show.
    return _rounded(Table(table, collect_facts(results), _decide(rows)))


def _build_row(results: list[FoldResult], table: str) -> Row:
    first, pool = results[0], pool_results(results)
    if len({(result.num_parameters, result.units) for result in results}) > 1:
        raise ValueError(f"The folds of {first.system} {first.modality} differ in their number of parameters.")
    mean, deviation = statistics.mean_and_deviation([result.ua for result in results])
    seeds = tuple(sorted({result.seed for result in results}))
    summary = metrics.summarize(pool.confusion)
    interval = statistics.bootstrap_interval(pool.labels, pool.scores, len(first.classes))
    return Row(
        **{name: getattr(first, name) for name in ("system", "modality", "num_parameters", "units", "num_folds")},
        seeds=seeds,
        num_results=len(results),
        num_wanted=first.num_folds * len(seeds),
        num_utterances=len(pool.utterances),
        epochs=span(result.epochs for result in results),
        best_epochs=span(result.best_epoch for result in results),
        validation_ua=sum(result.validation_ua for result in results) / len(results),
        ua_mean=mean,
        ua_sd=deviation,
        **{name: summary[name] for name in ("ua", "wa", "f1")},
        # A class that no fold has tested yet has no recall, and JSON no NaN.
        recalls=tuple(recall if recall == recall else None for recall in summary["recalls"]),
        ua_interval=interval,
        above_chance=interval[0] > 1 / len(first.classes),
        deviations=statistics.split_deviation(
            *zip(*((result.ua, result.seed, result.confusion) for result in results), strict=True)
        ),
        commits=tuple(sorted({result.commit for result in results})),
        confusion=tuple(map(tuple, pool.confusion.tolist())),
        paper=paper_value(table, first.system, first.modality, paper_corpus(first.corpus, len(first.classes))),
    )


def _compare(table: str, results: list[FoldResult], others: list[FoldResult]) -> Comparison | None:
    """Compare two systems on the folds that both were tested on; None if there are none."""
    uas = [{(result.seed, result.fold): result.ua for result in group} for group in (results, others)]
    shared = sorted(uas[0].keys() & uas[1].keys())
    if not shared:
        return None
    pools = [pool_results([item for item in group if (item.seed, item.fold) in shared]) for group in (results, others)]
    labels, scores, num_classes = pools[0].labels, [pool.scores for pool in pools], len(results[0].classes)
    pair = statistics.paired_bootstrap(labels, *scores, num_classes)
    p_folds = statistics.corrected_t_test([uas[0][key] - uas[1][key] for key in shared], _test_share(results[0]))
    corpus = paper_corpus(results[0].corpus, num_classes)
    paper = [paper_value(table, name.system, name.modality, corpus).get("ua") for name in (results[0], others[0])]
    return Comparison(
        results[0].system,
        others[0].system,
        num_utterances=len(labels),
        num_folds=len(shared),
        difference=pair.difference,
        interval=pair.interval,
        p_utterances=pair.p_value,
        p_folds=None if p_folds is None else max(p_folds, pair.p_value),
        verdict="undecided",
        relative_improvement=statistics.relative_improvement(
            *(statistics.ua_of_scores(labels, values, num_classes) for values in scores)
        ),
        paper_relative_improvement=None if None in paper else statistics.relative_improvement(*paper),
    )


def _test_share(result: FoldResult) -> float:
    """Utterances of a test part over those of its training part, see `drl4ser.corpora.folds.make_folds`."""
    if result.split in GIVEN_SPLITS:
        return 1 / ((result.num_folds - 1) * (1 - VALIDATION_SHARE))
    return 1 / (result.num_folds - 2)  # one part is tested, another one validates


def _decide(rows: list[Row]) -> tuple[Row, ...]:
    """The rows with the verdicts of their comparisons, which depend on each other."""
    significant = iter(statistics.holm_significance([row.comparison.p_folds for row in rows if row.comparison]))
    decided = []
    for row in rows:
        if row.comparison and next(significant):
            verdict = "holds" if row.comparison.difference > 0 else "reversed"
            row = dataclasses.replace(row, comparison=dataclasses.replace(row.comparison, verdict=verdict))
        decided.append(row)
    return tuple(decided)


def _rounded(value):
    """The same values with floats of `NUM_DECIMALS`, inside dataclasses, dictionaries and tuples too."""
    if isinstance(value, float):
        return round(value, NUM_DECIMALS)
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(value, **{name: _rounded(item) for name, item in vars(value).items()})
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return tuple(_rounded(item) for item in value) if isinstance(value, tuple) else value
