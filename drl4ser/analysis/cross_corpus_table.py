"""The table of runs that were applied to other corpora: how much of a result carries over."""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from drl4ser.config import MODALITIES, ExperimentConfig, from_dict
from drl4ser.files import atomic_write_text
from drl4ser.reporting import metrics, statistics
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.notes import describe_experiment
from drl4ser.reporting.paper_values import MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.reporting.pooling import pool_results
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import MISSING, TextTable, markdown_list

RUNS_FILE, TABLE = "runs.jsonl", "cross-corpus"
_NUM_DECIMALS = 6


@dataclasses.dataclass(frozen=True)
class CrossCorpusRow:
    """The runs of one system on one corpus; metrics are fractions.

    Attributes:
        system, modality: as in `FoldResult`.
        tested_on: name of the corpus; for the training corpus, the test parts of the runs.
        num_runs: folds of all seeds, each of which was applied to all utterances of another corpus.
        num_utterances: tested, of the classes in common.
        classes: in common with the training corpus; no other answer counts.
        chance: one over their number.
        ua, wa, f1: of all tested utterances, each counted once, in equal parts over the runs.
        ua_interval: 95 % of `ua`, by the bootstrap over utterances.
        ua_sd: standard deviation of the UA of a run; None for a single one.
        recalls: of `classes`; None for a class without utterances.
        confusion: rows are true classes.
    """

    system: str
    modality: str
    tested_on: str
    num_runs: int
    num_utterances: int
    classes: tuple[str, ...]
    chance: float
    ua: float
    ua_interval: tuple[float, float]
    ua_sd: float | None
    wa: float
    f1: float
    recalls: tuple[float | None, ...]
    confusion: tuple[tuple[float, ...], ...]

    @property
    def above_chance(self) -> bool:
        """Whether the interval lies above chance."""
        return self.ua_interval[0] > self.chance


def build_rows(results: Sequence[FoldResult]) -> list[CrossCorpusRow]:
    """One row for each modality, system and corpus, the training corpus first.

    Args:
        results: of the runs' own test parts and of `cross_corpus.apply_run`.
    """
    groups = defaultdict(list)
    for result in results:
        groups[result.modality, result.system, result.corpus].append(result)
    systems = list(SYSTEM_NAMES)

    def place(key):
        modality, system, corpus = key
        return MODALITIES.index(modality), systems.index(system), not _is_own(groups[key][0]), corpus

    return [_build_row(groups[key]) for key in sorted(groups, key=place)]


def write_cross_corpus(results: Sequence[FoldResult], results_dir: Path) -> Path:
    """Write the results and the table that follows from them, in Markdown, CSV and JSON.

    Args:
        results: as `build_rows` takes them.
        results_dir: the files go to `<results_dir>/cross-corpus/<experiment>/`, see `ExperimentConfig`.

    Returns:
        The directory.
    """
    directory = results_dir / TABLE / from_dict(ExperimentConfig, results[0].config).experiment
    write_fold_results(directory / RUNS_FILE, results)
    for suffix, text in render_cross_corpus(directory).items():
        atomic_write_text(directory / f"{TABLE}.{suffix}", text)
    return directory


def render_cross_corpus(directory: Path) -> dict[str, str]:
    """Render what follows from the results in `directory`: "md", "csv" and "json"."""
    results = read_fold_results(directory / RUNS_FILE, require_checksum=True)
    rows = build_rows(results)
    values = [dataclasses.asdict(row) | {"above_chance": row.above_chance} for row in rows]
    frame = pd.DataFrame(map(_flatten, values), dtype=object)
    return {
        "md": "\n".join([_tabulate(rows).to_markdown(), markdown_list(_write_notes(results, rows))]),
        "csv": frame.to_csv(index=False, lineterminator="\n"),
        "json": json.dumps({"trained_on": results[0].config["corpus"], "rows": values}, indent=1) + "\n",
    }


def _is_own(result: FoldResult) -> bool:
    return result.corpus == result.config["corpus"]


def _build_row(results: list[FoldResult]) -> CrossCorpusRow:
    first, pool = results[0], pool_results(results)
    summary = metrics.summarize(pool.confusion)
    interval = statistics.bootstrap_interval(pool.labels, pool.scores, len(first.classes))
    deviation = statistics.mean_and_deviation([result.ua for result in results])[1]
    return CrossCorpusRow(
        first.system,
        first.modality,
        tested_on=first.corpus,
        num_runs=len(results),
        num_utterances=len(pool.utterances),
        classes=tuple(first.classes),
        chance=_round(1 / len(first.classes)),
        ua_interval=tuple(map(_round, interval)),
        ua_sd=None if deviation is None else _round(deviation),
        **{name: _round(summary[name]) for name in ("ua", "wa", "f1")},
        recalls=tuple(_round(recall) if recall == recall else None for recall in summary["recalls"]),
        confusion=tuple(tuple(map(_round, row)) for row in pool.confusion.tolist()),
    )


def _round(value: float) -> float:
    return round(value, _NUM_DECIMALS)


def _tabulate(rows: list[CrossCorpusRow]) -> TextTable:
    header = [
        "System",
        "Input",
        "Tested on",
        "Runs",
        "Utterances",
        "Chance %",
        "UA % [95 %]",
        "SD of runs",
        "WA %",
        "F1",
    ]
    cells = []
    for row in rows:
        low, high = (f"{100 * end:.1f}" for end in row.ua_interval)
        cells.append(
            [
                *(SYSTEM_NAMES[row.system], MODALITY_NAMES[row.modality], row.tested_on),
                *(str(row.num_runs), f"{row.num_utterances:,}", f"{100 * row.chance:.1f}"),
                f"{100 * row.ua:.1f} [{low}, {high}]" + ("" if row.above_chance else ", not above chance"),
                MISSING if row.ua_sd is None else f"{100 * row.ua_sd:.1f}",
                *(f"{100 * row.wa:.1f}", f"{row.f1:.3f}"),
            ]
        )
    return TextTable(header, cells, num_names=3)


def _write_notes(results: list[FoldResult], rows: list[CrossCorpusRow]) -> list[str]:
    own, trained_on = [result for result in results if _is_own(result)], results[0].config["corpus"]
    classes = {row.tested_on: row.classes for row in rows}
    of_training = results[0].config["classes"]
    notes = [
        f"Trained on {trained_on}. Rows tested on it: the test parts of the runs, which these did not train on. The "
        "others: each run applied to all utterances of the other corpus, with the normaliser of its own training part.",
        "UA: all utterances, each counted once in equal parts over the runs; interval: "
        f"{statistics.NUM_SAMPLES:,} bootstrap resamples of the utterances, for these trained systems.",
    ]
    for corpus, names in classes.items():
        left_out = [name for name in of_training if name not in names]
        if corpus != trained_on:
            extent = f"without {', '.join(left_out)}, which no answer may be" if left_out else "all of the training's"
            notes.append(f"Classes in common with {corpus}: {', '.join(names)} ({extent}).")
    return notes + describe_experiment(collect_facts(own))


def _flatten(values: dict) -> dict:
    """A row for a CSV file: lists in one cell each, the interval in two."""
    low, high = values.pop("ua_interval")
    flat = {name: value for name, value in values.items() if name not in ("recalls", "confusion", "classes")}
    recalls = zip(values["classes"], values["recalls"], strict=True)
    return {**flat, "ua_low": low, "ua_high": high, "recalls": " ".join(f"{name}:{value}" for name, value in recalls)}
