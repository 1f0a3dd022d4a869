"""The prediction for one recording, and its text forms: lines for people, JSON lines and CSV for programs."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np

from drl4ser.console import one_line, printable


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Class probabilities of a recording or of a window of it.

    Attributes:
        path: the file.
        classes: class names.
        probabilities: float64 [num_classes] in the order of `classes`; they sum to 1.
        warnings: what makes the input unlike the training data, one line each; see `find_input_warnings`.
        start_seconds: begin of the window in the file; None for a whole recording, as is `end_seconds`.
        end_seconds: end of the window.

    Example:
        >>> prediction = Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.25, 0.75]))
        >>> prediction.emotion, round(prediction.entropy, 3)
        ('sad', 0.811)
    """

    path: Path
    classes: tuple[str, ...]
    probabilities: np.ndarray
    warnings: tuple[str, ...] = ()
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def emotion(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def entropy(self) -> float:
        """Entropy of the probabilities in bits: 0 when certain, log2(num_classes) when all classes are alike."""
        shares = self.probabilities[self.probabilities > 0]
        return float(-(shares * np.log2(shares)).sum()) + 0.0  # never -0.0


def format_text(prediction: Prediction) -> str:
    r"""Write path, window, emotion, probabilities and entropy, separated by tabs; warnings go to standard error.

    Example:
        >>> format_text(Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.5, 0.5])))
        'a.wav\tangry\tangry=0.500\tsad=0.500\tentropy=1.000'
    """
    place = [str(prediction.path)]
    if prediction.start_seconds is not None:
        place.append(f"{prediction.start_seconds:.2f}-{prediction.end_seconds:.2f}s")
    shares = zip(prediction.classes, prediction.probabilities, strict=True)
    scores = [f"{name}={share:.3f}" for name, share in shares]
    return "\t".join([*map(one_line, (*place, prediction.emotion, *scores)), f"entropy={prediction.entropy:.3f}"])


def format_json(prediction: Prediction) -> str:
    """Write one JSON object on one line; probabilities with all their digits, entropy in bits, times in seconds.

    Example:
        >>> json.loads(format_json(Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.5, 0.5]))))["entropy"]
        1.0
    """
    values = {
        "path": str(prediction.path),
        "start_seconds": prediction.start_seconds,
        "end_seconds": prediction.end_seconds,
        "emotion": prediction.emotion,
        "probabilities": dict(zip(prediction.classes, prediction.probabilities.tolist(), strict=True)),
        "entropy": prediction.entropy,
        "warnings": list(prediction.warnings),
    }
    # Escapes where letters cannot be written: they name the file exactly.
    return json.dumps(values, ensure_ascii=values["path"] != printable(values["path"]))


def format_csv(prediction: Prediction) -> str:
    """Write a row of the table whose header is `csv_header`; warnings are joined by semicolons.

    Example:
        >>> format_csv(Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.5, 0.5]), ("silent", "short")))
        'a.wav,,,angry,0.5,0.5,1.0,silent; short'
    """
    times = [prediction.start_seconds, prediction.end_seconds]
    shares = [repr(share) for share in prediction.probabilities.tolist()]
    warnings = "; ".join(prediction.warnings)
    return _csv_line([printable(prediction.path), *times, prediction.emotion, *shares, prediction.entropy, warnings])


def csv_header(classes: tuple[str, ...]) -> str:
    """Write the names of the columns of `format_csv`.

    Example:
        >>> csv_header(("angry", "sad"))
        'path,start_seconds,end_seconds,emotion,angry,sad,entropy,warnings'
    """
    return _csv_line(["path", "start_seconds", "end_seconds", "emotion", *classes, "entropy", "warnings"])


def _csv_line(values: list) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
