from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def write_wav():
    """Writes a short noise of its own; equal seeds give equal samples."""

    def write(path: Path, seconds: float = 0.2, seed: int = 0, amplitude: float = 0.1, channels: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).normal(scale=amplitude, size=(round(16_000 * seconds), channels))
        soundfile.write(path, noise, 16_000)
        return path

    return write


@pytest.fixture
def touch():
    """Makes an empty file: readers look at names only."""

    def make(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    return make
