"""The twelve statistics of a contour, one number at a time, written from their definitions.

They are those of the Interspeech 2009 Emotion Challenge (Schuller, Steidl and Batliner 2009), as openSMILE defines
them: times are counted in frames from 0, moments are those of the population.
"""

import math

import numpy as np

STATISTICS = (
    *("max", "min", "range", "max_position", "min_position", "mean"),
    *("slope", "offset", "linear_error", "std", "skewness", "kurtosis"),
)


def delta(x):
    """Five-frame regression slope of a contour, its ends repeated."""
    at = [float(x[min(max(t, 0), len(x) - 1)]) for t in range(-2, len(x) + 2)]
    return [sum(w * (at[t + 2 + w] - at[t + 2 - w]) for w in (1, 2)) / 10 for t in range(len(x))]


def statistics(x):
    """x: sequence of numbers -> the twelve statistics in the order of `STATISTICS`."""
    x = [float(value) for value in x]
    n = len(x)
    mean = math.fsum(x) / n
    design = np.column_stack([np.arange(n), np.ones(n)])
    slope, offset = np.linalg.lstsq(design, np.array(x), rcond=None)[0] if n > 1 else (0.0, x[0])
    error = math.fsum((value - slope * t - offset) ** 2 for t, value in enumerate(x)) / n
    constant = all(value == x[0] for value in x)
    std = 0.0 if constant else math.sqrt(math.fsum((value - mean) ** 2 for value in x) / n)
    skewness = 0.0 if constant else math.fsum(((value - mean) / std) ** 3 for value in x) / n
    kurtosis = 0.0 if constant else math.fsum(((value - mean) / std) ** 4 for value in x) / n
    extremes = [max(x), min(x), max(x) - min(x), x.index(max(x)), x.index(min(x))]
    return [*extremes, mean, slope, offset, error, std, skewness, kurtosis]


def functionals(llds):
    """llds [N, D] -> [24 D]: every column's statistics, then every delta's."""
    columns = [list(column) for column in np.asarray(llds, np.float64).T]
    contours = columns + [delta(column) for column in columns]
    return np.array([value for contour in contours for value in statistics(contour)])
