"""Calibration: how often a predicted class is right, against its probability."""

import dataclasses

import numpy as np
from matplotlib.figure import Figure

from drl4ser.figures import FONT_SIZE, make_figure


@dataclasses.dataclass(frozen=True)
class Reliability:
    """Predictions in bins of equal width, by the probability of the predicted class.

    Attributes:
        counts: predictions in each bin, [num_bins].
        confidence: mean probability in each bin, NaN in an empty one.
        accuracy: share of right predictions in each bin, NaN in an empty one.
        error: expected calibration error, the mean of |accuracy - confidence| of its bin over predictions.
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float


def measure_reliability(probabilities: np.ndarray, labels: np.ndarray, num_bins: int = 10) -> Reliability:
    """Compare probabilities with how often the predicted class was right.

    Args:
        probabilities: [N, C], rows sum to 1.
        labels: true classes, integers [N].
        num_bins: of equal width between 0 and 1.

    References:
        - [Guo et al., 2017](https://arxiv.org/abs/1706.04599), section 2

    Example:
        >>> round(measure_reliability([[0.8, 0.2], [0.6, 0.4]], [0, 1]).error, 6)
        0.4
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    means = [
        np.divide(
            np.bincount(bins, weights=values, minlength=num_bins),
            counts,
            out=np.full(num_bins, np.nan),
            where=counts > 0,
        )
        for values in (confidence, right)
    ]
    error = float(np.nansum(counts * np.abs(means[1] - means[0])) / len(labels))
    return Reliability(counts, *means, error)


def reliability_figure(reliability: Reliability, title: str = "") -> Figure:
    """Draw accuracy against confidence, and how many predictions each bin holds; 9 cm wide.

    Example:
        >>> reliability_figure(measure_reliability([[0.8, 0.2]], [0])).axes[0].get_title()
        'calibration error 20.0%'
    """
    figure = make_figure(9, 9)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    edges = np.linspace(0, 1, len(reliability.counts) + 1)
    upper.plot([0, 1], [0, 1], "--", color="0.5", linewidth=1, label="calibrated")
    upper.plot(reliability.confidence, reliability.accuracy, "o", color="#0072B2", label="predictions")
    lower.bar(edges[:-1], reliability.counts, width=np.diff(edges), align="edge", color="0.7", edgecolor="0.4")
    upper.set(xlim=(0, 1), ylim=(0, 1))
    upper.set_ylabel("right", fontsize=FONT_SIZE)
    lower.set_ylabel("number", fontsize=FONT_SIZE)
    lower.set_xlabel("probability of the predicted class", fontsize=FONT_SIZE)
    upper.legend(fontsize=FONT_SIZE, frameon=False, loc="upper left")
    upper.set_title(f"{title} calibration error {reliability.error:.1%}".strip(), fontsize=FONT_SIZE + 1)
    for axes in (upper, lower):
        axes.tick_params(labelsize=FONT_SIZE, length=2)
    return figure
