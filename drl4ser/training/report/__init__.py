from drl4ser.training.report.layout import LAYOUTS, SYSTEM_NAMES
from drl4ser.training.report.readme import fill_tables
from drl4ser.training.report.render import render_csv, render_json, render_latex, render_markdown
from drl4ser.training.report.table import build_table
from drl4ser.training.report.write import find_stale, write_report

__all__ = [
    "LAYOUTS",
    "SYSTEM_NAMES",
    "build_table",
    "fill_tables",
    "find_stale",
    "render_csv",
    "render_json",
    "render_latex",
    "render_markdown",
    "write_report",
]
