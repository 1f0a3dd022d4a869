"""A table (see `build_table`) as Markdown, LaTeX, CSV and JSON."""

import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import tabulate

from drl4ser.reporting.notes import write_notes
from drl4ser.reporting.paper_values import MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.reporting.pooling import is_dirty
from drl4ser.reporting.table import Row, Table

MISSING = "-"


@dataclasses.dataclass(frozen=True)
class TextTable:
    """A table of strings: `header`, `rows`, and how many columns at the left hold words and not numbers.

    Example:
        >>> print(TextTable(["Name", "UA %"], [["S3", "69.4"]], num_names=1).to_markdown(), end="")
        | Name   |   UA % |
        |:-------|-------:|
        | S3     |   69.4 |
    """

    header: list[str]
    rows: list[list[str]]
    num_names: int = 2

    def to_markdown(self) -> str:
        """Aligned columns, which read as well in a terminal."""
        rows = [[escape_markdown(cell) for cell in row] for row in (self.header, *self.rows)]
        return self._tabulate(rows, "pipe") + "\n"

    def to_latex(self) -> str:
        """A tabular for booktabs; the format escapes what LaTeX would take for markup."""
        return _finish_latex(self._tabulate([self.header, *self.rows], "latex_booktabs"))

    def _tabulate(self, rows: list[list[str]], form: str) -> str:
        sides = ["left"] * self.num_names + ["right"] * (len(self.header) - self.num_names)
        return tabulate.tabulate(rows[1:], rows[0], tablefmt=form, colalign=sides, disable_numparse=True)


def render_markdown(table: Table) -> str:
    """Markdown tables of rows, comparisons and recalls, and the notes as a list."""
    blocks = [grid.to_markdown() for grid in (_rows(table), _comparisons(table), _recalls(table)) if grid.rows]
    return "\n".join([*blocks, markdown_list(write_notes(table))])


def render_latex(table: Table) -> str:
    """Rows and comparisons for booktabs, with the notes in small print; to be put into a `table*`."""
    lines = ["% Written by drl4ser; needs \\usepackage{booktabs}."]
    for grid in (_rows(table), _comparisons(table)):
        if grid.rows:
            lines += [grid.to_latex(), r"\par\medskip"]
    rules = tabulate.LATEX_ESCAPE_RULES
    notes = r" \\ ".join("".join(rules.get(sign, sign) for sign in note) for note in write_notes(table))
    lines.append(_finish_latex(rf"\parbox{{\linewidth}}{{\footnotesize {notes}}}"))
    return "\n".join(lines) + "\n"


