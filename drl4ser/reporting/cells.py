"""The printed cells of a table, the same in Markdown and LaTeX: what a column holds, how it is rounded."""

import dataclasses
from typing import Any

from drl4ser.reporting.layout import MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.reporting.notes import paper_corpus

MISSING = "-"


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table of strings: `header`, `rows`, and how many columns at the left hold words and not numbers."""

    header: list[str]
    rows: list[list[str]]
    num_names: int = 2


def main_grid(table: dict[str, Any]) -> Grid:
    """A row for each system and modality: its metrics and the paper's."""
    corpus = paper_corpus(table)
    header = ["System", "Input", "Parameters", "Folds", "UA %", "All UA % [95 %]", "WA %", "F1"]
    header += ["Paper UA %", "Paper F1"]
    # Only Table 1 has this column.
    reported = any("reported_ua" in row["paper"][corpus] for row in table["rows"])
    header += ["Reported UA %"] * reported
    rows = []
    for row in table["rows"]:
        paper = row["paper"][corpus]
        cells = [SYSTEM_NAMES[row["system"]], MODALITY_NAMES[row["modality"]], _parameters(row)]
        cells += [f"{row['num_records']}/{row['num_wanted']}", _mean(row), _pooled(row)]
        cells += [_percent(row["wa"]), f"{row['f1']:.3f}", _optional(paper.get("ua"), ".1f")]
        cells += [_optional(paper.get("f1"), ".3f")]
        rows.append(cells + [_optional(paper.get("reported_ua"), ".1f")] * reported)
    return Grid(header, rows)


def comparison_grid(table: dict[str, Any]) -> Grid:
    """A row for each paired comparison; no rows if there is nothing to compare."""
    corpus = paper_corpus(table)
    header = ["Comparison", "Input", "Utterances", "UA difference [95 %]", "p", "Gain %", "Paper's gain %"]
    rows = []
    for row in table["rows"]:
        comparison = row["comparison"]
        if comparison is None:
            continue
        low, high = (f"{100 * end:+.1f}" for end in comparison["interval"])
        rows.append(
            [
                f"{SYSTEM_NAMES[comparison['system']]} over {SYSTEM_NAMES[comparison['over']]}",
                MODALITY_NAMES[row["modality"]],
                f"{comparison['num_utterances']:,}",
                f"{100 * comparison['difference']:+.1f} [{low}, {high}]",
                _p_value(comparison),
                _optional(comparison["relative_improvement"], "+.1f"),
                _optional(comparison["paper_relative_improvement"][corpus], "+.1f"),
            ]
        )
    return Grid(header, rows)


def _p_value(comparison: dict[str, Any]) -> str:
    text = "<0.001" if comparison["p_value"] < 0.001 else f"{comparison['p_value']:.3f}"
    return text + " *" * comparison.get("significant", False)


def _parameters(row: dict[str, Any]) -> str:
    paper = row["paper"]["parameters"]
    if not row["num_parameters"]:  # a kernel machine has as many as its support vectors need
        return MISSING
    return f"{row['num_parameters']:,}" + (f" ({paper})" if paper else "")


def _mean(row: dict[str, Any]) -> str:
    mean = _percent(row["ua_mean"])
    return mean if row["ua_sd"] is None else f"{mean} ± {_percent(row['ua_sd'])}"


def _pooled(row: dict[str, Any]) -> str:
    low, high = map(_percent, row["ua_interval"])
    return f"{_percent(row['ua'])} [{low}, {high}]"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _optional(value: float | None, form: str) -> str:
    return MISSING if value is None else format(value, form)
