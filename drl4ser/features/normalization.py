"""z-scores of the LLDs with statistics of the training part only, kept as plain numbers beside the model."""

import dataclasses
from collections.abc import Iterable

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Normalizer:
    """(x - mean) / std for each dimension.

    Args:
        mean: float64 [num_features].
        std: float64 [num_features], positive; 1 for a dimension that was constant.
    """

    mean: np.ndarray
    std: np.ndarray

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
    def fit(cls, utterances: Iterable[np.ndarray]) -> "Normalizer":
        """Mean and (population) standard deviation over all frames of all utterances, in one pass.

        Means and sums of squared deviations are merged utterance by utterance in float64 (Chan, Golub and
        LeVeque 1983), which loses nothing where the mean is large against the deviation.

        Args:
            utterances: arrays [num_frames, num_features]; those without frames add nothing.

        Raises:
            ValueError: if there is no frame at all, or an array has another rank or width, or is not finite.
        """
        total = None
        for llds in utterances:
            llds = np.asarray(llds, np.float64)
            if llds.ndim != 2 or (total is not None and llds.shape[1] != len(total[1])):
                raise ValueError(
                    f"`utterances` must be [num_frames, num_features]. Received: shape={llds.shape}"
                )
            if len(llds) == 0:
                continue
            if not np.all(np.isfinite(llds)):
                raise ValueError("`utterances` must be finite. Received: NaN or infinity")
            mean = llds.mean(axis=0)
            part = len(llds), mean, np.square(llds - mean).sum(axis=0)
            total = part if total is None else _merge(total, part)
        if total is None:
            raise ValueError("`utterances` must hold at least one frame. Received: none")
        count, mean, squares = total
        std = np.sqrt(squares / count)
        # Rounding leaves a constant dimension a deviation of some 1e-16 of its value: that is no spread.
        return cls(mean, np.where(std > 1e-12 * np.maximum(1.0, np.abs(mean)), std, 1.0))

    def __call__(self, llds: np.ndarray) -> np.ndarray:
        """[..., num_features] -> float32 z-scores of the same shape."""
        llds = np.asarray(llds)
        if llds.shape[-1:] != self.mean.shape:
            raise ValueError(f"`llds` must have {len(self.mean)} features. Received: shape={llds.shape}")
        return ((llds - self.mean) / self.std).astype(np.float32)

    def __eq__(self, other):
        if not isinstance(other, Normalizer):
            return NotImplemented
        return np.array_equal(self.mean, other.mean) and np.array_equal(self.std, other.std)

    def __hash__(self):
        return hash((self.mean.tobytes(), self.std.tobytes()))

    def to_dict(self) -> dict[str, list[float]]:
        """Plain lists, ready for JSON; `from_dict` restores every bit."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, list[float]]) -> "Normalizer":
        """The inverse of `to_dict`."""
        return cls(np.array(values["mean"], np.float64), np.array(values["std"], np.float64))


def _merge(one, other):
    """(count, mean, sum of squared deviations) of two sets of frames together."""
    count = one[0] + other[0]
    delta = other[1] - one[1]
    mean = one[1] + delta * (other[0] / count)
    return count, mean, one[2] + other[2] + np.square(delta) * (one[0] * other[0] / count)
