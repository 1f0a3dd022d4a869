"""What a trained run attends to in a recording."""

import dataclasses
from pathlib import Path

import numpy as np

from drl4ser.features.normalization import speech_span
from drl4ser.inference.predictor import Predictor
from drl4ser.models.inspector import Inspection, Inspector


@dataclasses.dataclass(frozen=True)
class InspectedRecording:
    """A recording and what a system sees in it.

    Attributes:
        signal: float32 [num_samples], full scale = 1.
        sample_rate: of the signal in Hz.
        llds: float32 [num_frames, 17], not normalised.
        seen: attention, informativeness and probabilities; times are those of the recording.
    """

    signal: np.ndarray
    sample_rate: int
    llds: np.ndarray
    seen: Inspection


def inspect_recording(
    predictor: Predictor, inspector: Inspector, path: Path | str, text: str = ""
) -> InspectedRecording:
    """Applies a run to one recording and keeps what its layers saw.

    Args:
        predictor: the run.
        inspector: of the run's model, or of another that takes the same inputs.
        path: audio in any format that libsndfile reads.
        text: its transcript, for systems with lexical input.

    Raises:
        ValueError: if the file cannot be read is shorter than a frame or too long.
    """
    signal, rate, llds = predictor.read(Path(path))
    return InspectedRecording(signal, rate, llds, inspect_llds(predictor, inspector, llds, text))


def inspect_llds(predictor: Predictor, inspector: Inspector, llds: np.ndarray, text: str = "") -> Inspection:
    """`inspect_recording` for LLDs that are extracted already, float32 [num_frames, 17], not normalised."""
    frame = predictor.run.config.frame
    span = speech_span(llds, predictor.run.normalizer.trim_db)
    start_s = span.start * frame.hop_length / frame.sample_rate
    (seen,) = inspector(predictor.prepare([llds], [text]), [start_s])
    return seen
