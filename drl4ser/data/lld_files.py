"""The LLDs of any recordings in one file for other programs: CSV, Parquet or NPZ, by the file's name."""

import contextlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from drl4ser.config import FrameConfig, to_dict
from drl4ser.console import printable, progress
from drl4ser.features import EXTRACTOR_VERSION, LLD_NAMES, frame_times, stream_llds
from drl4ser.features.audio import AudioError, open_audio
from drl4ser.files import atomic_path
from drl4ser.parallel.workers import map_in_order

COLUMNS = ("file", "time_s", *LLD_NAMES)
_CONFIG = FrameConfig()
_ROWS = 50_000  # rows that are formatted at a time: an hour of audio has 720,000
_Write = Callable[[str, np.ndarray], None]


def export_llds(
    paths: Sequence[Path], root: Path, output: Path, num_workers: int = 1
) -> tuple[int, list[tuple[Path, str]]]:
    """Extract the LLDs of recordings and write them to one file, complete or not at all.

    A CSV or Parquet file has a row for each frame: `file` (path below `root`), `time_s` (centre of the frame) and
    the 17 descriptors. An NPZ file has, for each recording, an array float32 [num_frames, 17] under its path below
    `root`; `columns` names the 17 and row n of every array is at `time_s[n]`. Audio is read in blocks and the
    recordings are written one after the other: memory is needed for the LLDs of the longest few, not for all.

    Args:
        paths: the recordings, in the order in which they are written.
        root: the folder that they are in.
        output: a path that ends in .csv, .parquet or .npz.
        num_workers: processes; the file is the same.

    Returns:
        (frames written, (path, reason) of every recording that was left out).

    Raises:
        ValueError: for another ending, or if no recording can be used.
        ImportError: if .parquet is wanted and pyarrow is not installed.
    """
    if output.suffix not in _FORMATS:
        raise ValueError(f"{output} must end in {', '.join(_FORMATS)}: that chooses the format")
    num_frames, problems = 0, []
    described = map_in_order(_describe, paths, min(num_workers, len(paths)))
    with atomic_path(output) as temporary, _FORMATS[output.suffix](temporary) as write:
        for path, (llds, problem) in zip(progress(paths, unit="file", desc="LLDs"), described, strict=True):
            if problem:
                problems.append((path, problem))
                continue
            write(printable(path.relative_to(root).as_posix()), llds)
            num_frames += len(llds)
        if not num_frames:
            raise ValueError(f"no recording can be used; the first problem is {': '.join(map(str, problems[0]))}")
    return num_frames, problems


def _describe(path: Path) -> tuple[np.ndarray | None, str]:
    """LLDs of one file, or the reason why it cannot be used."""
    try:
        with open_audio(path) as audio:
            pieces = stream_llds(audio.blocks(_CONFIG.sample_rate), _CONFIG.sample_rate, _CONFIG)
            return np.concatenate(list(pieces)), ""
    except AudioError as error:
        return None, error.reason
    except ValueError as error:
        return None, str(error)


@contextlib.contextmanager
def _open_csv(path: Path) -> Iterator[_Write]:
    import pandas as pd

    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")

        def write(name, llds):
            for columns in _cut(name, llds):
                pd.DataFrame(columns).to_csv(file, header=False, index=False, lineterminator="\n")

        yield write


@contextlib.contextmanager
def _open_parquet(path: Path) -> Iterator[_Write]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: run pip install 'drl4ser[parquet]'") from error
    types = [pa.string(), pa.float64(), *[pa.float32()] * len(LLD_NAMES)]
    origin = {"extractor": EXTRACTOR_VERSION, "frame": json.dumps(to_dict(_CONFIG))}
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)), metadata=origin)
    with pq.ParquetWriter(path, schema) as writer:

        def write(name, llds):
            for columns in _cut(name, llds):
                num_rows = len(columns["time_s"])
                writer.write_table(pa.table({**columns, "file": [name] * num_rows}, schema=schema))

        yield write


@contextlib.contextmanager
def _open_npz(path: Path) -> Iterator[_Write]:
    longest = 0
    with zipfile.ZipFile(path, "w") as archive:

        def add(name, values):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)

        def write(name, llds):
            nonlocal longest
            longest = max(longest, len(llds))
            add(name, llds)

        add("columns", np.array(LLD_NAMES))
        yield write
        add("time_s", frame_times(longest, _CONFIG))


def _cut(name, llds):
    """Yields up to `_ROWS` rows of a recording at a time, as columns."""
    times = frame_times(len(llds), _CONFIG)
    for first in range(0, len(llds), _ROWS):
        rows = slice(first, first + _ROWS)
        yield {"file": name, "time_s": times[rows], **dict(zip(LLD_NAMES, llds[rows].T, strict=True))}


_FORMATS = {".csv": _open_csv, ".parquet": _open_parquet, ".npz": _open_npz}
