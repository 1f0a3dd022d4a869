"""Batch normalisation over the real frames of several utterances (Ioffe and Szegedy, 2015, Algorithm 1)."""

import numpy as np


def batch_norm(utterances, gamma, beta, epsilon):
    """A list of [T_b, D] -> the normalised list, mean [D] and variance [D]."""
    frames = np.concatenate(utterances).astype(np.float64)
    mean = frames.sum(axis=0) / len(frames)
    variance = ((frames - mean) ** 2).sum(axis=0) / len(frames)
    normalized = [gamma * (x - mean) / np.sqrt(variance + epsilon) + beta for x in utterances]
    return normalized, mean, variance
