import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from drl4ser.reporting import metrics


@st.composite
def classifications(draw):
    num_classes = draw(st.integers(2, 6))
    pairs = st.tuples(st.integers(0, num_classes - 1), st.integers(0, num_classes - 1))
    labels, predictions = zip(*draw(st.lists(pairs, min_size=1, max_size=40)), strict=True)
    return labels, predictions, num_classes


@settings(deadline=None)
@given(classifications())
def test_metrics_equal_scikit_learn(classification):
    labels, predictions, num_classes = classification
    confusion = metrics.confusion_matrix(labels, predictions, num_classes)
    np.testing.assert_array_equal(
        confusion, sklearn_metrics.confusion_matrix(labels, predictions, labels=range(num_classes))
    )
    assert confusion.dtype == np.int64
    f1 = sklearn_metrics.f1_score(labels, predictions, average="macro", zero_division=0.0)
    assert metrics.macro_f1(confusion) == pytest.approx(f1)
    accuracy = sklearn_metrics.accuracy_score(labels, predictions)
    assert metrics.weighted_accuracy(confusion) == pytest.approx(accuracy)
    recall = sklearn_metrics.recall_score(labels, predictions, labels=sorted(set(labels)), average="macro")
    assert metrics.unweighted_accuracy(confusion) == pytest.approx(recall)


@settings(deadline=None)
@given(classifications())
def test_unweighted_accuracy_equals_balanced_accuracy(classification):
    labels, predictions, num_classes = classification
    assume(set(predictions) <= set(labels))  # scikit-learn warns of the others
    assume(len(set(labels)) > 1)
    confusion = metrics.confusion_matrix(labels, predictions, num_classes)
    expected = sklearn_metrics.balanced_accuracy_score(labels, predictions)
    assert metrics.unweighted_accuracy(confusion) == pytest.approx(expected)


def test_hand_computed_case():
    # Class 2 occurs and is never predicted; class 3 is predicted and never occurs; class 4 does neither.
    confusion = metrics.confusion_matrix([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 3, 0], 5)
    assert confusion[0].tolist() == [3, 1, 0, 0, 0]
    summary = metrics.summarize(confusion)
    assert summary["ua"] == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert summary["wa"] == pytest.approx(4 / 7)
    assert summary["f1"] == pytest.approx((6 / 8 + 2 / 4 + 0 + 0) / 4)
    assert summary["recalls"][:3] == [0.75, 0.5, 0.0]
    assert all(math.isnan(recall) for recall in summary["recalls"][3:])


def test_fractional_counts_are_accepted():
    assert metrics.unweighted_accuracy([[0.5, 0.5], [0.0, 2.0]]) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 1], [0], "one length"),
        ([0, 2], [0, 1], r"`labels` must lie in \[0, 2\). Received: 0 to 2"),
        ([0, 1], [-1, 1], "`predictions` must lie"),
    ],
)
def test_wrong_classes_are_refused(labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        metrics.confusion_matrix(labels, predictions, 2)


def test_an_empty_confusion_is_refused():
    with pytest.raises(ValueError, match="at least one utterance"):
        metrics.summarize(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="square"):
        metrics.macro_f1(np.ones((2, 3)))
