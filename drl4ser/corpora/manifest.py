"""Reader of a manifest: a CSV file that lists recordings of one's own.

The first line names the columns, in any order: `path` and `emotion`, and optionally `speaker`, `session`, `text` and
`fold`, the number of the fold that tests the recording. Further columns are not read, with a warning; one that looks
like a slip for a column that is absent is refused. The file is UTF-8 (or UTF-16 with a byte order mark); commas,
semicolons or tabs separate the fields, and fields that hold these, quotes or line breaks stand in double quotes.
"""

import contextlib
import csv
import difflib
import io
import os
import re
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drl4ser.corpora.utterance import CorpusError, Utterance
from drl4ser.features.audio_files import AUDIO_SUFFIXES, FOREIGN_SUFFIXES, find_audio
from drl4ser.files import decode_text

REQUIRED_COLUMNS = ("path", "emotion")
OPTIONAL_COLUMNS = ("speaker", "session", "text", "fold")
_COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
_LABELS = ("emotion", "speaker", "session")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_SIMILAR = 0.8  # of difflib; more are speakr, sepaker, speakers and txt, but not folder and context
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # what would break lines of tables and label files


def read_manifest(root: Path, allow_partial: bool = False, audio_root: Path | None = None) -> list[Utterance]:
    """Read a CSV file; an utterance's id is its path relative to `audio_root`, or absolute if it lies elsewhere.

    A file is found too if its name is written in another Unicode form than on disk (ü as one letter or as two), with
    the backslashes of Windows, or from the home folder (`~/`).

    Args:
        root: the CSV file.
        allow_partial: leave out rows whose file does not exist, with a warning, instead of refusing them.
        audio_root: folder that relative paths start from; None for that of the CSV file.

    Raises:
        CorpusError: naming the row (the line on which it begins, the header being line 1) and the column.
    """
    if not root.is_file():
        fault = "is a folder" if root.is_dir() else "does not exist"
        raise CorpusError(f"{root} {fault}; a manifest's DATA_DIR (`root`) is a CSV file with {_expected()}")
    base = root.parent if audio_root is None else audio_root
    if not base.is_dir():
        raise CorpusError(f"{base} is not a folder; set AUDIO_ROOT (`audio_root`) to the folder of the recordings")
    # Strings, and one listing a folder instead of one system call a row: a manifest may have 358,024 rows.
    folder = os.path.normpath(base.absolute()).rstrip("/") + "/"
    listings: dict[str, dict[str, tuple[str, bool]]] = {}
    utterances, absent = [], []
    first_rows: dict[str, int] = {}
    labels: dict[str, dict[str, int]] = {column: {} for column in _LABELS}
    for row, values in _read_values(root):
        for column in _LABELS:
            labels[column].setdefault(values[column], row)
        full, found = _locate(values["path"], folder, listings)
        name = full.removeprefix(folder)
        if (found or full) in first_rows:
            raise CorpusError(
                f"{root}, row {row}, column 'path': {name!r} is already in row {first_rows[found or full]}; "
                "remove one of the two"
            )
        first_rows[found or full] = row
        if found:
            fields: dict[str, Any] = values | {"path": base / found.removeprefix(folder)}
            utterances.append(Utterance(name, **fields))
        else:
            absent.append((row, values["path"]))
    for column in _LABELS:
        _check_labels(root, column, labels[column])
    if absent:
        row, name = absent[0]
        fault = f"{root}, row {row}, column 'path': {name!r} does not exist in {base} ({len(absent)} such rows)"
        if not allow_partial:
            raise CorpusError(
                f"{fault}; correct the path, set AUDIO_ROOT to the folder that paths start from, or leave such rows "
                "out with ALLOW_PARTIAL=true (`allow_partial`)"
            )
        warnings.warn(f"left out: {fault}", stacklevel=2)
    return utterances


