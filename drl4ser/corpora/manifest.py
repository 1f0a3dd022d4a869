"""Reader of a manifest: a CSV file that lists recordings of one's own.

The first line names the columns, in any order: `path` and `emotion`, and optionally `speaker`, `session` and
`text`. The file is UTF-8 with commas; fields with commas, quotes or line breaks stand in double quotes.
"""

import csv
import io
import os.path
from collections.abc import Iterator
from pathlib import Path

from drl4ser.corpora.utterance import CorpusError, Utterance

REQUIRED_COLUMNS = ("path", "emotion")
OPTIONAL_COLUMNS = ("speaker", "session", "text")
_COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS


def read_manifest(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Read a CSV file; an utterance's id is its path relative to the CSV file's folder.

    Every recording must lie in that folder or below it, whether its path is relative or absolute: a manifest
    from someone else cannot point at other files of yours. A link inside the folder may lead elsewhere.

    Args:
        root: the CSV file.
        allow_partial: leave out rows whose file does not exist instead of refusing them.

    Raises:
        CorpusError: naming the row (the line on which it begins, the header being line 1) and the column.
    """
    if not root.is_file():
        fault = "is a folder" if root.is_dir() else "does not exist"
        raise CorpusError(f"{root} {fault}; a manifest's DATA_DIR (`root`) is a CSV file with {_expected()}")
    # Strings, and one listing a folder instead of one system call a row: a manifest may have 358,024 rows.
    folder, listings = os.path.normpath(root.parent.absolute()), {}
    utterances, absent = [], []
    for row, values in _read_values(root, folder):
        name = values["path"]
        if _exists(folder, name, listings):
            others = (values[column] for column in _COLUMNS[1:])
            utterances.append(Utterance(name, root.parent / name, *others))
        else:
            absent.append((row, name))
    if absent and not allow_partial:
        row, name = absent[0]
        raise CorpusError(
            f"{root}, row {row}, column 'path': {name!r} does not exist ({len(absent)} such rows); "
            "correct the path, or leave such rows out with allow_partial"
        )
    return utterances


def _read_values(path: Path, folder: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields every row's number and its values by column, the path relative to the folder and unique."""
    rows = _read_rows(path)
    columns = _check_header(path, rows)
    first_rows = {}
    for row, fields in rows:
        values = _check_fields(path, row, columns, fields)
        name = values["path"] = _relative_path(path, row, folder, values["path"])
        if name in first_rows:
            raise CorpusError(
                f"{path}, row {row}, column 'path': {name!r} is already in row {first_rows[name]}; "
                "remove one of the two"
            )
        first_rows[name] = row
        yield row, values


def _expected() -> str:
    return f"the columns {', '.join(REQUIRED_COLUMNS)} and optionally {', '.join(OPTIONAL_COLUMNS)}"


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the line on which a row begins, and its fields; blank lines are passed over."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{path}, row {line}: not UTF-8; save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{path}, row {line}: {error}; check the quotes of this row") from None


def _check_header(path: Path, rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    row, header = next(rows, (1, []))
    columns = [column.strip() for column in header]
    for column in columns:
        if column not in _COLUMNS:
            raise CorpusError(
                f"{path}, row {row}: unknown column {column!r}; expected {_expected()}, with commas between"
            )
        if columns.count(column) > 1:
            raise CorpusError(f"{path}, row {row}: column {column!r} occurs twice; remove one of the two")
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            raise CorpusError(f"{path}, row {row}: no column {column!r}; expected {_expected()}")
    return columns


def _check_fields(path: Path, row: int, columns: list[str], fields: list[str]) -> dict[str, str]:
    if len(fields) != len(columns):
        raise CorpusError(
            f"{path}, row {row}: {len(fields)} fields instead of {len(columns)} ({', '.join(columns)}); "
            "put fields that contain commas in double quotes"
        )
    values = dict.fromkeys(_COLUMNS, "")
    values.update(zip(columns, map(str.strip, fields), strict=True))
    for column in REQUIRED_COLUMNS:
        if not values[column]:
            raise CorpusError(f"{path}, row {row}, column {column!r}: empty; fill it in or remove the row")
    return values


def _relative_path(path: Path, row: int, folder: str, written: str) -> str:
    # normpath, not resolve(): it asks nothing of the disk and leaves links inside the folder alone.
    full = os.path.normpath(written if written.startswith("/") else f"{folder}/{written}")
    prefix = folder.rstrip("/") + "/"
    if not full.startswith(prefix):
        raise CorpusError(
            f"{path}, row {row}, column 'path': {written!r} is outside the folder of the manifest; "
            "move the manifest to a folder above all its recordings"
        )
    return full[len(prefix) :]


def _exists(folder: str, name: str, listings: dict[str, set[str]]) -> bool:
    parent, _, file = name.rpartition("/")
    if parent not in listings:
        path = Path(folder, parent)
        listings[parent] = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    return file in listings[parent]
