"""How certain a UA and a difference of UAs are.

The bootstrap draws the tested utterances again: it speaks for the systems as they were trained. UA depends on an
utterance only through its class and whether it was recognised. Drawing N utterances with replacement is therefore the
same as drawing how many come from each (class, recognised) cell, one multinomial per resample, which makes ten
thousand resamples of a large corpus a matter of milliseconds. The comparison of two systems draws cells of (class,
recognised by a, recognised by b), so an utterance that is hard for both stays hard for both.

An utterance that was tested with several seeds has several predictions [N, S]; its score is the share of them that is
right, so seeds are not mistaken for further utterances.

The bootstrap sees neither how training scatters nor that folds share training data. The corrected t test over folds and
seeds sees both: it speaks for the methods.
"""

import dataclasses

import numpy as np
from scipy import stats

from drl4ser.reporting.metrics import class_recalls

NUM_SAMPLES = 10_000


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """UA of one system minus that of another on the same utterances, a fraction.

    Attributes:
        difference: of the two UAs.
        interval: covers it with the probability that was asked for.
        p_value: two-sided, never below 2 / (resamples + 1).
    """

    difference: float
    interval: tuple[float, float]
    p_value: float


def recognition_scores(labels, predictions) -> np.ndarray:
    """Share of an utterance's predictions that are right.

    Args:
        labels: true classes, integers [N].
        predictions: predicted classes, integers [N], or [N, S] for S seeds.

    Returns:
        float64 [N] in [0, 1].

    Raises:
        ValueError: if the two differ in length or there is no utterance.

    Example:
        >>> recognition_scores([0, 1], [[0, 1], [1, 1]])
        array([0.5, 1. ])
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.ndim != 1 or not len(labels) or len(predictions) != len(labels):
        raise ValueError(
            "`labels` must be a vector and `predictions` of the same length, at least 1. "
            f"Received: shapes {labels.shape} and {predictions.shape}"
        )
    return (predictions.reshape(len(labels), -1) == labels[:, None]).mean(axis=1)


def ua_of_scores(labels, scores, num_classes: int) -> float:
    """UA from scores [N]: the mean over the classes that occur of their mean score.

    Example:
        >>> ua_of_scores([0, 0, 1], [1.0, 0.5, 0.0], num_classes=2)
        0.375
    """
    labels = np.asarray(labels)
    support = np.bincount(labels, minlength=num_classes)
    hits = np.bincount(labels, weights=scores, minlength=num_classes)
    return float(np.mean(hits[support > 0] / support[support > 0]))


def bootstrap_interval(
    labels, scores, num_classes: int, num_samples: int = NUM_SAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of UA when the tested utterances are drawn again.

    Args:
        labels: true classes, integers [N] in [0, num_classes).
        scores: of `recognition_scores`, float [N].
        num_classes: number of classes.
        num_samples: number of resamples.
        seed: of the resampling.
        level: probability that the interval covers.

    Returns:
        Lower and upper end, fractions. A class that a resample happens to miss does not enter its UA.

    Example:
        >>> bootstrap_interval([0, 1], [1.0, 1.0], num_classes=2)
        (1.0, 1.0)
    """
    return _percentile_interval(_resampled_ua(labels, [scores], num_classes, num_samples, seed)[0], level)


def paired_bootstrap(
    labels, scores_a, scores_b, num_classes: int, num_samples: int = NUM_SAMPLES, seed: int = 0, level: float = 0.95
) -> PairedDifference:
    """Compare the UA of two systems on the same utterances, which are resampled jointly.

    Args:
        labels: true classes, integers [N] in [0, num_classes).
        scores_a: of the first system, see `recognition_scores`, float [N].
        scores_b: of the second system, [N].
        num_classes: number of classes.
        num_samples: number of resamples.
        seed: of the resampling.
        level: probability that the interval covers.

    Returns:
        UA of a minus UA of b. Its p is twice the share of resamples in which the difference is zero or of the other
        sign.

    Example:
        >>> paired_bootstrap([0, 1], [1.0, 1.0], [1.0, 1.0], num_classes=2)
        PairedDifference(difference=0.0, interval=(0.0, 0.0), p_value=1.0)
    """
    samples_a, samples_b = _resampled_ua(labels, [scores_a, scores_b], num_classes, num_samples, seed)
    # Equal sums can differ in their last bit, which must not count as a difference.
    samples = np.round(samples_a - samples_b, 12)
    tail = min(np.sum(samples <= 0), np.sum(samples >= 0))
    difference = ua_of_scores(labels, scores_a, num_classes) - ua_of_scores(labels, scores_b, num_classes)
    p_value = float(min(1.0, 2 * (tail + 1) / (num_samples + 1)))
    return PairedDifference(difference, _percentile_interval(samples, level), p_value)


