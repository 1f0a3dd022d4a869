"""Embeddings of many recordings in one NumPy archive."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drl4ser.files import file_sha256, write_archive
from drl4ser.inference.prediction import Prediction
from drl4ser.runs.paths import WEIGHTS_FILE


def write_embeddings(
    path: Path, files: Sequence[Sequence[Prediction]], branches: Sequence[str], run_directory: Path
) -> None:
    """Write the embeddings of recordings, complete or not at all.

    The arrays: `paths` str [files]; `embeddings` float32 [files, E], row i being that of `paths[i]`; `branches` str
    [E], the modality that a column comes from; `run` and `weights_sha256`, which tell the embeddings of two runs apart:
    these have nothing in common. Of windows or segments, `embeddings` is [windows, E], and there are `file_index` int64
    [windows], the row of `paths`, and `starts` and `ends` float64 [windows] in seconds.

    Args:
        path: the file.
        files: for each recording its prediction, or those of its windows or segments in order; all have an embedding.
        branches: of `Predictor.branches`.
        run_directory: that made them.

    Raises:
        ValueError: if there is no embedding.
    """
    rows = [item for of_file in files for item in of_file]
    if not rows:
        raise ValueError(f"{path} was not written: no recording has an embedding")
    arrays = {
        "paths": np.array([str(of_file[0].path) for of_file in files]),
        "embeddings": np.stack([item.embedding for item in rows]),
        "branches": np.array(branches),
        "run": np.array(str(run_directory)),
        "weights_sha256": np.array(file_sha256(run_directory / WEIGHTS_FILE)),
    }
    if rows[0].start_seconds is not None:
        arrays["file_index"] = np.repeat(np.arange(len(files)), [len(of_file) for of_file in files])
        arrays["starts"] = np.array([item.start_seconds for item in rows])
        arrays["ends"] = np.array([item.end_seconds for item in rows])
    write_archive(path, arrays)
