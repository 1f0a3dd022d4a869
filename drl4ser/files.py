"""Files that are complete or not there, checksums, NumPy archives and locks."""

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_PREFIX = ".tmp-"


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path in the directory of `path`; what is written there becomes `path` when the block ends well.

    A reader, or a run resumed after `kill -9`, sees the old file or the new one and never a part of it.
    The directory is made if need be. If the block raises, nothing is left behind.

    Args:
        path: the file to write or replace.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps two writers apart. `tempfile` would make the file unreadable to other users. The ending
    # stays: some libraries go by it.
    temporary = path.with_name(f"{_PREFIX}{os.getpid()}-{path.name}")
    try:
        with naming_full_disks(path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


@contextlib.contextmanager
def naming_full_disks(path: Path) -> Iterator[None]:
    """The system does not say which file it had no room for; this does, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            f"{path} cannot be written ({error.strerror}); make room and run the same command again"
        ) from error


def atomic_write_bytes(path: str | Path, data: bytes) -> Path:
    """Writes `data` to `path` by way of `atomic_path`.

    Args:
        path: the file to write or replace.
        data: its whole content.

    Returns:
        `path` as a `pathlib.Path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def atomic_write_text(path: str | Path, text: str) -> Path:
    """`atomic_write_bytes` of UTF-8 text, line ends as they are."""
    return atomic_write_bytes(path, text.encode("utf-8"))


def remove_leftovers(directory: Path) -> None:
    """Deletes temporary files that a killed process left in `directory`, which the caller has locked."""
    for path in directory.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


def is_leftover(path: Path) -> bool:
    """Whether `path` is a temporary file of a process that is writing it or was killed."""
    return path.name.startswith(_PREFIX)


def _sync_directory(directory: Path) -> None:
    """Makes the renaming itself survive a power cut, where the system allows it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


SEAL = "seal"
_BLOCK_BYTES = 2**20


def seal(values: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with the SHA-256 of its other members under "seal"."""
    return {**values, SEAL: _digest(values)}


def check_seal(values: Any) -> dict[str, Any]:
    """What was given to `seal`; objects of earlier versions have no seal and are returned as they are.

    Raises:
        ValueError: if `values` is not an object or its seal does not fit.
    """
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    plain = {name: value for name, value in values.items() if name != SEAL}
    if SEAL in values and values[SEAL] != _digest(plain):
        raise ValueError("its content does not match its checksum")
    return plain


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _digest(values: dict[str, Any]) -> str:
    # Not of the bytes: the same object may be written with other spaces, and lines end differently elsewhere.
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# What NumPy's and zipfile's readers raise for bytes that are not theirs.
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
    """Write named arrays into one file; each has a CRC-32 there."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    atomic_write_bytes(path, buffer.getbuffer())


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """What `write_archive` wrote.

    Raises:
        ValueError: if the file is missing or damaged. It says what is wrong, and leaves the file's name and the
            remedy to the caller.
    """
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > len(content):
                raise ValueError("it is compressed")  # ours are not; a small file could fill the memory
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from error


# Workers of a killed process end a moment after it, and the same command may be given again in that moment.
WAIT_SECONDS = 10.0
_SECONDS_BETWEEN_TRIES = 0.1


class LockedError(ValueError):
    """Another process works in the folder; the message names it."""


@contextlib.contextmanager
def lock_folder(directory: Path, remedy: str) -> Iterator[None]:
    """Keep other processes of this program out of `directory` for a while.

    The lock is the operating system's (`flock`) on a file beside the folder: it ends with the process that holds
    it, however that ends. On a network drive it needs NFS 4 or another one with locks.

    Args:
        directory: the folder; made if need be.
        remedy: what to do if it is in use, for the error.

    Raises:
        LockedError: if another process still holds the lock after `WAIT_SECONDS`.
    """
    path = directory.absolute().parent / f".{directory.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while (descriptor := _try(path)) is None:
        if time.monotonic() >= deadline:
            raise LockedError(f"{directory} is in use by {_holder(path)}; {remedy}")
        time.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _try(path: Path) -> int | None:
    """The open file with the lock on it, None if another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder before us removes the file when it is done: then we hold a lock that nobody else would see.
        if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace") or "another process"
    return "another process"
