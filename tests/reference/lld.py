"""Slow NumPy versions of the LLDs, one frame at a time, written from their equations."""

import math

import numpy as np


def mfcc(frame, sample_rate=16_000, num_bands=26, num_coefficients=12, lifter=22, low=20.0, high=8_000.0):
    """HTK: Hamming, power of 16-bit sample values, triangles on the mel axis, floor 1, DCT-II, lifter."""
    size = 512
    length = len(frame)
    hamming = [0.54 - 0.46 * math.cos(2 * math.pi * i / (length - 1)) for i in range(length)]
    windowed = np.array([32767 * x * w for x, w in zip(frame, hamming, strict=True)])
    angles = -2j * np.pi * np.arange(length) / size
    power = [abs(np.sum(windowed * np.exp(angles * k))) ** 2 for k in range(size // 2 + 1)]

    def mel(hertz):
        return 1127 * math.log(1 + hertz / 700)

    step = (mel(high) - mel(low)) / (num_bands + 1)
    log_bands = []
    for m in range(1, num_bands + 1):
        centre = mel(low) + m * step
        energy = 0.0
        for k in range(round(low * size / sample_rate) + 1, round(high * size / sample_rate)):
            distance = abs(mel(k * sample_rate / size) - centre)
            energy += max(0.0, 1 - distance / step) * power[k]
        log_bands.append(math.log(max(energy, 1.0)))
    coefficients = []
    for k in range(1, num_coefficients + 1):
        total = sum(e * math.cos(math.pi * k * (m + 0.5) / num_bands) for m, e in enumerate(log_bands))
        lift = 1 + lifter / 2 * math.sin(math.pi * k / lifter)
        coefficients.append(math.sqrt(2 / num_bands) * total * lift)
    return coefficients


def log_energy(frame):
    """ln of the mean square, with openSMILE's floor."""
    return math.log(max(sum(float(x) ** 2 for x in frame) / len(frame), 8.674676e-19))


def zcr(frame):
    """openSMILE's cMZcr."""
    count = 0
    for before, here, after in zip(frame[:-2], frame[1:-1], frame[2:], strict=True):
        if float(before) * here < 0 or (here == 0 and float(before) * after <= 0):
            count += 1
    return count / len(frame)


def correlation_at(signal, centre, lag, window):
    """Normalised cross-correlation of two windows `lag` apart that together are centred on a sample."""
    start = centre - (window + lag) // 2
    early = np.array([float(signal[start + i]) for i in range(window)])
    late = np.array([float(signal[start + lag + i]) for i in range(window)])
    mean = (early.mean() + late.mean()) / 2
    early, late = early - mean, late - mean
    return float(np.sum(early * late) / np.sqrt(np.sum(early**2) * np.sum(late**2)))


def hnr_db(r):
    """Harmonics-to-noise ratio of a normalised correlation, within -20..40 dB."""
    if r <= 0:
        return -20.0
    if r >= 1:
        return 40.0
    return min(40.0, max(-20.0, 10 * math.log10(r / (1 - r))))


def hnr_db_around(correlations):
    """HNR of a frame from the correlations of itself and its neighbours: the geometric mean of their noise shares."""
    noise = math.prod(1 - r for r in correlations) ** (1 / len(correlations))
    return hnr_db(1 - noise)


def autocorrelation_at(signal, centre, lag, longest):
    """Boersma (1993): autocorrelation of a Hann-windowed piece of three longest periods over that of the window."""
    half = 3 * longest // 2
    piece = np.array([float(signal[i]) if 0 <= i < len(signal) else 0.0 for i in range(centre - half, centre + half)])
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * (i + 1) / (2 * half + 1)) for i in range(2 * half)])
    piece = (piece - piece.mean()) * window

    def own(x):
        return float(np.sum(x[: len(x) - lag] * x[lag:]) / np.sum(x * x))

    return own(piece) / own(window)


def best_path(states, log_lags, jump_cost, change_cost):
    """Viterbi search, one frame and one pair of states at a time. The last state is the unvoiced one."""

    def cost(t, i, j):
        unvoiced = len(states[0]) - 1
        if i == unvoiced or j == unvoiced:
            return change_cost * (i != j)
        return jump_cost * abs(float(log_lags[t - 1][i]) - float(log_lags[t][j]))

    total, came_from = [float(x) for x in states[0]], []
    for t in range(1, len(states)):
        reached = [[total[i] - cost(t, i, j) for i in range(len(total))] for j in range(len(total))]
        came_from.append([max(range(len(row)), key=row.__getitem__) for row in reached])
        total = [max(row) + float(states[t][j]) for j, row in enumerate(reached)]
    path = [max(range(len(total)), key=total.__getitem__)]
    for back in reversed(came_from):
        path.append(back[path[-1]])
    return path[::-1]
