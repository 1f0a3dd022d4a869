"""Predictions as text: lines for people, JSON lines and CSV for programs."""

import csv
import io
import json
from collections.abc import Callable

from drl4ser.console import one_line
from drl4ser.inference.prediction import Prediction

Formatter = Callable[[Prediction], str]


def format_text(prediction: Prediction) -> str:
    """Path, window, emotion, probabilities and entropy, separated by tabs; the warnings go elsewhere."""
    place = [str(prediction.path)]
    if prediction.start_seconds is not None:
        place.append(f"{prediction.start_seconds:.2f}-{prediction.end_seconds:.2f}s")
    shares = zip(prediction.classes, prediction.probabilities, strict=True)
    scores = [f"{name}={share:.3f}" for name, share in shares]
    return "\t".join([*map(one_line, (*place, prediction.emotion, *scores)), f"entropy={prediction.entropy:.3f}"])


def format_json(prediction: Prediction) -> str:
    """One JSON object on one line; probabilities with all their digits, entropy in bits, times in seconds."""
    values = {
        "path": str(prediction.path),
        "start_seconds": prediction.start_seconds,
        "end_seconds": prediction.end_seconds,
        "emotion": prediction.emotion,
        "probabilities": dict(zip(prediction.classes, prediction.probabilities.tolist(), strict=True)),
        "entropy": prediction.entropy,
        "warnings": list(prediction.warnings),
    }
    return json.dumps(values, ensure_ascii=False)


def format_csv(prediction: Prediction) -> str:
    """A row under `csv_header`; warnings are joined by semicolons."""
    times = [prediction.start_seconds, prediction.end_seconds]
    shares = [repr(share) for share in prediction.probabilities.tolist()]
    warnings = "; ".join(prediction.warnings)
    return _csv_line([prediction.path, *times, prediction.emotion, *shares, prediction.entropy, warnings])


def csv_header(classes: tuple[str, ...]) -> str:
    """The names of the columns of `format_csv`."""
    return _csv_line(["path", "start_seconds", "end_seconds", "emotion", *classes, "entropy", "warnings"])


def _csv_line(values: list) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
