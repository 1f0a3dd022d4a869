"""Signals with known answers."""

import numpy as np

RATE = 16_000


def make_voice(f0_hz, seconds=1.0, rate=RATE, level=0.1, num_harmonics=7):
    """A harmonic tone; `f0_hz` is a number or one value a sample."""
    num_samples = round(seconds * rate)
    steps = 2 * np.pi * np.broadcast_to(f0_hz, num_samples) / rate
    phase = np.cumsum(steps) - steps[0]
    return level * sum(np.sin(k * phase) / k for k in range(1, num_harmonics + 1))


def make_noise(num_samples, level=0.1, seed=0):
    """White Gaussian noise of standard deviation `level`."""
    return np.random.default_rng(seed).normal(0.0, level, num_samples)


def frame_centres(llds):
    """Sample at the centre of every frame at 16 kHz."""
    return 80 * np.arange(len(llds)) + 200
