import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from drl4ser.features import FUNCTIONAL_NAMES, LLD_NAMES, compute_functionals
from drl4ser.features.functionals import STATISTICS, compute_deltas
from tests.features.signals import make_noise, make_voice
from tests.reference.functionals import functionals


def random_llds(num_frames, seed=0):
    return np.random.default_rng(seed).normal(size=(num_frames, 17)) * np.arange(1, 18) - 40


def named(llds):
    return dict(zip(FUNCTIONAL_NAMES, compute_functionals(llds), strict=True))


@pytest.mark.parametrize("num_frames", [1, 2, 3, 5, 400])
def test_matches_the_reference(num_frames):
    llds = random_llds(num_frames)
    values = compute_functionals(llds)
    assert values.dtype == np.float32 and values.shape == (408,)
    np.testing.assert_allclose(values, functionals(llds), rtol=1e-6, atol=1e-6)


@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(2)), elements=st.integers(-50, 50)))
@settings(max_examples=100, deadline=None)
def test_matches_the_reference_also_where_values_repeat(llds):
    np.testing.assert_allclose(compute_functionals(llds), functionals(llds), rtol=1e-5, atol=1e-5)


def test_a_line_has_its_slope_offset_and_no_error():
    values = named(np.outer(np.arange(10), np.arange(17)) + 3.0)
    assert values["zcr_slope"] == pytest.approx(16) and values["zcr_offset"] == pytest.approx(3)
    assert values["zcr_linear_error"] == pytest.approx(0, abs=1e-9)
    assert values["zcr_max_position"] == 9 and values["zcr_min_position"] == 0
    assert values["zcr_range"] == 16 * 9 and values["zcr_delta_max"] == pytest.approx(16)
    assert values["zcr_kurtosis"] == pytest.approx(1.7758, abs=1e-4)  # 3/5 (3 n^2 - 7) / (n^2 - 1)


def test_a_constant_has_no_spread_whatever_its_value():
    values = named(np.full((7, 17), 0.1))
    for statistic in ("range", "slope", "std", "skewness", "kurtosis"):
        assert values[f"log_f0_{statistic}"] == pytest.approx(0, abs=1e-9)
    assert values["log_f0_mean"] == np.float32(0.1)


def test_names():
    assert len(FUNCTIONAL_NAMES) == len(set(FUNCTIONAL_NAMES)) == 408
    assert FUNCTIONAL_NAMES[12 * LLD_NAMES.index("hnr_db") + STATISTICS.index("std")] == "hnr_db_std"
    assert FUNCTIONAL_NAMES[-1] == "zcr_delta_kurtosis"


@pytest.mark.parametrize(
    ("llds", "message"), [(np.zeros((0, 17)), "shape"), (np.zeros(17), "shape"), ([[np.nan]], "finite")]
)
def test_errors(llds, message):
    with pytest.raises(ValueError, match=message):
        compute_functionals(llds)


OPENSMILE = """
import sys, numpy, opensmile
signal = numpy.load(sys.argv[2])
for level in ("lld", "lld_de", "func"):
    smile = opensmile.Smile(feature_set=sys.argv[1], feature_level=level)
    numpy.save(f"{sys.argv[3]}/{level}.npy", smile.process_signal(signal, 16_000).to_numpy())
"""


def test_against_opensmile(tmp_path):
    """The same from openSMILE's own frames. In a process of its own: it aborts where TensorFlow is loaded."""
    pytest.importorskip("opensmile")
    config = Path(__file__).with_name("opensmile_functionals.conf")
    signal = np.concatenate([make_voice(130, 0.3), make_noise(4000, 1e-2), make_noise(4000)])
    np.save(tmp_path / "signal.npy", np.float32(signal))
    arguments = [str(path) for path in (config, tmp_path / "signal.npy", tmp_path)]
    subprocess.run([sys.executable, "-c", OPENSMILE, *arguments], check=True, capture_output=True)
    llds, deltas, functionals = (np.load(tmp_path / f"{level}.npy") for level in ("lld", "lld_de", "func"))
    deltas = deltas[: len(llds)]  # it goes on for two frames more
    np.testing.assert_allclose(compute_deltas(llds), deltas, atol=1e-5)
    # Its functionals leave the last frame out.
    ours = [compute_functionals(contours[:-1])[:48] for contours in (llds, deltas)]
    np.testing.assert_allclose(np.concatenate(ours), functionals[0], rtol=1e-4, atol=1e-5)
