"""The complete state of an unfinished fold in one file, so that a run killed at any moment ends with the same numbers.

The file is an uncompressed NumPy archive without pickled objects: every variable of the model (weights, batch-norm
statistics, dropout seeds) and of the optimiser, the best weights so far, and the progress as JSON.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drl4ser.atomic import atomic_write_bytes

_PROGRESS = "progress"


def save_checkpoint(path: Path, groups: dict[str, Sequence[Any]], progress: dict[str, Any]) -> None:
    """Write a checkpoint, complete or not at all.

    Args:
        path: the file.
        groups: named lists of variables or arrays; their order is their identity.
        progress: JSON-able values (epoch, history, configuration).
    """
    arrays = {
        f"{group}/{position:04d}": np.asarray(variable)
        for group, variables in groups.items()
        for position, variable in enumerate(variables)
    }
    arrays[_PROGRESS] = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    atomic_write_bytes(path, buffer.getbuffer())


def load_checkpoint(path: Path, groups: dict[str, Sequence[Any]]) -> dict[str, Any]:
    """Assign a checkpoint's arrays to the variables of `groups` and return its progress.

    Raises:
        ValueError: if the file is damaged or belongs to another model; nothing has been assigned then.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        progress = json.loads(arrays.pop(_PROGRESS).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is damaged ({error}); delete it and run again to start this fold anew"
        ) from error
    variables = {
        f"{group}/{position:04d}": variable
        for group, members in groups.items()
        for position, variable in enumerate(members)
    }
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    if shapes != {name: tuple(variable.shape) for name, variable in variables.items()}:
        raise ValueError(f"{path} is of another model; delete it and run again to start this fold anew")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return progress
