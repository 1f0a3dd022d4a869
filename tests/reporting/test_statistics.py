import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drl4ser.reporting import metrics, paper_values, statistics


def classified(num_utterances, accuracy, seed, num_classes=3, labels=None):
    rng = np.random.default_rng(seed)
    if labels is None:
        labels = rng.choice(num_classes, num_utterances, p=[0.5, 0.3, 0.2])
    guesses = rng.integers(0, num_classes, num_utterances)
    return labels, np.where(rng.random(num_utterances) < accuracy, labels, guesses)


def interval_of(labels, predictions, num_classes, **options):
    scores = statistics.recognition_scores(labels, predictions)
    return statistics.bootstrap_interval(labels, scores, num_classes, **options)


def compare(labels, first, second, num_classes, **options):
    scores = [statistics.recognition_scores(labels, predictions) for predictions in (first, second)]
    return statistics.paired_bootstrap(labels, *scores, num_classes, **options)


def slow_samples(labels, systems, num_samples=3000):
    """UA of resampled utterances, drawn one by one: [num_samples, systems]."""
    rng = np.random.default_rng(1)
    samples = []
    for _ in range(num_samples):
        drawn = rng.integers(0, len(labels), len(labels))
        classes = np.unique(labels[drawn])
        right = [(system == labels)[drawn] for system in systems]
        samples.append([np.mean([hit[labels[drawn] == c].mean() for c in classes]) for hit in right])
    return np.array(samples)


def test_interval_equals_utterance_by_utterance_resampling():
    labels, predictions = classified(120, 0.5, seed=0)
    expected = np.quantile(slow_samples(labels, [predictions])[:, 0], [0.025, 0.975])
    interval = interval_of(labels, predictions, 3)
    np.testing.assert_allclose(interval, expected, atol=0.008)
    narrower = interval_of(labels, predictions, 3, level=0.5)
    assert interval[0] < narrower[0] < narrower[1] < interval[1]


def test_interval_with_classes_that_resamples_miss():
    labels = np.array([0] * 10 + [1, 2])
    predictions = np.array([0] * 6 + [1] * 4 + [1, 0])
    samples = slow_samples(labels, [predictions])[:, 0]
    interval = interval_of(labels, predictions, 4)  # class 3 never occurs
    np.testing.assert_allclose(interval, np.quantile(samples, [0.025, 0.975]), atol=0.03)


def test_paired_bootstrap_equals_utterance_by_utterance_resampling():
    labels, first = classified(150, 0.6, seed=0)
    _, second = classified(150, 0.5, seed=2, labels=labels)
    second = np.where(np.arange(150) % 2, first, second)  # correlated, as two systems are
    samples = slow_samples(labels, [first, second])
    differences = samples[:, 0] - samples[:, 1]
    comparison = compare(labels, first, second, 3)
    np.testing.assert_allclose(comparison.interval, np.quantile(differences, [0.025, 0.975]), atol=0.008)
    tail = min(np.mean(differences <= 0), np.mean(differences >= 0))
    assert comparison.p_value == pytest.approx(2 * tail, abs=0.03)
    uas = [metrics.unweighted_accuracy(metrics.confusion_matrix(labels, p, 3)) for p in (first, second)]
    assert comparison.difference == pytest.approx(uas[0] - uas[1])


def test_pairing_narrows_the_interval():
    labels, first = classified(200, 0.5, seed=3)
    second = first.copy()
    second[:10] = labels[:10]
    low, high = compare(labels, second, first, 3).interval
    alone = interval_of(labels, first, 3)
    assert high - low < (alone[1] - alone[0]) / 2


def test_extremes():
    labels = np.array([0, 1] * 20)
    assert interval_of(labels, labels, 2) == (1.0, 1.0)
    same = compare(labels, labels, labels, 2)
    assert same == statistics.PairedDifference(0.0, (0.0, 0.0), 1.0)
    best = compare(labels, labels, 1 - labels, 2, num_samples=999)
    assert best == statistics.PairedDifference(1.0, (1.0, 1.0), 0.002)
    worst = compare(labels, 1 - labels, labels, 2, num_samples=999)
    assert worst.difference == -1.0 and worst.p_value == 0.002


def test_seeds_are_averaged_and_are_no_further_utterances():
    labels, predictions = classified(100, 0.5, seed=4)
    once = interval_of(labels, predictions, 3)
    twice = interval_of(labels, np.column_stack([predictions, predictions]), 3)
    assert once == twice
    scores = statistics.recognition_scores([0, 1], [[0, 0, 1], [1, 1, 1]])
    np.testing.assert_allclose(scores, [2 / 3, 1])
    assert statistics.ua_of_scores([0, 0, 1], [0.5, 1.0, 0.0], 3) == 0.375


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_same_seed_same_interval_which_lies_in_the_unit_range(pairs):
    labels, predictions = zip(*pairs, strict=True)
    first = interval_of(labels, predictions, 3, num_samples=200)
    assert first == interval_of(labels, predictions, 3, num_samples=200)
    assert 0 <= first[0] <= first[1] <= 1


