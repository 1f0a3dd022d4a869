"""Tables and all that belongs to them in the results directory: written, found stale, rebuilt."""

import io
from collections.abc import Sequence
from pathlib import Path

from drl4ser.figures.confusion import confusion_grid
from drl4ser.files import atomic_write_bytes, atomic_write_text
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.paper_values import LAYOUTS, MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.reporting.pooling import check_code, select_results
from drl4ser.reporting.render import render_csv, render_json, render_latex, render_markdown
from drl4ser.reporting.table import Table, build_table

FOLDS_FILE = "folds.jsonl"
CONFUSION_FILE = "confusion.png"
_RENDERERS = {"csv": render_csv, "tex": render_latex, "json": render_json, "md": render_markdown}


def write_report(
    results: Sequence[FoldResult], results_dir: str | Path, table: str = "table2", allow_mixed_code: bool = False
) -> Path:
    """Write the table in four formats, its fold results and confusion matrices, each file complete or not at all.

    Args:
        results: of any number of systems, modalities, folds and seeds; those of other tables are left out.
        results_dir: the files go to `<results_dir>/<table>/<experiment>/`, see `FoldResult.experiment`.
        table: "table1", "table2" or "ablation".
        allow_mixed_code: whether the folds may be of several commits, or of code that was not committed; the table
            names them.

    Returns:
        The directory written to. The same results give the same bytes.

    Raises:
        ValueError: if the results cannot stand in one table.
    """
    results = select_results(results, table)
    if not allow_mixed_code:
        check_code(results)
    built = build_table(results, table)
    directory = Path(results_dir) / table / results[0].experiment
    write_fold_results(directory / FOLDS_FILE, results)
    atomic_write_bytes(directory / CONFUSION_FILE, _draw_confusions(built))
    for suffix, render in _RENDERERS.items():
        atomic_write_text(directory / f"{table}.{suffix}", render(built))
    return directory


def find_stale(results_dir: str | Path) -> list[Path]:
    """The tables at any depth under `results_dir` that do not follow from fold results beside them, or have none.

    Raises:
        ValueError: if fold results, of tables or figures, are damaged or have no checksum.
    """
    folds = {path: read_fold_results(path, require_checksum=True) for path in Path(results_dir).rglob(FOLDS_FILE)}
    return [
        path
        for directory in _find_reports(results_dir)
        for path in _stale_files(directory, folds.get(directory / FOLDS_FILE))
    ]


def rebuild_reports(results_dir: str | Path) -> None:
    """Write every table under `results_dir` again from the fold results beside it, which were let in before."""
    for directory in _find_reports(results_dir):
        folds = directory / FOLDS_FILE
        if folds.exists():
            results = read_fold_results(folds, require_checksum=True)
            write_report(results, directory.parents[1], directory.parent.name, allow_mixed_code=True)


def _find_reports(results_dir: str | Path) -> list[Path]:
    """The folders of tables at any depth."""
    found = (path for table in LAYOUTS for path in Path(results_dir).glob(f"**/{table}/*"))
    return [path for path in sorted(found) if path.is_dir()]


def _draw_confusions(table: Table) -> bytes:
    """A PNG with one confusion matrix per row of the table, two side by side, each 8 cm wide."""
    panels = [
        (f"{SYSTEM_NAMES[row.system]}, {MODALITY_NAMES[row.modality]}: UA {100 * row.ua:.1f} %", row.confusion)
        for row in table.rows
    ]
    file = io.BytesIO()
    # Matplotlib would write its version into the file.
    confusion_grid(panels, list(table.facts.classes)).savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _stale_files(directory: Path, results: list[FoldResult] | None) -> list[Path]:
    table = directory.parent.name
    paths = {directory / f"{table}.{suffix}": render for suffix, render in _RENDERERS.items()}
    if results is None:
        return list(paths)
    built = build_table(results, table)
    expected = {path: render(built).encode("utf-8") for path, render in paths.items()}
    return [path for path in paths if not path.is_file() or path.read_bytes() != expected[path]]
