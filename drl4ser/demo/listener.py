"""What the page shows of a recording: read within limits, predicted, drawn. No web in here."""

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from drl4ser.features.audio import AUDIO_SUFFIXES
from drl4ser.figures.figure5 import attention_figure
from drl4ser.inference.inspection import InspectedRecording, inspect_llds
from drl4ser.inference.pictures import draw_waveform
from drl4ser.inference.prediction import Prediction
from drl4ser.inference.predictor import MAX_SECONDS, Predictor
from drl4ser.models.inspector import Inspection, Inspector, has_attention


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a visitor may bring.

    Args:
        max_seconds: longest recording, at most `MAX_SECONDS`.
        max_megabytes: largest file, in units of 2^20 bytes.
        delete_after_s: how long a file may lie on the disk; what is older is looked for as often.
    """

    max_seconds: float = 30.0
    max_megabytes: int = 20
    delete_after_s: int = 60

    def __post_init__(self):
        if not 0 < self.max_seconds <= MAX_SECONDS:
            raise ValueError(
                f"`max_seconds` must be positive and at most {MAX_SECONDS:.0f}. "
                f"Received: max_seconds={self.max_seconds}"
            )
        for name in ("max_megabytes", "delete_after_s"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={getattr(self, name)}")


@dataclasses.dataclass(frozen=True)
class Recording:
    """What is kept of a visitor's file while its page is open.

    Attributes:
        name: the file's, without folders.
        signal: float32 [num_samples], full scale = 1.
        sample_rate: of the signal in Hz.
        llds: float32 [num_frames, 17], not normalised.
    """

    name: str
    signal: np.ndarray
    sample_rate: int
    llds: np.ndarray


class Listener:
    """Reads, predicts and draws for one visitor after another; it keeps nothing of them.

    Args:
        predictor: the run.
        limits: what a recording may be.

    Attributes:
        blocks: names of the run's attention blocks, from the first to the last; none if it has no self-attention.
        num_heads: of each block.
        knows_words: whether transcripts play a part.
        shows_waveform: whether there is informativeness to colour it by.
    """

    def __init__(self, predictor: Predictor, limits: Limits = Limits()):
        self.predictor, self.limits = predictor, limits
        self.knows_words = predictor.run.word_vectors is not None
        self.blocks: tuple[str, ...] = ()
        self.num_heads, self.shows_waveform, self._inspector = 0, False, None
        config = predictor.run.config
        # Also the first call, which builds TensorFlow's graphs: the first visitor need not wait for them.
        one_second = np.zeros((config.frame.sample_rate // config.frame.hop_length, config.model.lld_dim), np.float32)
        predictor.predict_llds([one_second])
        if has_attention(predictor.run.model):
            self._inspector = Inspector(predictor.run.model, config.frame)
            seen = inspect_llds(predictor, self._inspector, one_second)
            self.blocks = tuple(block.name for block in seen.blocks)
            self.num_heads = len(seen.blocks[0].weights)
            self.shows_waveform = len(seen.informativeness) > 0

    def read(self, path: Path | str) -> Recording:
        """A visitor's file.

        Raises:
            ValueError: if it is no audio, damaged, too short or too long; names the file without its folders.
        """
        path = Path(path)
        try:
            return Recording(path.name, *self.predictor.read(path, self.limits.max_seconds, "bring a shorter one"))
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), path.name)) from error

    def predict(self, recording: Recording, text: str = "") -> Prediction:
        """Probabilities and warnings, those of `drl4ser-predict`; without lexical input `text` plays no part."""
        return self.predictor.predict_recording(Path(recording.name), recording.sample_rate, recording.llds, text)

    def look(self, recording: Recording, text: str = "") -> Inspection | None:
        """What the layers see of a recording; None for a system without self-attention."""
        if self._inspector is None:
            return None
        return inspect_llds(self.predictor, self._inspector, recording.llds, text)

    def draw_waveform(self, recording: Recording, seen: Inspection | None) -> Figure | None:
        """Figure 5(b), coloured by informativeness; None for a system without GCA-LSTM."""
        if seen is None or not self.shows_waveform:
            return None
        inspected = InspectedRecording(recording.signal, recording.sample_rate, recording.llds, seen)
        return draw_waveform(inspected, "waveform, coloured by informativeness")

    def draw_attention(self, seen: Inspection | None, block: int, head: int) -> Figure | None:
        """Figure 5(a) of one block, from 1, and one of its heads, from 1 (0: their mean); None if not `seen`."""
        if seen is None:
            return None
        chosen = seen.blocks[block - 1]
        title = f"attention: {chosen.name}, {f'head {head}' if head else 'mean of the heads'}"
        return attention_figure(chosen.head(head), chosen.times, title=title)


def accepted_formats() -> str:
    """The formats that can be uploaded, for a sentence."""
    return ", ".join(suffix[1:].upper() for suffix in AUDIO_SUFFIXES)
