"""The 17 descriptors together: values, alignment, ranges, robustness, independence of block size."""

import subprocess
import sys

import numpy as np
import pytest

from drl4ser.config import FrameConfig
from drl4ser.features import EXTRACTOR_VERSION, LLD_NAMES, extract_llds, voicing
from drl4ser.features.framing import find_offset
from tests.features.signals import RATE, frame_centres, make_noise, make_voice
from tests.reference import lld as reference

COLUMN = {name: index for index, name in enumerate(LLD_NAMES)}


def f0_of(llds):
    """F0 of the voiced frames, and where they are."""
    voiced = llds[:, COLUMN["log_f0"]] > 0
    return np.exp(llds[voiced, COLUMN["log_f0"]].astype(np.float64)), voiced


def test_names_and_version():
    assert LLD_NAMES[:2] == ("mfcc_1", "mfcc_2") and LLD_NAMES[11] == "mfcc_12"
    assert LLD_NAMES[12:] == ("log_energy", "voicing_probability", "hnr_db", "log_f0", "zcr")
    assert isinstance(EXTRACTOR_VERSION, str)


@pytest.mark.parametrize(("num_samples", "num_frames"), [(400, 1), (479, 1), (480, 2), (16_000, 196)])
def test_number_of_frames(num_samples, num_frames):
    llds = extract_llds(make_voice(150, 1.0)[:num_samples], RATE)
    assert llds.shape == (num_frames, 17)


@pytest.mark.parametrize("signal", [make_voice(137.0, 0.1), make_noise(1600), np.round(make_noise(1600, 3)) / 32768])
def test_every_frame_against_slow_reference(signal):
    signal = signal.astype(np.float32)
    llds = extract_llds(signal, RATE)
    for n in (0, len(llds) // 2, len(llds) - 1):
        frame = signal[80 * n : 80 * n + 400]
        np.testing.assert_allclose(llds[n, :12], reference.mfcc(frame), atol=1e-3)
        assert llds[n, 12] == pytest.approx(reference.log_energy(frame), abs=1e-5)
        assert llds[n, 16] == pytest.approx(reference.zcr(frame), abs=1e-7)


def test_hnr_against_slow_reference():
    signal = (make_voice(160.0, 0.5) + make_noise(8000, 0.02)).astype(np.float32)
    llds = extract_llds(signal, RATE)
    for n in (20, 50, 80):
        period = RATE / np.exp(llds[n, COLUMN["log_f0"]])
        centres = [80 * frame + 200 for frame in (n - 1, n, n + 1)]
        best = [max(reference.correlation_at(signal, at, lag, 267) for lag in range(96, 105)) for at in centres]
        assert period == pytest.approx(100, abs=2)
        assert llds[n, COLUMN["hnr_db"]] == pytest.approx(reference.hnr_db_around(best), abs=0.2)


def test_hnr_is_the_ratio_that_was_mixed():
    voice = make_voice(125.0, 2.0)
    for wanted_db in (0.0, 10.0, 20.0):
        noise = make_noise(len(voice), np.std(voice) / 10 ** (wanted_db / 20))
        llds = extract_llds(voice + noise, RATE)
        assert np.median(llds[10:-10, COLUMN["hnr_db"]]) == pytest.approx(wanted_db, abs=1.0)


@pytest.mark.parametrize("f0_hz", [60, 75, 100, 173, 260, 400, 500])
@pytest.mark.parametrize("num_harmonics", [1, 7])
def test_tone_of_known_f0(f0_hz, num_harmonics):
    llds = extract_llds(make_voice(f0_hz, 0.6, num_harmonics=num_harmonics), RATE)
    f0, voiced = f0_of(llds)
    assert voiced[4:-4].all()
    np.testing.assert_allclose(f0[4:-4], f0_hz, rtol=0.005)
    assert np.all(llds[4:-4, COLUMN["voicing_probability"]] > 0.95)
    assert np.all(llds[4:-4, COLUMN["hnr_db"]] > 15)


@pytest.mark.parametrize("f0_hz", [150, 220, 400])
def test_tone_shows_where_it_is(f0_hz):
    signal = make_noise(32_000, 1e-5)
    signal[8_000:24_000] += make_voice(f0_hz, 1.0)
    llds = extract_llds(signal, RATE)
    centres = frame_centres(llds)
    for seen in (
        llds[:, COLUMN["log_f0"]] > 0,
        llds[:, COLUMN["voicing_probability"]] > 0.5,
        llds[:, COLUMN["hnr_db"]] > 3,
    ):
        where = centres[seen]
        assert abs(where[0] - 8_000) <= 80 and abs(where[-1] - 24_000) <= 80
    loud = centres[llds[:, COLUMN["log_energy"]] > -15]
    assert abs(loud[0] - (8_000 - 200)) <= 80 and abs(loud[-1] - (24_000 + 200)) <= 80


def test_glide_is_not_late():
    slope = 100.0
    f0_hz = 150.0 + slope * np.arange(24_000) / RATE
    llds = extract_llds(make_voice(f0_hz, 1.5), RATE)
    found, voiced = f0_of(llds)
    lead_samples = (found - f0_hz[frame_centres(llds)[voiced]]) / slope * RATE
    assert abs(np.median(lead_samples)) < 16


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.1])
def test_silence_and_noise_are_unvoiced(level):
    llds = extract_llds(make_noise(32_000, level), RATE)
    assert np.all(llds[:, COLUMN["log_f0"]] == 0)
    assert np.all(llds[:, COLUMN["voicing_probability"]] < 0.25)
    assert np.all(llds[:, COLUMN["hnr_db"]] < 0)


