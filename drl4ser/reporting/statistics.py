"""How certain a UA is: bootstrap over the tested utterances, and mean and deviation over folds.

UA depends on an utterance only through its class and whether it was recognised. Drawing N utterances with
replacement is therefore the same as drawing how many come from each (class, recognised) cell, one multinomial
a resample, which makes ten thousand resamples of a large corpus a matter of milliseconds. The paired
comparison of two systems draws cells of (class, recognised by a, recognised by b), so an utterance that is
hard for both stays hard for both.

An utterance that was tested with several seeds has several predictions [N, S]; "recognised" is then the share
of them that is right, and seeds are not mistaken for further utterances.
"""

from typing import Any

import numpy as np

NUM_SAMPLES = 10_000


def recognition_scores(labels, predictions) -> np.ndarray:
    """Share of an utterance's predictions that are right.

    Args:
        labels: true classes, integers [N].
        predictions: predicted classes, integers [N], or [N, S] for S seeds.

    Returns:
        float64 [N] in [0, 1].

    Raises:
        ValueError: if the two differ in length or there is no utterance.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.ndim != 1 or not len(labels) or len(predictions) != len(labels):
        raise ValueError(
            "`labels` must be a vector and `predictions` of the same length, at least 1. "
            f"Received: shapes {labels.shape} and {predictions.shape}"
        )
    return (predictions.reshape(len(labels), -1) == labels[:, None]).mean(axis=1)


def bootstrap_interval(
    labels, predictions, num_classes: int, num_samples: int = NUM_SAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of UA over utterances.

    Args:
        labels: true classes, integers [N] in [0, num_classes).
        predictions: predicted classes, integers [N], or [N, S] for S seeds.
        num_classes: number of classes.
        num_samples: number of resamples.
        seed: of the resampling.
        level: probability that the interval covers.

    Returns:
        Lower and upper end, fractions. A class that a resample happens to miss does not enter its UA.
    """
    scores = recognition_scores(labels, predictions)
    return interval_of_scores(labels, scores, num_classes, num_samples, seed, level)


def interval_of_scores(
    labels, scores, num_classes: int, num_samples: int = NUM_SAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """`bootstrap_interval` from scores [N] (see `recognition_scores`) in place of predictions."""
    samples = _resampled_ua(labels, [scores], num_classes, num_samples, seed)[0]
    return _percentile_interval(samples, level)


def paired_bootstrap(
    labels,
    predictions_a,
    predictions_b,
    num_classes: int,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Any]:
    """Compares the UA of two systems on the same utterances, which are resampled jointly.

    Args:
        labels: true classes, integers [N] in [0, num_classes).
        predictions_a: predicted classes of the first system, integers [N], or [N, S] for S seeds.
        predictions_b: those of the second system, [N] or [N, S'].
        num_classes: number of classes.
        num_samples: number of resamples.
        seed: of the resampling.
        level: probability that the interval covers.

    Returns:
        `difference` (UA of a minus UA of b, a fraction), its `interval` and the two-sided `p_value`: twice
        the share of resamples in which the difference is zero or of the other sign, never below
        2 / (num_samples + 1).
    """
    scores_a = recognition_scores(labels, predictions_a)
    scores_b = recognition_scores(labels, predictions_b)
    return compare_scores(labels, scores_a, scores_b, num_classes, num_samples, seed, level)


def compare_scores(
    labels, scores_a, scores_b, num_classes: int, num_samples: int = NUM_SAMPLES, seed: int = 0, level: float = 0.95
) -> dict[str, Any]:
    """`paired_bootstrap` from scores [N] (see `recognition_scores`) in place of predictions."""
    samples_a, samples_b = _resampled_ua(labels, [scores_a, scores_b], num_classes, num_samples, seed)
    # Equal sums can differ in their last bit, which must not count as a difference.
    samples = np.round(samples_a - samples_b, 12)
    tail = min(np.sum(samples <= 0), np.sum(samples >= 0))
    difference = ua_of_scores(labels, scores_a, num_classes) - ua_of_scores(labels, scores_b, num_classes)
    return {
        "difference": difference,
        "interval": _percentile_interval(samples, level),
        "p_value": float(min(1.0, 2 * (tail + 1) / (num_samples + 1))),
    }


def holm_significance(p_values, level: float = 0.05) -> list[bool]:
    """Which of several comparisons are significant together, by Holm's step-down correction (1979).

    Args:
        p_values: of m comparisons.
        level: probability of calling even one difference significant where there is none.

    Returns:
        One decision for each: the k-th smallest p must stay below level / (m - k + 1), and so must all smaller.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    passed = np.cumprod(p_values[order] <= level / np.arange(len(p_values), 0, -1)).astype(bool)
    return passed[np.argsort(order, kind="stable")].tolist()


def ua_of_scores(labels, scores, num_classes: int) -> float:
    """UA from scores [N]: the mean over the classes that occur of their mean score."""
    labels = np.asarray(labels)
    support = np.bincount(labels, minlength=num_classes)
    hits = np.bincount(labels, weights=scores, minlength=num_classes)
    return float(np.mean(hits[support > 0] / support[support > 0]))


def mean_and_deviation(values) -> tuple[float, float | None]:
    """Mean and standard deviation (n - 1 in the denominator); None for the deviation of a single value."""
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None


def relative_improvement(value: float, reference: float) -> float | None:
    """How much larger `value` is than `reference`, in percent of it; None if that is not above zero."""
    return 100 * (value - reference) / reference if reference > 0 else None


def _resampled_ua(labels, scores, num_classes, num_samples, seed) -> np.ndarray:
    """UA of each system in `scores` (list of [N]) for the same resamples: [systems, num_samples]."""
    cells, counts = np.unique(np.column_stack([labels, *scores]), axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=num_samples)
    of_class = np.eye(num_classes)[cells[:, 0].astype(np.int64)]
    support = draws @ of_class
    present = support > 0
    uas = []
    for score in cells[:, 1:].T:
        hits = draws @ (of_class * score[:, None])
        recalls = np.divide(hits, support, out=np.zeros_like(hits), where=present)
        uas.append(recalls.sum(axis=1) / present.sum(axis=1))
    return np.stack(uas)


def _percentile_interval(samples: np.ndarray, level: float) -> tuple[float, float]:
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
