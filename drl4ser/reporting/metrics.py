"""Unweighted accuracy, weighted accuracy and macro F1, all from one confusion matrix (paper, section 4.1).

A confusion matrix holds a row for each true class and a column for each predicted class. It may be of fractions: the
report gives an utterance that was tested with three seeds a third of a count each time.
"""

from typing import Any

import numpy as np


def confusion_matrix(labels, predictions, num_classes: int) -> np.ndarray:
    """Count how often each class was taken for each class.

    Args:
        labels: true classes, integers [N] in [0, num_classes).
        predictions: predicted classes, integers [N] in the same range.
        num_classes: number of classes C.

    Returns:
        int64 [C, C], rows are true classes.

    Raises:
        ValueError: if the two differ in length or a class is out of range.

    Example:
        >>> confusion_matrix([0, 0, 1], [0, 1, 1], num_classes=2).tolist()
        [[1, 1], [0, 1]]
    """
    labels, predictions = np.asarray(labels, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(
            "`labels` and `predictions` must be vectors of one length. "
            f"Received: shapes {labels.shape} and {predictions.shape}"
        )
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values.size and (values.min() < 0 or values.max() >= num_classes):
            raise ValueError(f"`{name}` must lie in [0, {num_classes}). Received: {values.min()} to {values.max()}")
    counts = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def class_recalls(confusion) -> np.ndarray:
    """Share of each true class that was recognised: float64 [C], NaN for a class without utterances.

    Example:
        >>> class_recalls([[1, 1], [0, 1]])
        array([0.5, 1. ])
    """
    confusion = _checked(confusion)
    support = confusion.sum(axis=1)
    return np.divide(np.diag(confusion), support, out=np.full(len(support), np.nan), where=support > 0)


def unweighted_accuracy(confusion) -> float:
    """UA, "the mean of accuracies for different emotion categories", over the classes that occur.

    Example:
        >>> unweighted_accuracy([[1, 1], [0, 1]])
        0.75
    """
    return float(np.nanmean(class_recalls(confusion)))


def weighted_accuracy(confusion) -> float:
    """WA, the share of all utterances that were recognised.

    Example:
        >>> weighted_accuracy([[2, 1], [0, 1]])
        0.75
    """
    confusion = _checked(confusion)
    return float(np.trace(confusion) / confusion.sum())


def macro_f1(confusion) -> float:
    """Mean over classes of F1 = 2 hits / (true + predicted), as scikit-learn has it.

    A class that was never predicted counts as 0; one that neither occurs nor was predicted is left out.

    Example:
        >>> macro_f1([[2, 0], [1, 0]])
        0.4
    """
    confusion = _checked(confusion)
    occurrences = confusion.sum(axis=0) + confusion.sum(axis=1)
    occurs = occurrences > 0
    return float(np.mean(2 * np.diag(confusion)[occurs] / occurrences[occurs]))


def summarize(confusion) -> dict[str, Any]:
    """All metrics of a confusion matrix: `ua`, `wa`, `f1` as fractions and `recalls`, one per class."""
    return {
        "ua": unweighted_accuracy(confusion),
        "wa": weighted_accuracy(confusion),
        "f1": macro_f1(confusion),
        "recalls": class_recalls(confusion).tolist(),
    }


def _checked(confusion) -> np.ndarray:
    confusion = np.asarray(confusion, dtype=np.float64)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"`confusion` must be a square matrix. Received: shape {confusion.shape}")
    if not confusion.sum() > 0:
        raise ValueError("`confusion` must count at least one utterance. Received: none")
    return confusion
