"""What counts as unlike the training recordings, on signals whose properties are known."""

import json

import numpy as np
import pytest

from drl4ser.config import FrameConfig
from drl4ser.features import extract_llds
from drl4ser.features.input_range import InputRange, find_input_warnings, measure_recording

FRAME = FrameConfig()
RATE = 16_000


def voice(seconds=1.0, peak=0.1, f0_hz=150.0, seed=0):
    """A buzz of falling harmonics with faint noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    signal = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 20))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (peak * signal / np.abs(signal).max() + 1e-4 * noise).astype(np.float32)


def llds_of(signal, rate=RATE):
    return extract_llds(signal, rate)


def find_warnings(signal, known, rate=RATE):
    return find_input_warnings(signal, llds_of(signal, rate), rate, FRAME, known)


@pytest.fixture(scope="module")
def known():
    signals = [voice(s, p, f) for s in (1.0, 3.0) for p in (0.05, 0.3) for f in (110.0, 220.0)]
    return InputRange.fit(map(llds_of, signals), FRAME)


def test_measures_have_their_known_values():
    sine = 0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    measured = measure_recording(llds_of(sine), FRAME)
    assert measured["seconds"] == pytest.approx(1.0, abs=0.005)
    assert measured["level_db"] == pytest.approx(10 * np.log10(0.5**2 / 2), abs=0.05)
    assert measured["voiced_share"] > 0.9
    half = np.concatenate([sine, np.zeros(RATE)])
    assert measure_recording(llds_of(half), FRAME)["voiced_share"] == pytest.approx(0.5, abs=0.05)
    # silence around speech is no lower level
    assert measure_recording(llds_of(half), FRAME)["level_db"] == pytest.approx(measured["level_db"], abs=0.1)


def test_what_was_trained_on_is_nothing_odd(known):
    assert find_warnings(voice(2.0, 0.1, 220.0, seed=1), known) == ()


@pytest.mark.parametrize(
    ("signal", "word"),
    [
        (voice(30.0), "length 30.00 s"),
        (voice(0.1), "length 0.10 s"),
        (voice(peak=0.002), "level -"),
        (0.1 * np.random.default_rng(0).standard_normal(RATE), "voiced"),
        (0.1 * np.random.default_rng(0).standard_normal(RATE), "spectrum"),
    ],
)
def test_what_is_unlike_is_named(known, signal, word):
    assert any(word in line for line in find_warnings(signal, known))


def test_silence_and_a_low_rate_need_no_comparison():
    assert find_warnings(np.zeros(RATE), None) == ("silent",)
    (line,) = find_warnings(voice()[::2], None, 8000)
    assert "8000 Hz" in line and "above 4000 Hz" in line
    assert find_warnings(voice(), None) == ()


def test_the_rate_of_a_file_is_compared_with_those_of_training():
    """After training on telephone speech, telephone recordings get no warning and studio recordings do."""
    telephone = InputRange.fit([llds_of(voice()[::2], 8000)], FRAME, [8000])
    assert find_warnings(voice()[::2], telephone, 8000) == ()
    assert any(
        "higher rate than in training" in line and "8000 Hz" in line for line in find_warnings(voice(), telephone)
    )
    studio = InputRange.fit([llds_of(voice())], FRAME, [48_000])
    assert find_warnings(voice(), studio) == ()  # no LLD reaches above 8 kHz
    assert any("lower rate than in training" in line for line in find_warnings(voice()[::2], studio, 8000))
    assert InputRange.from_dict(json.loads(json.dumps(studio.to_dict()))) == studio


def test_a_wide_range_does_not_reach_what_no_recording_can_be():
    """Of recordings of 1 to 6 s a quarter of the width is more than the shortest has."""
    wide = InputRange({"seconds": (1.0, 6.0), "voiced_share": (0.1, 0.9)}, 2)
    assert wide.find_warnings({"seconds": 0.6, "voiced_share": 0.94}) == []
    assert "shorter than the training" in wide.find_warnings({"seconds": 0.1})[0]
    assert "longer than the training" in wide.find_warnings({"seconds": 8.0})[0]
    assert "more voiced" in wide.find_warnings({"voiced_share": 1.0})[0]
    assert "less voiced" in wide.find_warnings({"voiced_share": 0.0})[0]


def test_speech_in_much_silence_is_neither_silent_nor_faint(known):
    speech = voice(4.0, 0.1, 150.0)
    found = find_warnings(np.concatenate([np.zeros(60 * RATE, np.float32), speech]), known)
    assert "silent" not in found and not any("level" in line for line in found)


@pytest.mark.parametrize("offset", [0.0, 0.25, -1e-3])
def test_a_constant_offset_alone_is_silent(offset):
    assert find_warnings(np.full(RATE, offset, np.float32), None) == ("silent",)


def test_the_range_survives_json(known):
    assert InputRange.from_dict(json.loads(json.dumps(known.to_dict()))) == known


def test_no_recording_is_refused():
    with pytest.raises(ValueError, match="at least one recording"):
        InputRange.fit([], FRAME)


def test_a_constant_offset_needs_no_warning_and_one_that_jumps_does(known):
    shifted = np.concatenate([1e-4 * np.sin(np.arange(RATE)), voice(), 1e-4 * np.sin(np.arange(RATE))]) + 0.03
    assert find_warnings(shifted, None) == ()
    shifted[: RATE // 2] -= 0.06
    (line,) = find_warnings(shifted, None)
    assert "offset from zero that is not constant" in line and "never crosses zero" in line
