"""Predictions by ONNX Runtime from a run's own export: the first answer in a fifth of the time, without TensorFlow."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drl4ser.features import speech_span
from drl4ser.files import file_sha256
from drl4ser.inference.predictor import Predictor
from drl4ser.runs.paths import WEIGHTS_FILE
from drl4ser.runs.run import load_run

EXPORT_FOLDER = "export"


def find_onnx(run_directory: Path) -> Path | None:
    """Find the ONNX file in a run's folder `export` if it is of the run's present weights and can be used here."""
    folder = run_directory / EXPORT_FOLDER
    model, interface = folder / "model.onnx", folder / "interface.json"
    if not (model.is_file() and interface.is_file() and importlib.util.find_spec("onnxruntime")):
        return None
    try:
        described = json.loads(interface.read_text(encoding="utf-8")).get("weights_sha256")
        return model if described == file_sha256(run_directory / WEIGHTS_FILE) else None
    except (OSError, ValueError, AttributeError):
        return None


class ExportedPredictor(Predictor):
    """A `Predictor` that applies the ONNX file of `find_onnx`; probabilities differ from TensorFlow's by about 1e-6.

    It has no `run.model`, no `inspector` and no embeddings.

    Args:
        run_directory: of a finished fold.
        model: its ONNX file.

    Raises:
        ValueError: as `Predictor`, or if the ONNX file cannot be read.
    """

    def __init__(self, run_directory: Path | str, model: Path):
        import onnxruntime

        self.run = load_run(run_directory, with_model=False)
        try:
            self._session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has errors of its own for each kind of damage
            raise ValueError(f"{model} cannot be read ({error}): delete it or export the run again") from error

    def predict_llds(self, llds: Sequence[np.ndarray], texts: Sequence[str] = ()) -> np.ndarray:
        """Compute probabilities for LLDs; the exported model normalises them itself."""
        trim_db = self.run.normalizer.trim_db
        values = self._pad_inputs([item[speech_span(item, trim_db)] for item in llds], texts)
        inputs = {item.name: values[item.name] for item in self._session.get_inputs()}
        (probabilities,) = self._session.run(["probabilities"], inputs)
        probabilities = probabilities.astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)
