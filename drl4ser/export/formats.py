"""The formats by name: how each is written, and how it is read back by a program that knows the format only."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from drl4ser.config import to_dict
from drl4ser.export.onnx_file import write_onnx
from drl4ser.export.served_model import build_served_model
from drl4ser.features import EXTRACTOR_VERSION, LLD_NAMES
from drl4ser.files import atomic_write_text
from drl4ser.runs.run import TrainedRun, input_signature

Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: of the file or folder.
        write: writes a model to a path.
        load: reads it back as a function from inputs to probabilities [B, num_classes].
    """

    name: str
    write: Callable[[keras.Model, Path], None]
    load: Callable[[Path], Callable[[Inputs], np.ndarray]]


def export_run(run: TrainedRun, format_name: str, directory: Path) -> Path:
    """Writes a trained system in one format, and `interface.json` (what goes in and out) and `words.bin` beside it.

    Args:
        run: loaded with precision float32.
        format_name: one of `FORMATS`.
        directory: made if need be.

    Returns:
        The file or folder of the model.

    Raises:
        ValueError: if the format cannot hold the system; the message says why.
    """
    if run.kernel_machine is not None:
        raise ValueError(
            f"{format_name} cannot hold {run.config.model.system}: its classifier is a support vector machine with "
            "several kernels, not a network; use drl4ser-predict"
        )
    directory.mkdir(parents=True, exist_ok=True)
    chosen = FORMATS[format_name]
    path = directory / chosen.name
    chosen.write(build_served_model(run), path)
    atomic_write_text(directory / "interface.json", json.dumps(describe_interface(run), indent=1) + "\n")
    if run.word_vectors is not None:
        run.word_vectors.save(directory / "words.bin")
    return path


def describe_interface(run: TrainedRun) -> dict:
    """What a caller of an exported model must know, as plain values."""
    return {
        "system": run.config.model.system,
        "classes": list(run.config.classes),
        "inputs": {item.name: [list(item.shape), item.dtype] for item in run.model.inputs},
        "outputs": {"probabilities": [[None, len(run.config.classes)], "float32"]},
        "llds": list(LLD_NAMES),
        "llds_version": EXTRACTOR_VERSION,
        "frame": to_dict(run.config.frame),
        # Frames that are that far below the loudest one at either end must be cut off by the caller; 0: none.
        "trim_db": run.normalizer.trim_db,
    }


def _write_keras(model: keras.Model, path: Path) -> None:
    temporary = path.with_name(f".part-{path.name}")
    model.save(temporary)
    temporary.replace(path)


def _load_keras(path: Path) -> Callable[[Inputs], np.ndarray]:
    model = keras.saving.load_model(path, safe_mode=True)
    return lambda inputs: np.asarray(model(inputs, training=False)["probabilities"])


def _write_saved_model(model: keras.Model, path: Path) -> None:
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve", lambda inputs: model(inputs, training=False), input_signature=[input_signature(model)]
    )
    shutil.rmtree(path, ignore_errors=True)
    # Gradients have no part in serving, and those of the loops cannot be saved.
    archive.write_out(str(path), tf.saved_model.SaveOptions(experimental_custom_gradients=False), verbose=False)


def _load_saved_model(path: Path) -> Callable[[Inputs], np.ndarray]:
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]

    def run(inputs: Inputs) -> np.ndarray:
        _ = loaded  # the signature alone would not keep the weights alive
        return signature(**{name: tf.constant(value) for name, value in inputs.items()})["probabilities"].numpy()

    return run


def _load_onnx(path: Path) -> Callable[[Inputs], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["probabilities"], inputs)[0]


FORMATS = {
    "keras": Format("model.keras", _write_keras, _load_keras),
    "saved_model": Format("saved_model", _write_saved_model, _load_saved_model),
    "onnx": Format("model.onnx", write_onnx, _load_onnx),
}