def render_csv(table: Table) -> str:
    """A line per row of the table; fractions, except improvements and the paper's UA (percent)."""
    # Objects, because pandas would make floats of integers in a column with empty cells.
    frame = pd.DataFrame([_csv_row(row) for row in table.rows], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def render_json(table: Table) -> str:
    """Everything `build_table` gives."""
    values = dataclasses.asdict(table)
    for name in ("init_from", "changes"):
        if not values["facts"][name]:  # so that tables of earlier versions stay what they are
            del values["facts"][name]
    return json.dumps(values, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def markdown_list(notes: Sequence[str]) -> str:
    """Notes as a Markdown list.

    Example:
        >>> markdown_list(["p < 0.05", "*"])
        '- p < 0.05\\n- \\\\*\\n'
    """
    return "".join(f"- {escape_markdown(note)}\n" for note in notes)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    # Only what Markdown would take for markup, so that "<0.001" and "crema_d" read well in a terminal.
    return re.sub(r"[|*\\`]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)", lambda match: "\\" + match[0], text)


def _rows(table: Table) -> TextTable:
    """A row for each system and modality: its metrics, and the paper's where they are comparable."""
    header = ["System", "Input", "Parameters", "Folds", "UA %", "All UA % [95 %]", "WA %", "F1"]
    paper = {"ua": ("Paper UA %", ".1f"), "f1": ("Paper F1", ".3f"), "reported_ua": ("Reported UA %", ".1f")}
    paper = {name: column for name, column in paper.items() if any(name in row.paper for row in table.rows)}
    rows = []
    for row in table.rows:
        low, high = (f"{100 * end:.1f}" for end in row.ua_interval)
        cells = [SYSTEM_NAMES[row.system], MODALITY_NAMES[row.modality], _parameters(row)]
        cells += [f"{row.num_results}/{row.num_wanted}{_code(row)}"]
        cells += [f"{100 * row.ua_mean:.1f}" + ("" if row.ua_sd is None else f" ± {100 * row.ua_sd:.1f}")]
        cells += [f"{100 * row.ua:.1f} [{low}, {high}]" + ("" if row.above_chance else ", not above chance")]
        cells += [f"{100 * row.wa:.1f}", f"{row.f1:.3f}"]
        rows.append(cells + [_optional(row.paper.get(name), form) for name, (_, form) in paper.items()])
    return TextTable(header + [title for title, _ in paper.values()], rows)


def _comparisons(table: Table) -> TextTable:
    """A row for each paired comparison; no rows if there is nothing to compare."""
    header = ["Comparison", "Input", "Verdict", "Folds", "Utterances", "UA difference [95 %]", "p utterances"]
    header += ["p folds", "Gain %"]
    with_paper = any(row.paper for row in table.rows)
    rows = []
    for row, item in ((row, row.comparison) for row in table.rows if row.comparison):
        low, high = (f"{100 * end:+.1f}" for end in item.interval)
        cells = [f"{SYSTEM_NAMES[item.system]} over {SYSTEM_NAMES[item.over]}", MODALITY_NAMES[row.modality]]
        cells += [item.verdict, str(item.num_folds), f"{item.num_utterances:,}"]
        cells += [f"{100 * item.difference:+.1f} [{low}, {high}]"]
        cells += [format_p_value(p_value) for p_value in (item.p_utterances, item.p_folds)]
        cells += [_optional(item.relative_improvement, "+.1f")]
        rows.append(cells + [_optional(item.paper_relative_improvement, "+.1f")] * with_paper)
    return TextTable(header + ["Paper's gain %"] * with_paper, rows, num_names=3)


def _recalls(table: Table) -> TextTable:
    """The recall of each class, whose mean is the UA of all tested utterances together."""
    rows = []
    for row in table.rows:
        recalls = [None if recall is None else 100 * recall for recall in row.recalls]
        name = f"{SYSTEM_NAMES[row.system]}, {MODALITY_NAMES[row.modality]}"
        rows.append([name, *(_optional(recall, ".1f") for recall in recalls)])
    return TextTable(["Recall %", *table.facts.classes], rows, num_names=1)


def format_p_value(p_value: float | None) -> str:
    """Three decimals; "-" where it is not known.

    Example:
        >>> format_p_value(0.0204), format_p_value(0.0004), format_p_value(None)
        ('0.020', '<0.001', '-')
    """
    return "<0.001" if p_value is not None and p_value < 0.001 else _optional(p_value, ".3f")


def _code(row: Row) -> str:
    if is_dirty(row.commits):
        return ", uncommitted code"
    return ", mixed code" if len(row.commits) > 1 else ""


def _parameters(row: Row) -> str:
    if not row.num_parameters:  # a kernel machine has as many as its support vectors need
        return MISSING
    return f"{row.num_parameters:,}" + (f" ({row.paper['parameters']})" if "parameters" in row.paper else "")


def _optional(value: float | None, form: str) -> str:
    return MISSING if value is None else format(value, form)


def _finish_latex(text: str) -> str:
    # A hyphen before a digit is a minus.
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", text).replace("±", r"$\pm$")


def _csv_row(row: Row) -> dict[str, Any]:
    """Single values: the ends of intervals in two columns, the paper's and the comparison's with a prefix."""
    values = {name: value for name, value in vars(row).items() if isinstance(value, str | int | float | None)}
    for name in ("comparison", "deviations"):
        values.pop(name, None)
    values["seeds"], values["commits"] = " ".join(map(str, row.seeds)), " ".join(row.commits)
    values |= {f"deviation_{name}": value for name, value in (row.deviations or {}).items()}
    values["epochs_min"], values["epochs_max"] = row.epochs
    values["ua_low"], values["ua_high"] = row.ua_interval
    values |= {f"paper_{name}": value for name, value in row.paper.items()}
    if row.comparison:
        values |= {f"compared_{name}": value for name, value in vars(row.comparison).items()}
        values["compared_low"], values["compared_high"] = values.pop("compared_interval")
        paper = values.pop("compared_paper_relative_improvement")
        values |= {"paper_relative_improvement": paper} if row.paper else {}
    return values