def corrected_t_test(differences, test_share: float) -> float | None:
    """Two-sided p of a mean difference over folds and seeds: the corrected resampled t test.

    Folds share most of their training data, so the variance of a mean of k differences is taken as (1 / k + test_share)
    times that of one difference and not as 1 / k times (Nadeau and Bengio, Machine Learning 52, 2003; for repeated
    cross-validation Bouckaert and Frank, PAKDD 2004).

    Args:
        differences: one per fold and seed, [k].
        test_share: utterances of a test part over those of its training part: 1/8 for ten folds of 8:1:1.

    Returns:
        A probability; None where the scatter is unknown: of less than three differences, as two may be alike by chance,
        or of several that are equal.

    Example:
        >>> round(corrected_t_test([0.1, 0.2, 0.15, 0.05], test_share=1 / 8), 3)
        0.051
    """
    differences = np.asarray(differences, dtype=np.float64)
    if len(differences) < 3 or np.ptp(differences) < 1e-12:
        return None
    t = differences.mean() / np.sqrt((1 / len(differences) + test_share) * differences.var(ddof=1))
    return float(2 * stats.t.sf(abs(t), len(differences) - 1))


def split_deviation(uas, seeds, confusions) -> dict[str, float] | None:
    """How far seed, fold and choice of utterances each move the UA of a fold: the parts of its variance.

    Seeds are the groups of a one-way analysis of variance. What differs inside of a seed is due to folds, less the
    variance that so few tested utterances have by themselves, which is known from the recalls.

    Args:
        uas: of every fold and seed, [k].
        seeds: of each, [k].
        confusions: of each, counts [k, C, C].

    Returns:
        `seed`, `fold` and `utterance`, standard deviations; None unless there are two seeds, one with two folds.

    Example:
        >>> split_deviation([0.5, 1.0, 0.5, 1.0], [0, 0, 1, 1], [[[1, 1], [0, 2]], [[2, 0], [0, 2]]] * 2)
        {'seed': 0.0, 'fold': 0.33071891388307384, 'utterance': 0.125}
    """
    groups = [np.asarray(uas)[np.asarray(seeds) == seed] for seed in sorted(set(seeds))]
    sizes = np.array([len(group) for group in groups])
    if len(groups) < 2 or sizes.max() < 2:
        return None
    num_results, between_freedom = sizes.sum(), len(groups) - 1
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (num_results - len(groups))
    means = np.array([group.mean() for group in groups])
    between = (sizes * (means - np.mean(uas)) ** 2).sum() / between_freedom
    seed = (between - within) / ((num_results - (sizes**2).sum() / num_results) / between_freedom)
    utterance = np.mean([_sampling_variance(confusion) for confusion in confusions])
    parts = {"seed": seed, "fold": within - utterance, "utterance": utterance}
    return {name: float(np.sqrt(max(part, 0.0))) for name, part in parts.items()}


def holm_significance(p_values, level: float = 0.05) -> list[bool]:
    """Which of several comparisons are significant together, by Holm's step-down correction (1979).

    Args:
        p_values: of m comparisons; None where it is not known, which is never significant.
        level: probability of calling even one difference significant where there is none.

    Returns:
        One decision per comparison: the k-th smallest p must not exceed level / (m - k + 1), and so must all smaller.

    Example:
        >>> holm_significance([0.03, 0.02])
        [True, True]
        >>> holm_significance([0.03, 0.03])
        [False, False]
    """
    p_values = np.array([1.0 if p is None else p for p in p_values])
    order = np.argsort(p_values, kind="stable")
    passed = np.cumprod(p_values[order] <= level / np.arange(len(p_values), 0, -1)).astype(bool)
    return passed[np.argsort(order, kind="stable")].tolist()


def mean_and_deviation(values) -> tuple[float, float | None]:
    """Mean and standard deviation (n - 1 in the denominator); None for the deviation of a single value.

    Example:
        >>> mean_and_deviation([1.0, 3.0])
        (2.0, 1.4142135623730951)
    """
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None


def relative_improvement(value: float, reference: float) -> float | None:
    """How much larger `value` is than `reference`, in percent of it; None if that is not above zero.

    Example:
        >>> relative_improvement(0.75, 0.5)
        50.0
    """
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


def _sampling_variance(confusion) -> float:
    """Variance of UA from the draw of the tested utterances alone: that of a mean of independent recalls."""
    recalls, support = class_recalls(confusion), np.sum(confusion, axis=1)
    occurs = support > 0
    return float(np.sum(recalls[occurs] * (1 - recalls[occurs]) / support[occurs]) / occurs.sum() ** 2)


def _percentile_interval(samples: np.ndarray, level: float) -> tuple[float, float]:
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