def find_recordings(path: Path) -> list[Path]:
    """List the recordings that DATA_DIR names: those of a manifest, or all in a folder, see `find_audio`.

    Raises:
        CorpusError, ValueError: if the manifest is malformed, or there is no recording.
    """
    if path.is_file() and path.suffix.lower() not in AUDIO_SUFFIXES + FOREIGN_SUFFIXES:
        return [utterance.path for utterance in read_manifest(path, allow_partial=True)]
    return find_audio(path)


def _read_values(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields every row's number and its values by column."""
    try:
        text = decode_text(path.read_bytes())
    except ValueError as error:
        raise CorpusError(f"{path}, {error}") from None
    separator = _find_separator(text)
    rows = _read_rows(path, text, separator)
    columns = _check_header(path, rows)
    for row, fields in rows:
        yield row, _check_fields(path, row, columns, fields, separator)


def _check_labels(path: Path, column: str, first_rows: dict[str, int]) -> None:
    """Refuses labels of several lines, and those that look alike: each would be a class, speaker or session, unseen."""
    spellings: dict[str, str] = {}
    for label, row in first_rows.items():
        if _CONTROL.search(label):
            raise CorpusError(
                f"{path}, row {row}, column {column!r}: {label!a} holds a line break, a tab or another control "
                "character; write it on one line, with spaces"
            )
        other = spellings.setdefault(_plain(label), label)
        if other != label:
            raise CorpusError(
                f"{path}, rows {first_rows[other]} and {row}, column {column!r}: {other!a} and {label!a} differ only "
                "in case, spaces, invisible characters or Unicode form; write them the same way in all rows"
            )


def _plain(label: str) -> str:
    visible = (letter for letter in unicodedata.normalize("NFKC", label) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", " ".join("".join(visible).casefold().split()))


def _expected() -> str:
    return f"the columns {', '.join(REQUIRED_COLUMNS)} and optionally {', '.join(OPTIONAL_COLUMNS)}"


def _find_separator(text: str) -> str:
    """The sign by which the first line has most of the required columns, then most columns; if in doubt a comma."""
    header = re.split("[\r\n]", text.lstrip("\r\n "), maxsplit=1)[0]

    def count(separator: str) -> tuple[int, int]:
        names = [_plain(name.strip(' "')) for name in header.split(separator)]
        return len(set(REQUIRED_COLUMNS) & set(names)), len(names)

    return max(_SEPARATORS, key=count)


def _holds_a_row(field: str, separator: str) -> bool:
    """Whether a later line of a field names a recording: a transcript may have several lines, but not that."""
    return any(
        Path(part.strip(' "')).suffix.lower() in AUDIO_SUFFIXES
        for line in re.split("[\r\n]", field)[1:]
        for part in line.split(separator)
    )


def _read_rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the line on which a row begins, and its fields; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line = 1
    try:
        for fields in reader:
            if any(_holds_a_row(field, separator) for field in fields):
                raise CorpusError(
                    f"{path}, row {line}: a quote that is not closed hides the next row; check the quotes"
                )
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{path}, row {line}: {error}; check the quotes of this row") from None


def _check_header(path: Path, rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The names of all columns, those that are read as this module writes them (`Speaker` is `speaker`)."""
    row, header = next(rows, (1, []))
    columns = [_plain(column) if _plain(column) in _COLUMNS else column.strip() for column in header]
    further = [column for column in columns if column not in _COLUMNS]
    for column in _COLUMNS:
        if columns.count(column) > 1:
            raise CorpusError(f"{path}, row {row}: column {column!r} occurs twice; remove one of the two")
        slip = None if column in columns else next((name for name in further if _resembles(name, column)), None)
        if slip is not None:
            raise CorpusError(
                f"{path}, row {row}: unknown column {slip!r}; if it is {column!r}, rename it so, else give it a name "
                f"that is less like it, or remove it; read are {_expected()}"
            )
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            found = ", ".join(map(repr, columns)) or "none"
            raise CorpusError(
                f"{path}, row {row}: no column {column!r}; expected {_expected()}, with commas, semicolons or tabs "
                f"between. Found: {found}"
            )
    if any(further):
        names = ", ".join(repr(name) for name in further if name)
        absent = [column for column in OPTIONAL_COLUMNS if column not in columns]
        unnamed = f"; it has no column named {' or '.join(absent)}" if absent else ""
        warnings.warn(f"{path}: further columns are not read: {names}{unnamed}", stacklevel=2)
    return columns


def _resembles(name: str, column: str) -> bool:
    """Whether a further column may be meant as `column`: a slip of the pen, or the word with others (`speaker_id`)."""
    words = re.findall(r"[^\W_]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name))
    return any(difflib.SequenceMatcher(None, word.casefold(), column).ratio() > _SIMILAR for word in (name, *words))


def _check_fields(path: Path, row: int, columns: list[str], fields: list[str], separator: str) -> dict[str, str]:
    # Spreadsheets write empty columns without a name at the end, pandas writes its index as a first one.
    unnamed = [field for column, field in list(zip(columns, fields, strict=False))[1:] if not column]
    fault = ""
    if len(fields) != len(columns):
        fault = f"{len(fields)} fields instead of {len(columns)} ({', '.join(columns)})"
    elif any(map(str.strip, unnamed)):
        fault = f"a field without a column ({', '.join(filter(None, columns))})"
    if fault:
        raise CorpusError(
            f"{path}, row {row}: {fault}; put fields that contain a {_SEPARATORS[separator]} in double quotes"
        )
    values = dict.fromkeys(_COLUMNS, "")
    values.update((name, field.strip()) for name, field in zip(columns, fields, strict=True) if name in values)
    for column in REQUIRED_COLUMNS:
        if not values[column]:
            raise CorpusError(f"{path}, row {row}, column {column!r}: empty; fill it in or remove the row")
    number = re.fullmatch(r"([0-9]{1,6})(\.0+)?", values["fold"])  # 1.0 is how pandas writes 1 where a fold is absent
    if values["fold"] and number is None:
        raise CorpusError(
            f"{path}, row {row}, column 'fold': {values['fold']!r} is not the number of a fold, such as 1"
        )
    values["fold"] = number[1] if number else ""
    return values


def _locate(written: str, folder: str, listings: dict) -> tuple[str, str | None]:
    """The absolute path that a row means, and the path of its file on disk, None if there is none.

    What is written may be the name of a file as it stands. Only if it is not, backslashes are taken for slashes, and a
    tilde for the home folder.
    """
    readings = [written]
    if "\\" in written:
        readings.append(written.replace("\\", "/"))
    if written.startswith("~"):
        # Path.expanduser raises an error for ~ann where there is no user ann; this leaves the name as it stands.
        readings.append(os.path.expanduser(readings[-1]))  # noqa: PTH111
    full = [os.path.normpath(reading if reading.startswith("/") else folder + reading) for reading in readings]
    return next(((path, found) for path in full if (found := _find(path, listings))), (full[0], None))


def _find(path: str, listings: dict[str, dict[str, tuple[str, bool]]]) -> str | None:
    """The path of a file as it is on disk, in whatever Unicode form; None if there is no such file."""
    found, is_folder = _look_up(path, listings)
    return None if is_folder else found


def _look_up(path: str, listings: dict) -> tuple[str | None, bool]:
    folder, _, name = path.rpartition("/")
    if folder not in listings:
        place, is_folder = (folder or "/", True) if Path(folder or "/").is_dir() else _look_up(folder, listings)
        listings[folder] = _list_folder(place) if place and is_folder else {}
    names = listings[folder]
    return names.get(name) or names.get(unicodedata.normalize("NFC", name)) or (None, False)


def _list_folder(folder: str) -> dict[str, tuple[str, bool]]:
    """Path and whether it is a folder, by name and by the name's composed form."""
    with os.scandir(folder) as entries:
        names = {entry.name: (entry.path, _is_folder(entry)) for entry in entries}
    return {**{unicodedata.normalize("NFC", name): value for name, value in names.items()}, **names}


def _is_folder(entry: os.DirEntry) -> bool:
    with contextlib.suppress(OSError):  # a link that leads to itself
        return entry.is_dir()
    return False
