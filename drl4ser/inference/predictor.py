"""Predictions of a trained run for audio files; the library behind the command `drl4ser-predict`."""

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drl4ser.config import LENGTH_STEP
from drl4ser.console import needing
from drl4ser.features import extract_llds
from drl4ser.features.audio import AudioReader, open_audio
from drl4ser.features.input_range import find_input_warnings
from drl4ser.inference.prediction import Prediction
from drl4ser.inference.segments import Segments
from drl4ser.inference.windows import cut_spans, cut_windows
from drl4ser.runs.pretrained import find_run
from drl4ser.runs.run import describe_run
from drl4ser.text import tokenize
from drl4ser.text.word_vectors import HARDLY_ANY

MAX_SECONDS = 120.0
"""Longest recording taken as one utterance: the memory of self-attention grows with the square of the length."""
_PIECES_AT_A_TIME = 16  # windows or segments in a batch, if none is longer than _PIECE_SECONDS
_PIECE_SECONDS = 15.0  # of longer ones fewer: at twice the length a quarter


@dataclasses.dataclass(frozen=True)
class Recording:
    """A recording that was read.

    Attributes:
        path: the file.
        signal: float32 [num_samples], full scale = 1.
        sample_rate: of the file in Hz.
        llds: float32 [num_frames, 17], not normalised.
    """

    path: Path
    signal: np.ndarray
    sample_rate: int
    llds: np.ndarray


