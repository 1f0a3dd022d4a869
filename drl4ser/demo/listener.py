"""What the page shows of a recording: read within limits, predicted, drawn. Nothing here depends on the web."""

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from drl4ser.features.audio_files import AUDIO_SUFFIXES
from drl4ser.figures.figure5 import attention_figure
from drl4ser.inference.inspection import draw_waveform, inspect_recording
from drl4ser.inference.prediction import Prediction
from drl4ser.inference.predictor import MAX_SECONDS, Predictor, Recording
from drl4ser.models.inspector import Inspection, has_attention


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of a visitor's recording.

    Args:
        max_seconds: longest recording, at most `MAX_SECONDS`.
        max_megabytes: largest file, in units of 2^20 bytes.
        delete_after_s: how long a file is kept on the disk; older files are looked for as often.
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


class Listener:
    """Read, predict and draw for one visitor after another; nothing of them is kept.

    Args:
        predictor: the run.
        limits: what a recording may be.

    Attributes:
        blocks: names of the run's attention blocks, from the first to the last; none if it has no self-attention.
        num_heads: of each block.
        has_words: whether transcripts are used.
        shows_waveform: whether there is informativeness to colour it by.
    """

    def __init__(self, predictor: Predictor, limits: Limits = Limits()):
        self.predictor, self.limits = predictor, limits
        self.has_words = predictor.run.word_vectors is not None
        self.blocks: tuple[str, ...] = ()
        self.num_heads, self.shows_waveform = 0, False
        config = predictor.run.config
        # The first call builds TensorFlow's graphs: the first visitor need not wait for them.
        num_frames = config.frame.sample_rate // config.frame.hop_length
        llds = np.zeros((num_frames, config.model.lld_dim), np.float32)
        one_second = Recording(Path(), np.zeros(config.frame.sample_rate), config.frame.sample_rate, llds)
        predictor.predict_recording(one_second)
        if has_attention(predictor.run.model):
            seen = inspect_recording(predictor, one_second)
            self.blocks = tuple(block.name for block in seen.blocks)
            self.num_heads = len(seen.blocks[0].weights)
            self.shows_waveform = len(seen.informativeness) > 0

    def read(self, path: Path | str) -> Recording:
        """Read a visitor's file.

        Raises:
            ValueError: if it is not audio, damaged, too short or too long; it is named without its folders.
        """
        path = Path(path)
        try:
            return self.predictor.read(path, self.limits.max_seconds, "bring a shorter one")
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), path.name)) from error

    def predict(self, recording: Recording, text: str = "") -> Prediction:
        """Predict with the warnings of `drl4ser-predict`; without lexical input `text` is not used."""
        return self.predictor.predict_recording(recording, text)

    def inspect(self, recording: Recording, text: str = "") -> Inspection | None:
        """Keep what the layers compute of a recording; None for a system without self-attention."""
        return inspect_recording(self.predictor, recording, text) if self.blocks else None

    def draw_waveform(self, recording: Recording, seen: Inspection | None) -> Figure | None:
        """Draw Figure 5(b), coloured by informativeness; None for a system without GCA-LSTM."""
        if seen is None or not self.shows_waveform:
            return None
        return draw_waveform(recording, seen, "waveform, coloured by informativeness")

    def draw_attention(self, seen: Inspection | None, block: int, head: int) -> Figure | None:
        """Draw Figure 5(a) of one block, from 1, and one of its heads, from 1 (0: their mean); None if not `seen`."""
        if seen is None:
            return None
        chosen = seen.blocks[block - 1]
        title = f"attention: {chosen.name}, {f'head {head}' if head else 'mean of the heads'}"
        return attention_figure(chosen.head(head), chosen.times, title=title)


def accepted_formats() -> str:
    """List the formats that can be uploaded, for a sentence.

    Example:
        >>> accepted_formats()
        'WAV, FLAC, OGG, OGA, OPUS, MP3, AIFF, AIF, AU, CAF, SPH'
    """
    return ", ".join(suffix[1:].upper() for suffix in AUDIO_SUFFIXES)
