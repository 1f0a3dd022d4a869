"""Trained systems in formats that other programs read: .keras, TensorFlow SavedModel, ONNX and LiteRT, each checked."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from drl4ser.export.formats import FORMATS, export_run
from drl4ser.inference.predictor import Predictor

TOLERANCE = 1e-4
"""Largest difference of a probability between a run and its export."""
_BATCHES = ((1,), (33,), (64, 400, 7), (1000, 999), (31, 32, 33, 34))  # frames of each recording


def export_and_check(run_directory: Path, formats: Sequence[str], directory: Path) -> Iterator[tuple[Path, float]]:
    """Write a run in several formats, read each back and compare it with the run.

    Args:
        run_directory: of a finished fold.
        formats: names in `FORMATS`.
        directory: made if need be.

    Yields:
        The file or folder of each export, and the largest difference of a probability.

    Raises:
        ValueError: if a format is unknown or cannot hold the system, or what was written differs from the run.
    """
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"unknown format {name!r}; choose among {', '.join(FORMATS)}")
    predictor = Predictor(run_directory, precision="float32")
    for name in formats:
        path = export_run(predictor.run, name, directory)
        difference = compare_with_original(predictor, FORMATS[name].load(path))
        if not difference <= TOLERANCE:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            raise ValueError(f"{path} differed from the run by {difference:.1e} and was deleted")
        yield path, difference


def compare_with_original(predictor: Predictor, exported: Callable[[dict], np.ndarray], seed: int = 0) -> float:
    """Compute the largest difference of a probability between the trained run and its export.

    Batches of one to four recordings of 1 to 1000 frames, with and without words, are padded with random values, NaN
    and infinity: an export that reads the padding is found out.

    Args:
        predictor: of the run itself, in float32.
        exported: from raw inputs to probabilities [B, num_classes].
        seed: of the LLDs, which are drawn from the training data's distribution.

    Returns:
        At most 1; below `TOLERANCE` if the export is sound.
    """
    rng = np.random.default_rng(seed)
    differences = [
        np.abs(exported(inputs) - predictor.predict_prepared(normalized)).max()
        for inputs, normalized in _draw_batches(predictor, rng)
    ]
    return float(np.max(differences))


def _draw_batches(predictor: Predictor, rng: np.random.Generator) -> Iterator[tuple[dict, dict]]:
    """Raw inputs with garbage in the padding, and the same normalised and padded with zeros."""
    names = [item.name for item in predictor.run.model.inputs]
    normalizer = dataclasses.replace(predictor.run.normalizer, trim_db=0.0)  # what is given is trimmed
    word_dim = predictor.run.config.model.word_dim
    for lengths in _BATCHES:
        frames = [rng.normal(size=(length, len(normalizer.mean))) for length in lengths]
        words = [rng.normal(size=(count, word_dim)) for count in rng.integers(0, 12, len(lengths))]
        raw = [item * normalizer.std + normalizer.mean for item in frames]
        given = {**_pad("llds", "num_frames", raw, rng), **_pad("words", "num_words", words, rng)}
        clean = {**_pad("llds", "num_frames", [normalizer(item) for item in raw]), **_pad("words", "num_words", words)}
        yield {name: given[name] for name in names}, {name: clean[name] for name in names}


def _pad(values: str, lengths: str, items: list[np.ndarray], rng: np.random.Generator | None = None) -> dict:
    longest = max(1, *map(len, items))
    padded = np.zeros((len(items), longest, items[0].shape[1]), np.float32)
    if rng is not None:
        padded += 100 * rng.normal(size=padded.shape).astype(np.float32)
        padded += rng.choice([0, np.nan, np.inf], p=[0.8, 0.1, 0.1], size=padded.shape).astype(np.float32)
    for row, item in zip(padded, items, strict=True):
        row[: len(item)] = item
    return {values: padded, lengths: np.array([len(item) for item in items], np.int32)}


__all__ = ["FORMATS", "compare_with_original", "export_and_check", "export_run"]