def test_dc_offset_does_not_change_pitch():
    voice = make_voice(140, 0.5)
    plain, shifted = extract_llds(voice, RATE), extract_llds(voice + 0.3, RATE)
    f0, voiced = f0_of(shifted)
    assert voiced[4:-4].all()
    np.testing.assert_allclose(f0[4:-4], 140, rtol=0.005)
    np.testing.assert_allclose(plain[4:-4, 14], shifted[4:-4, 14], atol=0.5)


def test_a_constant_offset_changes_nothing():
    """Quiet parts show a step of 16 bits exactly, digital silence shows any value exactly."""
    rng = np.random.default_rng(0)
    signal = np.concatenate([np.zeros(4_000), make_voice(140, 0.5), rng.normal(0, 1e-4, 4_000)])
    signal = (np.rint(signal * 2**15) / 2**15).astype(np.float32)
    for steps in (-983, 983, 983.04, 6_554):
        shifted = signal + np.float32(steps / 2**15)
        np.testing.assert_allclose(extract_llds(shifted, RATE), extract_llds(signal, RATE), atol=1e-2 * (steps % 1 > 0))


def test_speech_of_large_slow_swings_keeps_them():
    slow = 0.2 * np.sin(2 * np.pi * 70 * np.arange(8_000) / RATE)
    assert find_offset(slow.astype(np.float32), FrameConfig()) == 0
    assert find_offset(make_noise(8_000, 0.3).astype(np.float32), FrameConfig()) == 0


@pytest.mark.parametrize("gain_db", [-20, 20])
def test_gain_changes_cepstra_and_energy_only(gain_db):
    signal = np.concatenate(
        [make_voice(140, 0.5, level=0.02), make_noise(8_000, 1e-3), make_voice(210, 0.5, level=0.005)]
    )
    plain, louder = extract_llds(signal, RATE), extract_llds(signal * 10 ** (gain_db / 20), RATE)
    np.testing.assert_allclose(louder[:, 12] - plain[:, 12], gain_db * np.log(10) / 10, atol=1e-3)
    np.testing.assert_allclose(louder[:, 13:], plain[:, 13:], atol=2e-3)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_other_rates(rate):
    llds = extract_llds(make_voice(180, 0.5, rate), rate)
    assert llds.shape == (96, 17)
    f0, voiced = f0_of(llds)
    assert voiced[4:-4].all()
    np.testing.assert_allclose(f0[4:-4], 180, rtol=0.005)
    if rate > RATE:
        direct = extract_llds(make_voice(180, 0.5), RATE)
        np.testing.assert_allclose(llds[8:-8, 12], direct[8:-8, 12], atol=0.01)


