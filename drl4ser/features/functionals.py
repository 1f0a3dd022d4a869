"""Functionals: an utterance of any length as 408 numbers, 12 statistics of every LLD and of its delta.

The 12 are those of the Interspeech 2009 Emotion Challenge (Schuller, Steidl and Batliner 2009), as openSMILE defines
them: times are counted in frames from 0.
"""

import numpy as np

from drl4ser.features.lld import LLD_NAMES

STATISTICS = (
    "max",
    "min",
    "range",
    "max_position",
    "min_position",
    "mean",
    "slope",
    "offset",
    "linear_error",
    "std",
    "skewness",
    "kurtosis",
)
FUNCTIONAL_NAMES = tuple(
    f"{contour}_{statistic}"
    for contour in (*LLD_NAMES, *(f"{name}_delta" for name in LLD_NAMES))
    for statistic in STATISTICS
)


def compute_deltas(llds) -> np.ndarray:
    """Slope of every contour over five frames, the first and the last frame going on beyond the ends.

    d_t = sum over w = 1, 2 of w (x_(t+w) - x_(t-w)) / 10, the regression of HTK and openSMILE.

    Args:
        llds: [num_frames, num_llds].

    Returns:
        float64 of the same shape, per frame.
    """
    x = np.pad(np.asarray(llds, np.float64), [(2, 2), (0, 0)], mode="edge")
    return (x[3:-1] - x[1:-3] + 2 * (x[4:] - x[:-4])) / 10


def compute_functionals(llds) -> np.ndarray:
    """The statistics of every LLD, then of every delta.

    | statistic | of the contour x_0..x_(N-1) |
    |---|---|
    | max, min, range | extremes and their distance |
    | max_position, min_position | frame where an extreme is first reached |
    | mean, std | mean and population standard deviation |
    | slope, offset | m (per frame) and b of the least squares line m t + b; m = 0 for one frame |
    | linear_error | mean squared distance from that line |
    | skewness, kurtosis | third and fourth central moment over std^3 and std^4; 0 for a constant contour |

    Args:
        llds: [num_frames, num_llds], such as `extract_llds` gives, normalised or not.

    Returns:
        float32 [24 num_llds] in the order of `FUNCTIONAL_NAMES`: 408 for the 17 LLDs.

    Raises:
        ValueError: if `llds` is not a finite matrix of at least one frame.
    """
    llds = np.asarray(llds, np.float64)
    if llds.ndim != 2 or len(llds) == 0:
        raise ValueError(f"`llds` must be [num_frames, num_llds]. Received: shape={llds.shape}")
    if not np.all(np.isfinite(llds)):
        raise ValueError("`llds` must be finite. Received: NaN or infinity")
    contours = np.concatenate([llds, compute_deltas(llds)], axis=1)
    return _describe(contours).T.ravel().astype(np.float32)


def _describe(x: np.ndarray) -> np.ndarray:
    """The statistics of contours [N, D]: [12, D]."""
    time = np.arange(len(x)) - (len(x) - 1) / 2
    mean, highest, lowest = x.mean(axis=0), x.max(axis=0), x.min(axis=0)
    centered = x - mean
    slope = time @ centered / max(time @ time, 0.5)  # 0 / 0.5 for a single frame
    error = np.square(centered - np.outer(time, slope)).mean(axis=0)
    variance, third, fourth = (np.power(centered, power).mean(axis=0) for power in (2, 3, 4))
    constant = highest == lowest  # exact, unlike the variance's rounding
    variance = np.where(constant, 0.0, variance)
    scale = np.where(constant, 1.0, variance)
    return np.stack(
        [
            highest,
            lowest,
            highest - lowest,
            x.argmax(axis=0),
            x.argmin(axis=0),
            mean,
            slope,
            mean + slope * time[0],
            error,
            np.sqrt(variance),
            np.where(constant, 0.0, third / scale**1.5),
            np.where(constant, 0.0, fourth / scale**2),
        ]
    )
