"""LLDs of a signal that comes in blocks: the same bits as of the whole, however it is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drl4ser.config import FrameConfig
from drl4ser.features import extract_llds, stream_llds, voicing
from tests.features.signals import RATE, make_noise, make_voice

SIGNAL = np.float32(make_voice(np.repeat([110.0, 230.0, 75.0, 160.0], 20_000), 5.0) + make_noise(80_000, 0.003))


def cut(signal, positions):
    return np.split(signal, sorted(positions))


def join(pieces):
    return np.concatenate(list(pieces))


@pytest.fixture(scope="module", autouse=True)
def short_chunks():
    """Chunks of 1.25 s instead of 40: five seconds hold four."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voicing, "CHUNK_FRAMES", 250)
        yield


@pytest.fixture(scope="module")
def whole():
    return extract_llds(SIGNAL, RATE)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(SIGNAL)), max_size=40))
def test_any_cuts_give_the_same_bits(whole, positions):
    np.testing.assert_array_equal(join(stream_llds(cut(SIGNAL, positions), RATE)), whole)


@pytest.mark.parametrize("size", [1, 160, 20_007, 500_000])
def test_blocks_of_one_size(whole, size):
    signal = SIGNAL if size > 1 else SIGNAL[:24_000]
    blocks = cut(signal, range(size, len(signal), size))
    np.testing.assert_array_equal(join(stream_llds(blocks, RATE)), extract_llds(signal, RATE))


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_other_rates_and_channels(rate):
    stereo = np.stack([SIGNAL, SIGNAL[::-1]], axis=1).astype(np.float64)
    blocks = cut(stereo, range(0, len(stereo), 7_001))
    np.testing.assert_array_equal(join(stream_llds(blocks, rate)), extract_llds(stereo, rate))


def test_other_settings():
    config = FrameConfig(frame_ms=40, hop_ms=10, f0_min_hz=40)
    blocks = cut(SIGNAL, range(0, len(SIGNAL), 5_000))
    np.testing.assert_array_equal(join(stream_llds(blocks, RATE, config)), extract_llds(SIGNAL, RATE, config))


def test_rows_come_while_the_signal_goes_on():
    taken = 0

    def source():
        nonlocal taken
        for block in cut(np.tile(SIGNAL, 4), range(1_600, 4 * len(SIGNAL), 1_600)):
            taken += len(block)
            yield block

    pieces = stream_llds(source(), RATE)
    assert len(next(pieces)) == 250
    first = taken
    assert len(next(pieces)) == 250
    assert first < 4 * RATE and taken - first <= 250 * 80 + 1_600


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "at least one frame long.*Received: 0 samples"),
        ([np.zeros(300), np.zeros(0), np.zeros(99)], "Received: 399 samples"),
        ([np.zeros(400), np.full(10, np.nan)], "must be finite"),
        ([np.zeros(400), np.zeros(10, np.int16)], "divide 16-bit integers"),
    ],
)
def test_what_is_refused(blocks, message):
    with pytest.raises(ValueError, match=message):
        list(stream_llds(blocks, RATE))
