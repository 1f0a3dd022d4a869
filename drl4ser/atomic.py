"""Files that are either complete or not there, whenever the process is killed."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

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
