"""All 17 descriptors describe the same instant (F0 and voicing of a tone: test_lld.py)."""

import numpy as np
import pytest

from drl4ser.features import LLD_NAMES, extract_llds, frame_times
from tests.features.signals import RATE, frame_centres, make_noise, make_voice


@pytest.mark.parametrize(("start", "stop"), [(8_000, 24_000), (8_039, 24_041), (12_345, 12_900)])
@pytest.mark.parametrize("name", [*LLD_NAMES[:12], "log_energy", "zcr"])
def test_a_tone_changes_the_frames_that_hold_it_and_no_others(name, start, stop):
    noise = make_noise(32_000, 1e-3)
    both = noise.copy()
    both[start:stop] += make_voice(200, (stop - start) / RATE)
    column = LLD_NAMES.index(name)
    changed = np.flatnonzero(extract_llds(both, RATE)[:, column] != extract_llds(noise, RATE)[:, column])
    # Frame n holds samples 80 n to 80 n + 399; a tone that has just begun, or ends, is too faint to count at first.
    first, last = (start - 399 + 79) // 80, (stop - 1) // 80
    assert first <= changed[0] <= first + 1 and last - 1 <= changed[-1] <= last
    assert len(changed) >= 0.95 * (last - first + 1)


def test_zero_crossings_of_a_glide_are_those_at_the_centre():
    hertz = 500 + 2_500 * np.arange(2 * RATE) / (2 * RATE)
    llds = extract_llds(0.3 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE), RATE)
    found = llds[:, LLD_NAMES.index("zcr")].astype(np.float64)
    expected = 2 * hertz[frame_centres(llds)] / RATE * 398 / 400  # at the inner samples of a frame
    lead_frames = (found - expected) / (2 * 2_500 / 2 / RATE * 0.005)
    assert abs(np.mean(lead_frames)) < 0.5


def test_energy_of_a_swell_is_that_at_the_centre():
    seconds = np.arange(2 * RATE) / RATE
    llds = extract_llds(1e-3 * np.exp(3 * seconds) * np.sin(2 * np.pi * 400 * seconds), RATE)
    expected = np.log(0.5e-6) + 6 * frame_times(len(llds))
    lead_frames = (llds[:, LLD_NAMES.index("log_energy")] - expected) / (6 * 0.005)
    assert np.max(np.abs(lead_frames)) < 0.5


def test_hnr_falls_where_noise_begins():
    voice = make_voice(180, 2.0)
    voice[16_000:] += make_noise(16_000, 0.1)
    llds = extract_llds(voice, RATE)
    noisy = frame_centres(llds)[llds[:, LLD_NAMES.index("hnr_db")] < 10]
    # What is compared reaches (1 / 60 s + a period) / 2 beyond the centre: 178 samples; half of it is enough.
    assert abs(noisy[0] - 16_000) <= 178
