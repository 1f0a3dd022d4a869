"""Builds a table as plain values from fold records; nothing in it is typed by hand."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from drl4ser.config import MODALITIES
from drl4ser.reporting import metrics, statistics
from drl4ser.reporting.facts import collect_facts, span
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.layout import LAYOUTS
from drl4ser.reporting.paper_values import TABLES, paper_value
from drl4ser.reporting.pooling import PooledPredictions, check_records, pool_records

NUM_DECIMALS = 6


def select_records(records: Sequence[FoldResult], table: str) -> list[FoldResult]:
    """The records whose systems stand in a table, sorted and checked against each other.

    Raises:
        ValueError: if `table` is unknown, none are left or they cannot stand in one table.
    """
    if table not in LAYOUTS:
        raise ValueError(f"`table` must be one of {sorted(LAYOUTS)}. Received: table={table!r}")
    chosen = [record for record in records if record.system in LAYOUTS[table].systems]
    check_records(chosen)
    return sorted(chosen, key=lambda record: record.key)


def build_table(records: Sequence[FoldResult], table: str = "table2") -> dict[str, Any]:
    """The whole table as plain values, ready for JSON and the renderers.

    Metrics are fractions, improvements percent. `ua_mean` and `ua_sd` are over folds, those of all seeds;
    `ua`, `wa`, `f1`, `recalls` and `confusion` are over all tested utterances together.

    Args:
        records: of any number of systems, modalities, folds and seeds; systems of other tables are left out.
        table: "table1" or "table2".

    Returns:
        `table`, `facts` (what stands under it) and `rows`, in the paper's order of systems for each modality.
    """
    records = select_records(records, table)
    groups = defaultdict(list)
    for record in records:
        groups[record.modality, record.system].append(record)
    rows = []
    for modality in MODALITIES:
        systems = [system for system in LAYOUTS[table].systems if (modality, system) in groups]
        pools = {system: pool_records(groups[modality, system]) for system in systems}
        pairs = LAYOUTS[table].pairs(systems)
        for system in systems:
            row = _build_row(groups[modality, system], pools[system], table)
            row["comparison"] = _compare(table, modality, pools, *pairs[system]) if system in pairs else None
            rows.append(row)
        if LAYOUTS[table].proposed:
            _mark_significant([row["comparison"] for row in rows if row["modality"] == modality])
    return _rounded({"table": table, "facts": collect_facts(records), "rows": rows})


def _build_row(records: list[FoldResult], pool: PooledPredictions, table: str) -> dict[str, Any]:
    first = records[0]
    if len({(record.num_parameters, record.units) for record in records}) > 1:
        raise ValueError(f"The folds of {first.system} {first.modality} differ in their number of parameters.")
    mean, deviation = statistics.mean_and_deviation([record.ua for record in records])
    seeds = sorted({record.seed for record in records})
    row = {name: getattr(first, name) for name in ("system", "modality", "num_parameters", "units", "num_folds")}
    row |= {
        "seeds": seeds,
        "num_records": len(records),
        "num_wanted": first.num_folds * len(seeds),
        "num_utterances": len(pool.utterances),
        "epochs": span(record.epochs for record in records),
        "best_epochs": span(record.best_epoch for record in records),
        "validation_ua": sum(record.validation_ua for record in records) / len(records),
        "ua_mean": mean,
        "ua_sd": deviation,
        **metrics.summarize(pool.confusion),
        "ua_interval": statistics.interval_of_scores(pool.labels, pool.scores, len(first.classes)),
        "confusion": pool.confusion.tolist(),
        "paper": _paper(table, first.system, first.modality),
    }
    # A class that no fold has tested yet has no recall, and JSON no NaN.
    row["recalls"] = [recall if recall == recall else None for recall in row["recalls"]]
    return row


def _compare(
    table: str, modality: str, pools: dict[str, PooledPredictions], system: str, over: str
) -> dict[str, Any] | None:
    """Paired comparison of two systems on the utterances that both were tested on; None if there are none."""
    shared = set(pools[system].utterances) & set(pools[over].utterances)
    if not shared:
        return None
    labels, scores = pools[system].restricted_to(shared)
    _, other_scores = pools[over].restricted_to(shared)
    num_classes = len(pools[system].confusion)
    uas = [statistics.ua_of_scores(labels, values, num_classes) for values in (scores, other_scores)]
    return {
        "system": system,
        "over": over,
        "num_utterances": len(shared),
        **statistics.compare_scores(labels, scores, other_scores, num_classes),
        "relative_improvement": statistics.relative_improvement(*uas),
        "paper_relative_improvement": {
            corpus: _paper_improvement(table, modality, corpus, system, over) for corpus in ("iemocap", "rid")
        },
    }


def _mark_significant(comparisons: list[dict[str, Any] | None]) -> None:
    """Says of each comparison of one system with several others whether it holds among all of them."""
    made = [comparison for comparison in comparisons if comparison]
    decisions = statistics.holm_significance([comparison["p_value"] for comparison in made])
    for comparison, significant in zip(made, decisions, strict=True):
        comparison["significant"] = significant


def _paper(table: str, system: str, modality: str) -> dict[str, Any]:
    values = {corpus: paper_value(table, system, modality, corpus) for corpus in ("iemocap", "rid")}
    return {"parameters": TABLES[table].get(system, {}).get("parameters"), **values}


def _paper_improvement(table: str, modality: str, corpus: str, system: str, over: str) -> float | None:
    uas = [paper_value(table, name, modality, corpus).get("ua") for name in (system, over)]
    return statistics.relative_improvement(*uas) if None not in uas else None


def _rounded(value):
    """Floats to six decimals, so that a last bit that differs between processors does not show."""
    if isinstance(value, float):
        return round(value, NUM_DECIMALS)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
