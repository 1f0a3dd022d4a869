"""Trained systems in formats that other programs read: .keras, TensorFlow SavedModel and ONNX."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from drl4ser.export.check import TOLERANCE, compare_with_original
from drl4ser.export.formats import FORMATS, export_run
from drl4ser.inference.predictor import Predictor


def export_and_check(run_directory: Path, formats: Sequence[str], directory: Path) -> Iterator[tuple[Path, float]]:
    """Writes a run in several formats, reads each back and compares it with the run.

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
            raise ValueError(f"{path} differs from the run by {difference:.1e}: do not use it")
        yield path, difference


__all__ = ["FORMATS", "compare_with_original", "export_and_check", "export_run"]
