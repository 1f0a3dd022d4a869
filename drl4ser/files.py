"""Files that are complete or absent, text in several encodings, checksums, NumPy archives and locks."""

import codecs
import contextlib
import errno
import hashlib
import io
import json
import multiprocessing
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np

_PREFIX = ".tmp-"


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`; what is written there becomes `path` when the block ends without an error.

    A reader, or a run resumed after `kill -9`, sees the old file or the new one and never a part of it.
    The directory is made if need be. If the block raises, nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps two writers apart. `tempfile` would make the file unreadable to other users. The name
    # keeps its ending because some libraries choose the format by it.
    temporary = path.with_name(f"{_PREFIX}{os.getpid()}-{path.name}")
    try:
        with naming_full_disks(path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the renaming itself survives a power cut where the system allows it
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def naming_full_disks(path: Path) -> Iterator[None]:
    """Add to the error of a full disk which file had no room and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            f"{path} cannot be written ({error.strerror}); make room and run the same command again"
        ) from error


def atomic_write_bytes(path: str | Path, data: bytes) -> Path:
    """Write `data` to `path` by way of `atomic_path` and return `path`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def atomic_write_text(path: str | Path, text: str) -> Path:
    """`atomic_write_bytes` of UTF-8 text, line ends unchanged."""
    return atomic_write_bytes(path, text.encode("utf-8"))


# UTF-32 first: its mark begins with that of UTF-16.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(data: bytes) -> str:
    """Decode a text file that a user brings: UTF-8, or UTF-16 or UTF-32 with a byte order mark, line ends unchanged.

    Raises:
        ValueError: naming the line and the remedy; the caller adds the file's name.

    Example:
        >>> decode_text("schön".encode("utf-16"))
        'schön'
        >>> decode_text("schön".encode("latin-1"))
        Traceback (most recent call last):
            ...
        ValueError: line 1: not UTF-8; save the file as UTF-8
    """
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: not UTF-{encoding[4:].removesuffix('-sig')}; save the file as UTF-8") from None
    if "\0" in text:  # valid UTF-8, but every other letter would be a NUL
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"line {line}: a NUL character, as of UTF-16 without byte order mark; save the file as UTF-8")
    return text


def is_leftover(path: Path) -> bool:
    """Whether `path` is the temporary file of a process that is writing it or was killed."""
    return path.name.startswith(_PREFIX)


def remove_leftovers(directory: Path) -> None:
    """Delete the temporary files that a killed process left in `directory`, which the caller has locked."""
    for path in filter(is_leftover, directory.iterdir() if directory.exists() else ()):
        path.unlink(missing_ok=True)


CHECKSUM_KEY = "seal"  # the name in files of all versions
_BLOCK_BYTES = 2**20


def add_checksum(values: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with the SHA-256 of its other members under `CHECKSUM_KEY`.

    Example:
        >>> written = add_checksum({"ua": 0.5})
        >>> verify_checksum(written)
        {'ua': 0.5}
        >>> verify_checksum({**written, "ua": 0.6})
        Traceback (most recent call last):
            ...
        ValueError: its content does not match its checksum
    """
    # Not of the file's bytes: the same object may be written with other spaces, and lines end differently elsewhere.
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return {**values, CHECKSUM_KEY: hashlib.sha256(text.encode()).hexdigest()}


def verify_checksum(values: Any) -> dict[str, Any]:
    """What was given to `add_checksum`; objects of earlier versions have no checksum and are returned as they are.

    Raises:
        ValueError: if `values` is not an object or its checksum does not match.
    """
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    plain = {name: value for name, value in values.items() if name != CHECKSUM_KEY}
    if CHECKSUM_KEY in values and values[CHECKSUM_KEY] != add_checksum(plain)[CHECKSUM_KEY]:
        raise ValueError("its content does not match its checksum")
    return plain


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


# What the readers of NumPy and zipfile raise for damaged files.
DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    TypeError,
    SyntaxError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


def write_archive(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays into one file, with a CRC-32 of each."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    atomic_write_bytes(path, buffer.getbuffer())


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """The inverse of `write_archive`.

    Raises:
        ValueError: if the file is missing or damaged. It says what is wrong; the caller adds the file's name and
            the remedy.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from error


# Workers of a killed process end a moment after it, and the same command may be given again in that moment.
WAIT_SECONDS = 10.0


class LockedError(ValueError):
    """Another process works in the folder; the message names that process."""


@contextlib.contextmanager
def lock_folder(directory: Path, remedy: str, purpose: str = "", seconds: float | None = None) -> Iterator[None]:
    """Keep other processes of this program out of `directory` while the block runs.

    The lock is the operating system's (`flock`) on a file beside the folder: it ends with the process that holds
    it, however that process ends. A network drive must support locks, as NFS 4 does.

    Args:
        directory: the folder; its parent is made if need be.
        remedy: what to do if it is in use, for the error.
        purpose: part of the name of the lock file; locks of different purposes do not exclude each other.
        seconds: how long to wait for the process that holds the lock, by default `WAIT_SECONDS`.

    Raises:
        LockedError: if another process still holds the lock after that time.
    """
    path = directory.absolute().parent / f".{directory.name}{purpose}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    timeout = WAIT_SECONDS if seconds is None else seconds
    try:
        lock = filelock.FileLock(path, timeout=timeout, fallback_to_soft=False).acquire()
    except filelock.Timeout:
        raise LockedError(f"{directory} is in use by {_read_holder(path) or 'another process'}; {remedy}") from None
    with lock:
        # the process that the user started: workers end with it
        command = multiprocessing.parent_process() or multiprocessing.current_process()
        path.write_text(f"process {command.pid} on {socket.gethostname()}", encoding="utf-8")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is locked: a process that waits for this file then tries a new one


def _read_holder(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
