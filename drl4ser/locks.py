"""One process at a time in a folder that is being written."""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

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
