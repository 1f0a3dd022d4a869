"""Normalisation of LLDs: z-scores with the statistics of the training part; on request silence is trimmed, and each
utterance's own mean taken off.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from drl4ser.features.lld import LLD_NAMES

_LOG_ENERGY = LLD_NAMES.index("log_energy")


def speech_span(llds: np.ndarray, trim_db: float) -> slice:
    """Find the span from the first to the last frame that is at most `trim_db` below the loudest one.

    Args:
        llds: [num_frames, 17].
        trim_db: in dB of the frame's mean power, not negative; 0 keeps every frame.

    Example:
        >>> llds = np.zeros((4, 17))
        >>> llds[:, LLD_NAMES.index("log_energy")] = -9, -1, 0, -9  # 10 dB are 2.3
        >>> speech_span(llds, trim_db=10)
        slice(1, 3, None)
    """
    if not trim_db or not len(llds):
        return slice(0, len(llds))
    log_energy = np.asarray(llds)[:, _LOG_ENERGY]
    loud = np.flatnonzero(log_energy >= log_energy.max() - np.float32(trim_db * np.log(10) / 10))
    return slice(int(loud[0]), int(loud[-1]) + 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Normalizer:
    """(x - mean) / std for each dimension of the frames within `speech_span`.

    With `subtract_mean` the mean of these values over the utterance's frames is then 0: cepstral mean normalisation
    (Atal, J. Acoust. Soc. Am. 55(6), 1974) of all LLDs. It takes off what microphone, level and voice add to every
    frame, and with it whatever of the emotion is constant in the utterance.

    Args:
        mean: float64 [num_features].
        std: float64 [num_features], positive; 1 for a dimension that was constant.
        trim_db: see `speech_span`; 0 keeps every frame.
        subtract_mean: whether each utterance's own mean is taken off.

    Example:
        >>> normalizer = Normalizer.fit([np.array([[1.0, 5.0], [3.0, 5.0]])])
        >>> normalizer(np.array([[4.0, 5.0]])).tolist()
        [[2.0, 0.0]]
    """

    mean: np.ndarray
    std: np.ndarray
    trim_db: float = 0.0
    subtract_mean: bool = False

    def __post_init__(self):
        for name in ("mean", "std"):
            value = np.array(getattr(self, name), np.float64)
            if value.ndim != 1 or value.size == 0 or not np.all(np.isfinite(value)):
                raise ValueError(f"`{name}` must be a finite vector. Received: {name}={value}")
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.mean.shape != self.std.shape or np.any(self.std <= 0):
            raise ValueError(f"`std` must be positive and as long as `mean`. Received: std={self.std}")

    @classmethod
    def fit(cls, utterances: Iterable[np.ndarray], trim_db: float = 0.0, subtract_mean: bool = False) -> "Normalizer":
        """Fit mean and (population) standard deviation over the frames of all utterances, in one pass.

        Means and sums of squared deviations are merged utterance by utterance in float64 (Chan, Golub and
        LeVeque 1983), which loses nothing where the mean is large against the deviation.

        Args:
            utterances: arrays [num_frames, num_features]; those without frames add nothing.
            trim_db: leaves out what `speech_span` leaves out; needs all 17 LLDs.
            subtract_mean: as of the class; without effect on `mean` and `std`.

        Raises:
            ValueError: if there is no frame at all, or an array has another rank or width, or is not finite.
        """
        total = None
        for llds in utterances:
            llds = np.asarray(llds, np.float64)
            if llds.ndim != 2 or (total is not None and llds.shape[1] != len(total[1])):
                raise ValueError(f"`utterances` must be [num_frames, num_features]. Received: shape={llds.shape}")
            if len(llds) == 0:
                continue
            if not np.all(np.isfinite(llds)):
                raise ValueError("`utterances` must be finite. Received: NaN or infinity")
            llds = llds[speech_span(llds, trim_db)]
            mean = llds.mean(axis=0)
            part = len(llds), mean, np.square(llds - mean).sum(axis=0)
            total = part if total is None else _merge(total, part)
        if total is None:
            raise ValueError("`utterances` must hold at least one frame. Received: none")
        count, mean, squares = total
        std = np.sqrt(squares / count)
        # Rounding leaves a constant dimension a deviation of some 1e-16 of its value: not a spread.
        std = np.where(std > 1e-12 * np.maximum(1.0, np.abs(mean)), std, 1.0)
        return cls(mean, std, trim_db, subtract_mean)

    def __call__(self, llds: np.ndarray) -> np.ndarray:
        """Normalise [num_frames, num_features]: float32 z-scores of the frames within `speech_span`."""
        llds = np.asarray(llds)
        if llds.shape[-1:] != self.mean.shape:
            raise ValueError(f"`llds` must have {len(self.mean)} features. Received: shape={llds.shape}")
        scores = (llds[speech_span(llds, self.trim_db)] - self.mean) / self.std
        if self.subtract_mean and len(scores):
            scores -= scores.mean(axis=0)
        return scores.astype(np.float32)

    def __eq__(self, other):
        if not isinstance(other, Normalizer):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self):
        return hash((self.mean.tobytes(), self.std.tobytes(), self.trim_db, self.subtract_mean))

    def to_dict(self) -> dict[str, list[float] | float]:
        """Return plain values, ready for JSON; `from_dict` restores every bit."""
        values = {"mean": self.mean.tolist(), "std": self.std.tolist(), "trim_db": self.trim_db}
        return values | ({"subtract_mean": True} if self.subtract_mean else {})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Normalizer":
        """Invert `to_dict`."""
        mean, std = (np.array(values[name], np.float64) for name in ("mean", "std"))
        return cls(mean, std, float(values.get("trim_db", 0.0)), bool(values.get("subtract_mean", False)))


def _merge(one, other):
    """Merge (count, mean, sum of squared deviations) of two sets of frames."""
    count = one[0] + other[0]
    delta = other[1] - one[1]
    mean = one[1] + delta * (other[0] / count)
    return count, mean, one[2] + other[2] + np.square(delta) * (one[0] * other[0] / count)
