"""The prediction for one recording, and its text forms: lines for people, JSON lines and CSV for programs."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np

from drl4ser.console import one_line, printable

_DIGITS = 6  # behind the point: float32 gives no more


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
        embedding: what the classifier got, float32 [E]; None unless the predictor was asked for it.

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
    embedding: np.ndarray | None = None

    @property
    def emotion(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def entropy(self) -> float:
        """Entropy of the probabilities in bits: 0 when certain, log2(num_classes) when all classes are alike."""
        shares = self.probabilities[self.probabilities > 0]
        return float(-(shares * np.log2(shares)).sum()) + 0.0  # never -0.0


@dataclasses.dataclass(frozen=True)
class Failure:
    """A recording without prediction.

    Attributes:
        path: the file.
        classes: class names, for the columns of a table.
        error: what is wrong, one line.
    """

    path: Path
    classes: tuple[str, ...]
    error: str


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


def format_json(item: Prediction | Failure) -> str:
    """Write one JSON object on one line: entropy in bits, times in seconds, what is unknown is null.

    Example:
        >>> json.loads(format_json(Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.5, 0.5]))))["entropy"]
        1.0
        >>> json.loads(format_json(Failure(Path("a.wav"), ("angry", "sad"), "no such file")))["error"]
        'no such file'
    """
    # Names of files may hold bytes that are not UTF-8, which JSON can only escape.
    return json.dumps(_columns(item), ensure_ascii=str(item.path) != printable(item.path))


def format_csv(item: Prediction | Failure) -> str:
    """Write a row of the table whose header is `csv_header`; warnings are joined by semicolons.

    Example:
        >>> format_csv(Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.5, 0.5]), ("silent", "short")))
        'a.wav,,,angry,0.5,0.5,1.0,silent; short,'
    """
    values = _columns(item)
    shares = values.pop("probabilities") or dict.fromkeys(item.classes)
    path, start, end, emotion, entropy, warnings, error = values.values()
    return _csv_line([printable(path), start, end, emotion, *shares.values(), entropy, "; ".join(warnings), error])


def csv_header(classes: tuple[str, ...]) -> str:
    """Write the names of the columns of `format_csv`.

    Example:
        >>> csv_header(("angry", "sad"))
        'path,start_seconds,end_seconds,emotion,angry,sad,entropy,warnings,error'
    """
    return _csv_line(["path", "start_seconds", "end_seconds", "emotion", *classes, "entropy", "warnings", "error"])


def _columns(item: Prediction | Failure) -> dict:
    found = item if isinstance(item, Prediction) else None
    shares = found and dict(zip(found.classes, map(_round, found.probabilities), strict=True))
    return {
        "path": str(item.path),
        "start_seconds": found and _round(found.start_seconds),
        "end_seconds": found and _round(found.end_seconds),
        "emotion": found and found.emotion,
        "probabilities": shares,
        "entropy": found and _round(found.entropy),
        "warnings": list(found.warnings) if found else [],
        "error": None if found else item.error,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)


def _csv_line(values: list) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
