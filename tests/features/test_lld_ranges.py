"""Whatever comes in, finite values in the documented ranges come out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drl4ser.features import LLD_NAMES, extract_llds
from tests.features.signals import RATE, make_noise, make_voice

LOW = np.array([-150.0] * 12 + [-41.6, 0.0, -20.0, 0.0, 0.0], np.float32)
HIGH = np.array([150.0] * 12 + [5.6, 1.0, 40.0, np.log(500.0) + 1e-6, 1.0], np.float32)


def check_ranges(llds):
    assert llds.dtype == np.float32
    assert np.all(np.isfinite(llds))
    assert np.all(llds >= LOW) and np.all(llds <= HIGH)
    log_f0 = llds[:, LLD_NAMES.index("log_f0")]
    assert np.all((log_f0 == 0) | (log_f0 >= np.log(60.0) - 1e-6))


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(4000),
        np.full(4000, 0.5),
        np.eye(1, 4000, 2000)[0],
        np.clip(10 * make_voice(120, 0.25), -1, 1),
        np.sign(make_voice(120, 0.25)),
        np.sin(2 * np.pi * 1000 * np.arange(4000) / RATE),
        make_noise(4000, 1e-30),
        make_noise(4000, 0.3).clip(-1, 1),
        np.where(np.arange(4000) % 2, 1.0, -1.0),
    ],
    ids=["silence", "dc", "click", "clipped", "square", "1 kHz", "denormal", "noise", "nyquist"],
)
def test_odd_signals_stay_in_range(signal):
    check_ranges(extract_llds(signal, RATE))


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.one_of(st.integers(400, 3000), st.tuples(st.integers(400, 900), st.integers(1, 3))),
        elements=st.floats(-1, 1, width=32),
        fill=st.one_of(st.just(0.0), st.floats(-1, 1, width=32)),
    ),
    st.sampled_from([8_000, 16_000, 16_000, 22_050]),
)
def test_nothing_but_finite_values_in_range_comes_out(signal, rate):
    if rate > RATE:
        signal = np.concatenate([signal, signal])
    check_ranges(extract_llds(signal, rate))


@settings(max_examples=40, deadline=None)
@given(
    f0_hz=st.floats(20, 2000),
    level=st.floats(1e-6, 1.0),
    noise=st.floats(0, 0.5),
    offset=st.floats(-1, 1),
    num_samples=st.integers(400, 8000),
)
def test_any_tone_stays_in_range(f0_hz, level, noise, offset, num_samples):
    signal = make_voice(f0_hz, 0.5, level=level)[:num_samples] + offset + make_noise(num_samples, noise)
    check_ranges(extract_llds(signal, RATE))
