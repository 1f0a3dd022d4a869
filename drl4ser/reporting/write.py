"""Puts a table and all that belongs to it into the results directory."""

from collections.abc import Sequence
from pathlib import Path

from drl4ser.files import atomic_write_bytes, atomic_write_text
from drl4ser.reporting.confusions import draw_confusions
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.render import render_csv, render_json, render_latex, render_markdown
from drl4ser.reporting.table import build_table, select_records

RECORDS_NAME = "folds.jsonl"
CONFUSION_NAME = "confusion.png"
_RENDERERS = {"csv": render_csv, "tex": render_latex, "json": render_json, "md": render_markdown}


def write_report(records: Sequence[FoldResult], results_dir: str | Path, table: str = "table2") -> Path:
    """Writes the table in four formats, its records and confusion matrices, every file whole or not at all.

    Args:
        records: of any number of systems, modalities, folds and seeds; those of other tables are left out.
        results_dir: the files go to `<results_dir>/<table>/<corpus>-<profile>-<recipe>-<split>/`.
        table: "table1" or "table2".

    Returns:
        The directory written to. The same records give the same bytes.

    Raises:
        ValueError: if the records cannot stand in one table.
    """
    records = select_records(records, table)
    built = build_table(records, table)
    facts = built["facts"]
    name = "-".join(facts[part] for part in ("corpus", "profile", "recipe", "split"))
    directory = Path(results_dir) / table / name
    write_fold_results(directory / RECORDS_NAME, records)
    atomic_write_bytes(directory / CONFUSION_NAME, draw_confusions(built))
    for suffix, render in _RENDERERS.items():
        atomic_write_text(directory / f"{table}.{suffix}", render(built))
    return directory


def find_stale(results_dir: str | Path) -> list[Path]:
    """The tables under `results_dir` that do not follow from records beside them, or have none."""
    directories = [path for path in sorted(Path(results_dir).glob("table*/*")) if path.is_dir()]
    return [path for directory in directories for path in _stale_files(directory)]


def _stale_files(directory: Path) -> list[Path]:
    table, records = directory.parent.name, directory / RECORDS_NAME
    paths = {directory / f"{table}.{suffix}": render for suffix, render in _RENDERERS.items()}
    if not records.is_file():
        return list(paths)
    built = build_table(read_fold_results(records), table)
    expected = {path: render(built).encode("utf-8") for path, render in paths.items()}
    return [path for path in paths if not path.is_file() or path.read_bytes() != expected[path]]
