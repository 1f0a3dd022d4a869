"""Pooling of one utterance, all steps real, one step at a time."""

import math

import numpy as np


def attention_pooling(y, u):
    """y [T, D], u [D] -> z [D] and alpha [T]: alpha_t = exp(u . y_t) / sum, z = sum alpha_t y_t."""
    scores = [float(np.dot(u, step)) for step in y.astype(np.float64)]
    exponentials = [math.exp(score - max(scores)) for score in scores]
    alpha = [value / sum(exponentials) for value in exponentials]
    return sum(weight * step for weight, step in zip(alpha, y.astype(np.float64), strict=True)), np.array(alpha)


def max_pooling(x, size):
    """x [T, D] -> [ceil(T / size), D]: the maximum of every window, the last one may be shorter."""
    return np.array([np.max(x[start : start + size], axis=0) for start in range(0, len(x), size)])
