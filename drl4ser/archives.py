"""NumPy archives (.npz) without pickled objects and without compression: complete or not there, refused if damaged."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from drl4ser.atomic import atomic_write_bytes

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