def test_mean_deviation_and_relative_improvement():
    assert statistics.mean_and_deviation([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert statistics.mean_and_deviation([0.5]) == (0.5, None)
    assert statistics.relative_improvement(0.6, 0.5) == pytest.approx(20)
    assert statistics.relative_improvement(0.6, 0.0) is None


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="same length"):
        interval_of([0, 1], [0], 2)
    with pytest.raises(ValueError, match="at least 1"):
        interval_of([], [], 2)


def test_paper_values_give_the_improvements_of_the_papers_text():
    def improvement(table, system, over, modality="acoustic", corpus="iemocap"):
        values = [paper_values.paper_value(table, name, modality, corpus)["ua"] for name in (system, over)]
        return statistics.relative_improvement(*values)

    # Section 4.3, and 4.2 for Table 1; the paper rounds some of them down.
    text = {("s1", "baseline"): 9.6, ("s2", "s1"): 6.9, ("s3", "s2"): 5.0}
    for pair, printed in text.items():
        assert improvement("table2", *pair) == pytest.approx(printed, abs=0.1)
    text = {"xia_dnn": 14.9, "poria_cnn_mkl": 14.3, "poria_lstm": 24.3, "mirsamadi_attention": 16.4}
    for system, printed in text.items():
        assert improvement("table1", "s3", system) == pytest.approx(printed, abs=0.1)
    assert improvement("table1", "s3", "mirsamadi_attention", "acoustic+lexical") == pytest.approx(6.6, abs=0.1)
    assert improvement("table1", "s3", "poria_cnn_mkl", "acoustic+lexical") == pytest.approx(13.6, abs=0.1)
    assert improvement("table1", "s3", "poria_cnn_mkl", corpus="rid") == pytest.approx(26.7, abs=0.1)
    assert improvement("table1", "s3", "poria_lstm", corpus="rid") == pytest.approx(45.2, abs=0.1)
    assert paper_values.paper_value("table2", "s3", "lexical") == {}


def test_holm_by_hand():
    """0.01 <= 0.05 / 4, 0.015 <= 0.05 / 3, 0.03 > 0.05 / 2, and so the last one fails too, though 0.04 <= 0.05."""
    assert statistics.holm_significance([0.04, 0.01, 0.03, 0.015]) == [False, True, False, True]
    assert statistics.holm_significance([0.05]) == [True]
    assert statistics.holm_significance([]) == []
    assert statistics.holm_significance([0.02, 0.02, 0.02]) == [False] * 3


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_bonferroni_and_no_correction(p_values):
    decisions = statistics.holm_significance(p_values)
    for p_value, significant in zip(p_values, decisions, strict=True):
        assert significant >= (p_value <= 0.05 / len(p_values)) and significant <= (p_value <= 0.05)


def test_corrected_t_test_by_hand():
    """Mean 2, variance 2 / 3 of (1, 2, 2, 3): t = 2 / sqrt((1 / 4 + 1 / 8) 2 / 3) = 4 with three degrees of freedom."""
    assert statistics.corrected_t_test([1, 2, 2, 3], 1 / 8) == pytest.approx(2 * stats.t.sf(4, 3))
    # Without correction it is the plain paired test.
    differences = np.random.default_rng(0).normal(0.3, 1, 10)
    plain = stats.ttest_1samp(differences, 0).pvalue
    assert statistics.corrected_t_test(differences, 0.0) == pytest.approx(plain)
    assert statistics.corrected_t_test(differences, 1 / 8) > plain
    assert statistics.corrected_t_test(-differences, 1 / 8) == statistics.corrected_t_test(differences, 1 / 8)


def test_where_the_scatter_is_unknown_nothing_is_significant():
    assert statistics.corrected_t_test([0.4], 1 / 8) is None
    assert statistics.corrected_t_test([0.056, 0.057], 1 / 8) is None  # by chance so alike
    assert statistics.corrected_t_test([0.1, 0.1, 0.1 + 1e-16], 1 / 8) is None
    assert statistics.holm_significance([None, 0.02, None]) == [False, False, False]
    assert statistics.holm_significance([None, 0.01]) == [False, True]


def test_the_corrected_test_errs_as_rarely_as_it_should():
    """Two equal methods, differences correlated by test / (test + training) as Nadeau and Bengio take them to be."""
    rng, correlation = np.random.default_rng(0), 1 / 9
    calls = []
    for _ in range(1000):
        differences = np.sqrt(correlation) * rng.normal() + np.sqrt(1 - correlation) * rng.normal(size=10)
        calls.append([statistics.corrected_t_test(differences, share) <= 0.05 for share in (1 / 8, 0.0)])
    corrected, plain = np.mean(calls, axis=0)
    assert corrected == pytest.approx(0.05, abs=0.02) and plain > 0.12


def test_deviation_is_split_into_seed_fold_and_utterance():
    """Against the deviations that made the data: five points between seeds, four between folds, and 60 utterances."""
    rng, values = np.random.default_rng(1), []
    for seed in range(60):
        of_seed = rng.normal(0.6, 0.05)
        for _ in range(10):
            hits = rng.binomial(30, np.clip(rng.normal(of_seed, 0.04), 0, 1), size=2)
            confusion = [[hits[0], 30 - hits[0]], [30 - hits[1], hits[1]]]
            values.append((hits.sum() / 60, seed, confusion))
    parts = statistics.split_deviation(*zip(*values, strict=True))
    assert parts["seed"] == pytest.approx(0.05, abs=0.01) and parts["fold"] == pytest.approx(0.04, abs=0.01)
    assert parts["utterance"] == pytest.approx(np.sqrt(0.6 * 0.4 / 60), abs=0.005)
    assert statistics.split_deviation([0.5, 0.6], [0, 0], [[[1, 1], [1, 1]]] * 2) is None
    assert statistics.split_deviation([0.5, 0.6], [0, 1], [[[1, 1], [1, 1]]] * 2) is None