class Predictor:
    """A trained system with everything that it needs: settings, normaliser, vocabulary and weights.

    Args:
        run_directory: of a finished fold; nothing else is read.
        precision: arithmetic of the layers, a Keras policy; None for what the fold was trained and tested with.
        with_embeddings: whether predictions have an `embedding`, see `embed_llds`.

    Attributes:
        run: what the directory holds, a `drl4ser.runs.run.TrainedRun`.
        score: from the model's inputs, as `prepare` makes them, to logits, [B, num_classes].

    Raises:
        ValueError: if the directory is not one of a finished fold, lacks a file or holds files that do not fit
            together, or its LLDs were made by another version.
        ImportError: if TensorFlow is not installed.
    """

    with_embeddings = False

    def __init__(self, run_directory: Path | str, precision: str | None = None, with_embeddings: bool = False):
        # Importing TensorFlow takes seconds: only when it is needed.
        with needing("models"):
            from drl4ser.runs.run import input_signature, load_run
            from drl4ser.training.kernel_stage import KernelClassifier
            from drl4ser.training.step import make_evaluation_step

        self.run, self.with_embeddings = load_run(run_directory, precision), with_embeddings
        if self.run.kernel_machine is None:
            self.score = make_evaluation_step(self.run.model, (input_signature(self.run.model),))
        else:
            self.score = KernelClassifier(self.run.model, self.run.kernel_machine)

    @classmethod
    def from_pretrained(cls, name: Path | str, **options: Any) -> "Predictor":
        """Load a trained system that comes with the package, by its name, or any run directory.

        Args:
            name: one of `drl4ser.runs.pretrained.pretrained_names`, or a path.
            **options: of the constructor.

        Raises:
            ValueError: as the constructor, and for an unknown name; the message lists the names.
        """
        return cls(find_run(name), **options)

    def predict(self, path: Path | str, text: str = "") -> Prediction:
        """Predict one recording, taken as one utterance.

        Args:
            path: audio in any format that libsndfile reads.
            text: its transcript; without one a system with lexical input uses the audio only.

        Raises:
            ValueError: if the file cannot be read, is shorter than a frame or longer than `MAX_SECONDS`; it is named.
        """
        return self.predict_recording(self.read(path), text)

    def predict_recording(self, recording: Recording, text: str = "") -> Prediction:
        """Predict a recording of `read`: it is read once however often it is predicted and inspected."""
        config = self.run.config
        ((probabilities, embedding),) = self._apply([recording.llds], [text])
        warnings = find_input_warnings(
            recording.signal, recording.llds, recording.sample_rate, config.frame, self.run.input_range
        )
        warnings = (*warnings, *self._check_words(text))
        return Prediction(recording.path, config.classes, probabilities, warnings, embedding=embedding)

    def read(
        self, path: Path | str, max_seconds: float = MAX_SECONDS, remedy: str = "use windows (--window 3 --hop 1)"
    ) -> Recording:
        """Read a recording that is short enough to be one utterance.

        Args:
            path: audio in any format that libsndfile reads.
            max_seconds: longer recordings are refused.
            remedy: what to do with these, for the error.

        Raises:
            ValueError: as `predict`.
        """
        path = Path(path)
        with open_audio(path) as audio:
            signal, rate = audio.read(max_seconds=max_seconds, remedy=remedy), audio.sample_rate
        with _naming(path):
            return Recording(path, signal, rate, extract_llds(signal, rate, self.run.config.frame))

    def predict_windows(
        self, path: Path | str, window_seconds: float = 3.0, hop_seconds: float = 1.0
    ) -> Iterator[Prediction]:
        """Predict each window of a recording, which is read in blocks: an hour needs no more memory than a minute.

        A window gets the prediction of a file of just these samples. Transcripts are not used: they have no times.

        Args:
            path: audio in any format that libsndfile reads.
            window_seconds: length of a window; the last one ends with the recording.
            hop_seconds: from one window to the next, positive and at most `window_seconds`.

        Raises:
            ValueError: if the file cannot be read or is shorter than a frame (it is named), for a window shorter than
                a frame or longer than `MAX_SECONDS`, or for a hop that is not in (0, window].
        """
        path, config = Path(path), self.run.config
        rate = config.frame.sample_rate
        shortest = config.frame.frame_length / rate
        if not shortest <= window_seconds <= MAX_SECONDS:
            raise ValueError(
                f"a window must be at least {shortest:g} s and at most {MAX_SECONDS:g} s. "
                f"Received: {window_seconds:g} s"
            )
        if not 1 <= hop_seconds * rate <= window_seconds * rate:
            raise ValueError(
                f"`hop_seconds` must be more than 0 and at most `window_seconds`, else samples are lost. "
                f"Received: hop_seconds={hop_seconds:g}, window_seconds={window_seconds:g}"
            )
        window, hop = round(window_seconds * rate), round(hop_seconds * rate)
        with open_audio(path) as audio:
            pieces = cut_windows(audio.blocks(rate), window, hop)
            yield from self._predict_pieces(audio, pieces, window_seconds)

    def predict_segments(self, segments: Segments) -> Iterator[Prediction]:
        """Predict each segment of a recording, which is read a second time, in blocks.

        A segment gets the prediction of a file of just these samples. Transcripts are not used: they have no times.

        Args:
            segments: of `drl4ser.inference.segments.find_segments`.

        Raises:
            ValueError: if the file cannot be read; it is named.

        Example:
            >>> predictor = Predictor("runs/s3-acoustic/fold-00-seed-0")  # doctest: +SKIP
            >>> for segment in predictor.predict_segments(find_segments("interview.wav")):  # doctest: +SKIP
            ...     print(segment.start_seconds, segment.end_seconds, segment.emotion)
        """
        rate = self.run.config.frame.sample_rate
        spans = [(round(start * rate), round(end * rate)) for start, end in segments.spans]
        longest = max((end - start for start, end in segments.spans), default=0)
        with open_audio(segments.path) as audio:
            yield from self._predict_pieces(audio, cut_spans(audio.blocks(rate), spans), longest)

    def _predict_pieces(
        self, audio: AudioReader, pieces: Iterator[tuple[int, np.ndarray]], longest_seconds: float
    ) -> Iterator[Prediction]:
        """Predict the pieces (first sample, samples) of a recording, as many at a time as fit in the memory."""
        config, rate = self.run.config, self.run.config.frame.sample_rate
        number = max(1, int(_PIECES_AT_A_TIME * min(1, _PIECE_SECONDS / max(longest_seconds, 1)) ** 2))
        while batch := list(itertools.islice(pieces, number)):
            with _naming(audio.path):
                llds = [extract_llds(samples, rate, config.frame) for _, samples in batch]
            for (first, samples), item, (probabilities, embedding) in zip(batch, llds, self._apply(llds), strict=True):
                warnings = find_input_warnings(samples, item, audio.sample_rate, config.frame, self.run.input_range)
                times = first / rate, (first + len(samples)) / rate
                yield Prediction(audio.path, config.classes, probabilities, warnings, *times, embedding)

    @functools.cached_property
    def inspector(self) -> Any:
        """The `drl4ser.models.inspector.Inspector` of the run's model; ValueError if it has no self-attention."""
        from drl4ser.models.inspector import Inspector

        return Inspector(self.run.model, self.run.config.frame)

    def predict_llds(self, llds: Sequence[np.ndarray], texts: Sequence[str] = ()) -> np.ndarray:
        """Compute probabilities for LLDs that are extracted already.

        Args:
            llds: of each recording, float32 [num_frames, 17], not normalised.
            texts: their transcripts; without them there are no words.

        Returns:
            float64 [number of recordings, num_classes].
        """
        return self.predict_prepared(self.prepare(llds, texts))

    def embed_llds(self, llds: Sequence[np.ndarray], texts: Sequence[str] = ()) -> np.ndarray:
        """Compute what the classifier gets of LLDs, the representation that a system has learned.

        For S3 these are the 256 values (times the width) of F(I), the refined global memory. With lexical input they
        are followed by those of the words; `branches` tells which are which. For other systems see
        `drl4ser.models.assembly.find_representations`.

        Args:
            llds: as `predict_llds` takes them.
            texts: their transcripts; without them there are no words.

        Returns:
            float32 [number of recordings, E].

        Example:
            >>> predictor = Predictor("runs/s3-acoustic/fold-00-seed-0")  # doctest: +SKIP
            >>> predictor.embed_llds([predictor.read("speech.wav").llds]).shape  # doctest: +SKIP
            (1, 256)
        """
        return self._score_and_embed(self.prepare(llds, texts))[1]

    @functools.cached_property
    def branches(self) -> tuple[str, ...]:
        """The modality that each value of an embedding comes from: "acoustic", "lexical" or, of both, with a plus."""
        from drl4ser.models.assembly import find_representations

        found = find_representations(self.run.model)
        return tuple(name for name, tensor in found.items() for _ in range(tensor.shape[-1]))

    @functools.cached_property
    def _scores_and_embeddings(self):
        """A compiled function inputs -> float32 [B, C + E]: the logits, then the embedding."""
        import keras

        from drl4ser.models.assembly import find_representations
        from drl4ser.runs.run import input_signature
        from drl4ser.training.step import make_evaluation_step

        model = self.run.model
        parts = [keras.ops.cast(part, "float32") for part in (model.output, *find_representations(model).values())]
        both = keras.Model(model.inputs, keras.ops.concatenate(parts, axis=-1))
        return make_evaluation_step(both, (input_signature(both),))

    def _score_and_embed(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return np.split(self._scores_and_embeddings(inputs).numpy(), [self.run.config.model.num_classes], axis=1)

    def _apply(self, llds: Sequence[np.ndarray], texts: Sequence[str] = ()) -> Iterator[tuple]:
        """(probabilities, embedding or None) of each."""
        if not self.with_embeddings:
            return zip(self.predict_llds(llds, texts), [None] * len(llds), strict=True)
        inputs = self.prepare(llds, texts)
        logits, embeddings = self._score_and_embed(inputs)
        if self.run.kernel_machine is not None:
            logits = self.score(inputs)
        return zip(_softmax(logits), embeddings, strict=True)

    def predict_prepared(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Compute probabilities, float64 [B, num_classes], for the inputs that `prepare` makes."""
        return _softmax(self.score(inputs))

    def prepare(self, llds: Sequence[np.ndarray], texts: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Make the model's inputs for `predict_llds`: normalised, padded with zeros, and the lengths."""
        values = self._pad_inputs([self.run.normalizer(item) for item in llds], texts)
        return {item.name: values[item.name] for item in self.run.model.inputs}

    def describe(self) -> str:
        """Describe the run in one line, see `drl4ser.runs.run.describe_run`."""
        return describe_run(self.run)

    def _pad_inputs(self, llds: Sequence[np.ndarray], texts: Sequence[str]) -> dict[str, np.ndarray]:
        values = dict(zip(("llds", "num_frames"), _pad(llds, LENGTH_STEP), strict=True))
        if self.run.word_vectors is not None:
            words = [self.run.word_vectors.embed(text) for text in texts or [""] * len(llds)]
            values.update(zip(("words", "num_words"), _pad(words), strict=True))
        return values

    def _check_words(self, text: str) -> tuple[str, ...]:
        if self.run.word_vectors is None:
            return ()
        if not text.strip():
            return ("no transcript: the system was trained with words too",)
        known, spoken = len(self.run.word_vectors.embed(text)), len(tokenize(text))
        if spoken and known == spoken:
            return ()
        hardly_any = "" if known > HARDLY_ANY * spoken else "hardly any word is known, "
        return (
            f"{hardly_any}words outside the vocabulary of the training corpus are left out "
            f"(it holds {known} of the {spoken} words of the transcript)",
        )


def _softmax(logits: Any) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _pad(sequences: Sequence[np.ndarray], step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Pad arrays [T, D] with zeros to float32 [B, a multiple of step, D]; also their lengths, int32 [B]."""
    lengths = np.array([len(item) for item in sequences], np.int32)
    longest = -(-max(1, lengths.max()) // step) * step
    padded = np.zeros((len(sequences), longest, sequences[0].shape[1]), np.float32)
    for row, item in zip(padded, sequences, strict=True):
        row[: len(item)] = item
    return padded, lengths


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before the message of an error."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
