"""What a system makes of one recording."""

import dataclasses
from pathlib import Path

import numpy as np


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a system makes of a recording or of a window of it.

    Attributes:
        path: the file.
        classes: class names.
        probabilities: float64 [num_classes] in the order of `classes`; they sum to 1.
        warnings: what makes the input unlike the training data, each one line; see `find_input_warnings`.
        start_seconds: where the window begins in the file; None for a whole recording, as is `end_seconds`.
        end_seconds: where it ends.
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
        """Of the probabilities, in bits: 0 when certain, log2(num_classes) when all classes are alike."""
        shares = self.probabilities[self.probabilities > 0]
        return float(-(shares * np.log2(shares)).sum()) + 0.0  # never -0.0
