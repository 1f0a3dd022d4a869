"""One-against-one machines as one matrix product, so that they can be kept and applied without scikit-learn."""

import itertools

import numpy as np
from sklearn.svm import SVC


def pairwise_coefficients(svc: SVC) -> tuple[np.ndarray, np.ndarray]:
    """The machines of a fitted SVC as one matrix: decision values are K[:, support] @ coefficients + intercepts.

    libsvm keeps of each support vector of class i one coefficient for every other class.

    Returns:
        float64 [S, P] and [P], positive values vote for the first class of a pair.
    """
    owner = np.repeat(np.arange(len(svc.classes_)), svc.n_support_)
    pairs = list(itertools.combinations(range(len(svc.classes_)), 2))
    coefficients = np.zeros((len(owner), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        coefficients[owner == i, column] = svc.dual_coef_[j - 1, owner == i]
        coefficients[owner == j, column] = svc.dual_coef_[i, owner == j]
    if len(pairs) == 1:  # scikit-learn turns the sign of a single machine
        return -coefficients, -svc.intercept_
    return coefficients, svc.intercept_


def count_votes(values: np.ndarray) -> np.ndarray:
    """Decision values [n, P] of the pairs to scores [n, c]: votes, and the margins' sum squeezed into a third."""
    num_classes = round((1 + np.sqrt(1 + 8 * values.shape[1])) / 2)
    votes, margins = np.zeros((2, len(values), num_classes))
    for value, (i, j) in zip(values.T, itertools.combinations(range(num_classes), 2), strict=True):
        votes[:, i] += value > 0
        votes[:, j] += value <= 0
        margins[:, i] += value
        margins[:, j] -= value
    return votes + margins / (3 * (np.abs(margins) + 1))
