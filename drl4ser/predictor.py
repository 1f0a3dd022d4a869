"""From a finished run directory to predictions for audio files; the console command `drl4ser-predict`."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from drl4ser.config import ExperimentConfig, from_dict
from drl4ser.features import EXTRACTOR_VERSION, Normalizer, extract_llds, load_audio
from drl4ser.quiet import import_tensorflow

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Probabilities of the classes for one file, in the order of `classes`; they sum to 1."""

    path: Path
    classes: tuple[str, ...]
    probabilities: np.ndarray

    @property
    def emotion(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]


class Predictor:
    """A trained system with everything it needs: settings, normaliser, vocabulary and weights.

    Args:
        run_directory: of a finished fold.

    Raises:
        ValueError: if the directory is not one of a finished fold, or its LLDs were made by another version.
    """

    def __init__(self, run_directory: Path):
        from drl4ser.models import build_model_from_config
        from drl4ser.training.results import read_record
        from drl4ser.training.run_directory import RECORD_FILE

        self.directory = Path(run_directory)
        if not (self.directory / RECORD_FILE).exists():
            raise ValueError(
                f"{run_directory} is not the directory of a finished run: it has no {RECORD_FILE}"
            )
        record = read_record(self.directory / RECORD_FILE)
        if record.versions.get("llds") != EXTRACTOR_VERSION:
            raise ValueError(
                f"{run_directory} was trained on LLDs of version {record.versions.get('llds')}, this program "
                f"makes version {EXTRACTOR_VERSION}: train it anew"
            )
        self.config = from_dict(ExperimentConfig, self._read_json("config.json"))
        self.normalizer = Normalizer.from_dict(self._read_json("normalizer.json"))
        self.word_vectors = self._load_words()
        self.model = build_model_from_config(self.config.model)
        self.model.load_weights(self.directory / "model.weights.h5")

    def predict(self, path: Path, text: str = "") -> Prediction:
        """Probabilities for one recording.

        Args:
            path: audio in any format that libsndfile reads.
            text: its transcript; without one a system with lexical input hears only.

        Raises:
            ValueError: if the file cannot be read or is shorter than a frame; it is named.
        """
        try:
            llds = extract_llds(*load_audio(path), self.config.frame)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        inputs = {"llds": self.normalizer(llds)[np.newaxis], "num_frames": np.array([len(llds)], np.int32)}
        if self.word_vectors is not None:
            words = self.word_vectors.embed(text)
            padded = words if len(words) else np.zeros((1, self.word_vectors.dimension), np.float32)
            inputs.update(words=padded[np.newaxis], num_words=np.array([len(words)], np.int32))
        logits = np.asarray(self.model(inputs, training=False), np.float64)[0]
        exponentials = np.exp(logits - logits.max())
        return Prediction(Path(path), self.config.classes, exponentials / exponentials.sum())

    def _read_json(self, name: str) -> dict:
        try:
            return json.loads((self.directory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.directory / name} is missing or damaged ({error})") from error

    def _load_words(self):
        if "lexical" not in self.config.model.modality:
            return None
        from drl4ser.text import WordVectors

        return WordVectors.load(self.directory / "words.bin")


def find_audio(paths: list[Path]) -> Iterator[Path]:
    """The files among `paths` and, in order of name, the audio files in the folders among them."""
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.suffix.lower() in AUDIO_SUFFIXES)
        else:
            yield path


def main(arguments: list[str] | None = None) -> int:
    """`drl4ser-predict RUN FILE [...]`: one line a file; a bad file is reported and the others go on.

    Returns:
        0 if every file had its prediction, else 1 (2 for wrong usage).
    """
    parser = argparse.ArgumentParser("drl4ser-predict", description="Emotion in recordings of speech.")
    parser.add_argument("run", type=Path, help="directory of a finished run, with record.json inside")
    parser.add_argument("audio", type=Path, nargs="+", help="audio files or folders")
    parser.add_argument("--text", default="", help="what is said, for systems with lexical input")
    options = parser.parse_args(arguments)
    import_tensorflow()
    try:
        predictor = Predictor(options.run)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    failed = 0
    for path in find_audio(options.audio):
        try:
            prediction = predictor.predict(path, options.text)
        except ValueError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        shares = zip(prediction.classes, prediction.probabilities, strict=True)
        print(path, prediction.emotion, *(f"{name}={share:.3f}" for name, share in shares), sep="\t")
    return 1 if failed else 0
