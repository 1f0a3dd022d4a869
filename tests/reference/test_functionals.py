"""The reference itself: contours with known statistics, and openSMILE's own functionals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.features.signals import make_noise, make_voice
from tests.reference.functionals import STATISTICS, delta, functionals, statistics

OPENSMILE = """
import sys, numpy, opensmile
signal = numpy.load(sys.argv[2])
for level in ("lld", "lld_de", "func"):
    smile = opensmile.Smile(feature_set=sys.argv[1], feature_level=level)
    numpy.save(f"{sys.argv[3]}/{level}.npy", smile.process_signal(signal, 16_000).to_numpy())
"""


def named(contour):
    return dict(zip(STATISTICS, statistics(contour), strict=True))


def test_a_line_has_its_slope_offset_and_no_error():
    line = 16.0 * np.arange(10) + 3.0
    values = named(line)
    assert values["slope"] == pytest.approx(16) and values["offset"] == pytest.approx(3)
    assert values["linear_error"] == pytest.approx(0, abs=1e-9)
    assert values["max_position"] == 9 and values["min_position"] == 0
    assert values["range"] == 16 * 9 and named(delta(line))["max"] == pytest.approx(16)
    assert values["kurtosis"] == pytest.approx(1.7758, abs=1e-4)  # 3/5 (3 n^2 - 7) / (n^2 - 1)


def test_a_constant_has_no_spread_whatever_its_value():
    values = named(np.full(7, 0.1))
    for statistic in ("range", "slope", "std", "skewness", "kurtosis"):
        assert values[statistic] == pytest.approx(0, abs=1e-9)
    assert values["mean"] == pytest.approx(0.1, abs=1e-12)


def test_against_opensmile(tmp_path):
    """The same from openSMILE's own frames. In a process of its own: it aborts where TensorFlow is loaded."""
    pytest.importorskip("opensmile")
    config = Path(__file__).with_name("opensmile_functionals.conf")
    signal = np.concatenate([make_voice(130, 0.3), make_noise(4000, 1e-2), make_noise(4000)])
    np.save(tmp_path / "signal.npy", np.float32(signal))
    arguments = [str(path) for path in (config, tmp_path / "signal.npy", tmp_path)]
    subprocess.run([sys.executable, "-c", OPENSMILE, *arguments], check=True, capture_output=True)
    llds, deltas, theirs = (np.load(tmp_path / f"{level}.npy") for level in ("lld", "lld_de", "func"))
    deltas = deltas[: len(llds)]  # openSMILE appends two frames
    np.testing.assert_allclose(np.transpose([delta(contour) for contour in llds.T]), deltas, atol=1e-5)
    # openSMILE's functionals leave the last frame out.
    ours = [functionals(contours[:-1])[: 12 * contours.shape[1]] for contours in (llds, deltas)]
    np.testing.assert_allclose(np.concatenate(ours), theirs[0], rtol=1e-4, atol=1e-5)
