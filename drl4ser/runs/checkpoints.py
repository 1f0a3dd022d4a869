"""Checkpoints of unfinished folds and weights of finished ones.

A checkpoint is the complete state in one file, so that a run killed at any moment ends with the same numbers: a NumPy
archive, without pickled objects and with a CRC-32 of each member, of every variable of the model (weights, batch-norm
statistics, dropout seeds) and of the optimiser, the best weights so far, and the progress as JSON. The weights of a
finished fold are Keras' HDF5 file.
"""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from drl4ser.files import DAMAGE, atomic_path, read_archive, write_archive

_PROGRESS = "progress"


def save_checkpoint(path: Path, groups: dict[str, Sequence[Any]], progress: dict[str, Any]) -> None:
    """Write a checkpoint, complete or not at all, replacing an older one.

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
    write_archive(path, arrays)


def load_checkpoint(path: Path, groups: dict[str, Sequence[Any]]) -> dict[str, Any]:
    """Assign a checkpoint's arrays to the variables of `groups` and return its progress.

    Raises:
        ValueError: if the file is damaged or belongs to another model; nothing has been assigned then.
    """
    try:
        arrays = read_archive(path)
        progress = json.loads(arrays.pop(_PROGRESS).tobytes())
        if not isinstance(progress, dict):
            raise ValueError("its progress is not a JSON object")
    except (ValueError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); delete it and run again: this fold starts from the beginning"
        ) from error
    variables = {
        f"{group}/{position:04d}": variable
        for group, members in groups.items()
        for position, variable in enumerate(members)
    }
    found = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    if found != {name: _shape_and_type(variable) for name, variable in variables.items()}:
        raise ValueError(f"{path} is of another model; delete it and run again: the fold starts again")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return progress


def save_weights(path: Path, model: keras.Model) -> None:
    """Write a model's weights, complete or not at all; `path` ends in .weights.h5."""
    with atomic_path(path) as temporary:
        model.save_weights(temporary)


def load_weights(path: Path, model: keras.Model) -> None:
    """The inverse of `save_weights`.

    Raises:
        ValueError: if the file is missing, damaged or of another model; Keras may have assigned a part by then.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns when it leaves weights random
            model.load_weights(path)
    except (*DAMAGE, UserWarning) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path} is damaged or does not fit config.json beside it ({reason}); run this fold again"
        ) from error


def _shape_and_type(variable) -> tuple[tuple[int, ...], str]:
    return tuple(variable.shape), np.dtype(getattr(variable.dtype, "name", variable.dtype)).name
