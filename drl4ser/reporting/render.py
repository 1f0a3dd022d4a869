"""Writes a table (see `build_table`) as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
import re
from typing import Any

from drl4ser.reporting.cells import Grid, comparison_grid, main_grid
from drl4ser.reporting.notes import write_notes

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "±": r"$\pm$",
}

_CSV_COLUMNS = (
    "system",
    "modality",
    "num_parameters",
    "units",
    "num_records",
    "num_wanted",
    "seeds",
    "num_utterances",
    "epochs_min",
    "epochs_max",
    "ua_mean",
    "ua_sd",
    "ua",
    "ua_low",
    "ua_high",
    "wa",
    "f1",
    "paper_parameters",
    "paper_iemocap_ua",
    "paper_iemocap_f1",
    "paper_rid_ua",
    "paper_rid_f1",
    "paper_reported_ua",
    "compared_system",
    "compared_over",
    "compared_utterances",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "significant",
    "relative_improvement",
    "paper_iemocap_improvement",
    "paper_rid_improvement",
)


def render_markdown(table: dict[str, Any]) -> str:
    """Two Markdown tables with aligned columns, which read as well in a terminal, and the notes as a list."""
    grids = [grid for grid in (main_grid(table), comparison_grid(table)) if grid.rows]
    blocks = [render_grid(grid) for grid in grids]
    blocks.append("".join(f"- {escape_markdown(note)}\n" for note in write_notes(table)))
    return "\n".join(blocks)


def render_latex(table: dict[str, Any]) -> str:
    """The same two tables for booktabs, with the notes in small print; goes into a `table*` of one's own."""
    lines = ["% Written by drl4ser; needs \\usepackage{booktabs}."]
    for grid in (main_grid(table), comparison_grid(table)):
        if grid.rows:
            lines += [*_latex_grid(grid), r"\par\medskip"]
    notes = r" \\ ".join(_escape_latex(note) for note in write_notes(table))
    lines.append(rf"\parbox{{\linewidth}}{{\footnotesize {notes}}}")
    return "\n".join(lines) + "\n"


def render_csv(table: dict[str, Any]) -> str:
    """A line for each row of the table; fractions, except improvements and the paper's UA (percent)."""
    file = io.StringIO()
    writer = csv.DictWriter(file, _CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_csv_row(row) for row in table["rows"])
    return file.getvalue()


def render_json(table: dict[str, Any]) -> str:
    """Everything `build_table` gives."""
    return json.dumps(table, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def render_grid(grid: Grid) -> str:
    """One Markdown table with aligned columns."""
    lines = [[escape_markdown(cell) for cell in line] for line in (grid.header, *grid.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width if index < grid.num_names else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    text = ""
    for line in (lines[0], rule, *lines[1:]):
        cells = [
            cell.ljust(width) if index < grid.num_names else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text += f"| {' | '.join(cells)} |\n"
    return text


def _latex_grid(grid: Grid) -> list[str]:
    num_numbers = len(grid.header) - grid.num_names
    lines = [rf"\begin{{tabular}}{{{'l' * grid.num_names}{'r' * num_numbers}}}", r"\toprule"]
    for index, row in enumerate((grid.header, *grid.rows)):
        lines.append(" & ".join(_escape_latex(cell) for cell in row) + r" \\")
        if index == 0:
            lines.append(r"\midrule")
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _csv_row(row: dict[str, Any]) -> dict[str, Any]:
    paper, comparison = row["paper"], row["comparison"] or {}
    values = {name: row[name] for name in _CSV_COLUMNS if name in row}
    values |= {"seeds": " ".join(map(str, row["seeds"]))}
    values["epochs_min"], values["epochs_max"] = row["epochs"]
    values["ua_low"], values["ua_high"] = row["ua_interval"]
    values |= {"paper_parameters": paper["parameters"], "paper_reported_ua": paper["iemocap"].get("reported_ua")}
    for corpus in ("iemocap", "rid"):
        values |= {f"paper_{corpus}_{name}": paper[corpus].get(name) for name in ("ua", "f1")}
    if comparison:
        values |= {f"compared_{name}": comparison[name] for name in ("system", "over")}
        values |= {name: comparison[name] for name in ("difference", "p_value", "relative_improvement")}
        values["significant"] = comparison.get("significant")
        values["compared_utterances"] = comparison["num_utterances"]
        values["difference_low"], values["difference_high"] = comparison["interval"]
        for corpus, gain in comparison["paper_relative_improvement"].items():
            values[f"paper_{corpus}_improvement"] = gain
    return values


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    # Only what Markdown would take for markup, so that "<0.001" and "crema_d" read well in a terminal.
    return re.sub(r"[|*\\`]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)", lambda match: "\\" + match[0], text)


def _escape_latex(text: str) -> str:
    # A hyphen before a digit is a minus.
    escaped = "".join(_LATEX.get(character, character) for character in text)
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", escaped)