def test_channels_are_averaged():
    left, right = make_voice(120, 0.2), make_noise(3200)
    both = extract_llds(np.column_stack([left, right]), RATE)
    np.testing.assert_allclose(both, extract_llds((left + right) / 2, RATE), atol=2e-3)


@pytest.mark.parametrize(
    ("signal", "rate", "message"),
    [
        (np.zeros(399), RATE, "at least one frame long .400 samples.*399 samples"),
        (np.zeros(0), RATE, "not empty"),
        (np.zeros((2, 2, 400)), RATE, r"signal.shape=\(2, 2, 400\)"),
        (np.zeros(400, np.int16), RATE, "divide 16-bit integers by 32768.*int16"),
        (np.full(400, np.nan), RATE, "must be finite"),
        (np.array([0.0] * 400 + [np.inf]), RATE, "must be finite"),
        (np.full(400, 3000.0), RATE, "scaled to .-1, 1.*3000"),
        (np.zeros(400), 0, "sample_rate=0"),
        (np.zeros(400), 48_000, "Received: 133 samples"),
    ],
)
def test_what_is_refused(signal, rate, message):
    with pytest.raises(ValueError, match=message):
        extract_llds(signal, rate)


def test_block_size_changes_nothing():
    rng = np.random.default_rng(3)
    signal = make_voice(120 + 40 * np.sin(np.arange(48_000) / 4000), 3.0) * rng.uniform(0, 1, 48_000)
    whole = extract_llds(signal, RATE, block_frames=10_000)
    for block_frames in (1, 7, 64, 512):
        np.testing.assert_array_equal(extract_llds(signal, RATE, block_frames=block_frames), whole)


def test_long_recordings_are_tracked_in_chunks(monkeypatch):
    f0_hz = np.repeat([110.0, 140.0, 95.0, 180.0] * 2, 8_000)
    signal = make_voice(f0_hz, 4.0) + make_noise(64_000, 0.005)
    whole = extract_llds(signal, RATE)
    monkeypatch.setattr(voicing, "CHUNK_FRAMES", 200)
    chunks = extract_llds(signal, RATE)
    assert np.mean(np.abs(whole[:, 15] - chunks[:, 15]) > 0.01) < 0.01
    np.testing.assert_array_equal(whole[:, :13], chunks[:, :13])


def test_other_settings():
    config = FrameConfig(sample_rate=8_000, frame_ms=32, hop_ms=10, f0_max_hz=400, num_mfcc=20, mel_high_hz=4_000)
    llds = extract_llds(make_voice(150, 0.5), RATE, config)
    assert llds.shape == (1 + (4_000 - 256) // 80, 25)
    np.testing.assert_allclose(np.exp(llds[4:-4, -2]), 150, rtol=0.005)


def test_same_values_every_time():
    voice = make_voice(130, 0.5)[:-37] + make_noise(8000 - 37, 0.01)
    first = extract_llds(voice, RATE)
    for _ in range(3):
        np.testing.assert_array_equal(extract_llds(voice, RATE), first)


def test_cold_start_is_quick_and_light():
    code = """
import sys, time
import numpy as np
from drl4ser.features import extract_llds
extract_llds(np.random.default_rng(0).normal(0, 0.1, 48000), 16000)
print(time.process_time(), "librosa.util.utils" in sys.modules, "tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, compiling, tensorflow = done.stdout.split()
    assert (compiling, tensorflow) == ("False", "False")  # the former compiles for 10 s once per installation
    assert float(seconds) < 3  # of the processor: an overloaded machine changes nothing
