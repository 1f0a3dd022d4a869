"""Candidates and search against slow references; F0 and voicing of speech-like signals that are known exactly."""

import numpy as np
import pytest
import scipy.signal
import sklearn.metrics

from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, extract_llds, voicing
from drl4ser.features.correlation import NUM_CANDIDATES, OCTAVE_COST, find_candidates
from tests.features.signals import RATE, frame_centres, make_noise, make_voice
from tests.reference import lld as reference

FRAME = FrameConfig()
LOG_F0, PROBABILITY = LLD_NAMES.index("log_f0"), LLD_NAMES.index("voicing_probability")


def make_talk(seed=0, seconds=6.0, f0_hz=120.0):
    """Pulses through four formants in syllables, with pauses and hisses between: (signal, F0 at each sample)."""
    rng = np.random.default_rng(seed)
    size = round(seconds * RATE)
    voice, hiss, truth = np.zeros(size), np.zeros(size), np.zeros(size)
    formants, at = ((500, 80), (1500, 100), (2500, 150), (3500, 250)), round(0.1 * RATE)
    while at + RATE // 2 < size:
        length, level = round(rng.uniform(0.12, 0.35) * RATE), rng.uniform(0.3, 1.0)
        contour = f0_hz * np.exp(rng.normal(0, 0.15) + np.linspace(rng.normal(0, 0.15), rng.normal(0, 0.15), length))
        pulses = np.diff(np.floor(np.cumsum(contour) / RATE), prepend=0)
        voice[at : at + length] = level * pulses * np.sqrt(RATE / contour) * np.hanning(length) ** 0.3
        truth[at : at + length] = contour
        at += length
        length = round(rng.uniform(0.05, 0.2) * RATE)
        if rng.random() < 0.5:
            hiss[at : at + length] = rng.normal(0, 0.15 * level, length)
        at += length
    for centre, width in formants:
        r = np.exp(-np.pi * (width + rng.uniform(0, 30)) / RATE)
        voice = scipy.signal.lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * centre / RATE), r * r], voice)
    signal = voice / np.std(voice[truth > 0]) + 0.3 * scipy.signal.lfilter([1, -0.9], [1], hiss)
    signal += rng.normal(0, 1e-4, size)
    return 0.1 * signal, truth


def test_candidates_against_slow_reference():
    signal = (make_voice(160.0, 0.5) + make_noise(8000, 0.05)).astype(np.float32)
    strength, height, lag, peak, power = find_candidates(signal, 10, 60, FRAME)
    assert strength.shape == height.shape == lag.shape == (50, NUM_CANDIDATES)
    for n in (0, 17, 49):
        centre = 80 * (n + 10) + 200
        slow = np.array([reference.autocorrelation_at(signal, centre, T, 267) for T in range(31, 269)])
        peaks = [T for T in range(32, 268) if slow[T - 31] >= slow[T - 32] and slow[T - 31] > max(0, slow[T - 30])]
        best = sorted(peaks, key=lambda T: OCTAVE_COST * np.log2(T / 32) - slow[T - 31])[:NUM_CANDIDATES]
        found = np.isfinite(strength[n])
        assert np.sum(found) == len(best) and found[0]
        np.testing.assert_allclose(lag[n, found], best, atol=0.51)
        np.testing.assert_allclose(height[n, found], slow[np.array(best) - 31], atol=0.02)
        cost = OCTAVE_COST * np.log2(lag[n, found] / 32)
        np.testing.assert_allclose(strength[n, found], height[n, found] - cost, atol=1e-3)
        span = signal[centre - 133 : centre + 133]
        assert peak[n] == pytest.approx(np.abs(span).max(), rel=0.05)
        assert power[n] == pytest.approx(np.mean(signal[centre - 300 : centre + 300] ** 2), rel=0.15)


@pytest.mark.parametrize(("num_frames", "first", "last"), [(1, 0, 1), (90, 0, 90), (431, 0, 431), (431, 100, 331)])
def test_search_in_pieces_finds_the_path_of_a_whole_search(num_frames, first, last):
    rng = np.random.default_rng(num_frames)
    states = rng.uniform(0, 1, (num_frames, 6)).astype(np.float32)
    states[rng.random(num_frames) < 0.1, 3:5] = -np.inf
    log_lags = rng.uniform(5, 8, (num_frames, 5)).astype(np.float32)
    slow = reference.best_path(states, log_lags, 0.7, 0.28)
    np.testing.assert_array_equal(voicing._search(states, log_lags, first, last, 0.5), slow[first:last])


@pytest.mark.parametrize("f0_hz", [95, 140, 230])
@pytest.mark.parametrize(
    ("condition", "gross", "differs", "area"),
    [
        ("clean", 0.02, 0.06, 0.985),
        ("4 kHz", 0.02, 0.06, 0.985),
        ("20 dB", 0.02, 0.06, 0.985),
        ("10 dB", 0.02, 0.06, 0.985),
        ("5 dB", 0.02, 0.08, 0.975),
    ],
)
def test_f0_and_voicing_of_known_speech(f0_hz, condition, gross, differs, area):
    signal, truth = make_talk(f0_hz, f0_hz=f0_hz)
    if condition == "4 kHz":
        signal = scipy.signal.sosfiltfilt(scipy.signal.butter(8, 3800, fs=RATE, output="sos"), signal)
    elif condition != "clean":
        signal = signal + make_noise(len(signal), np.std(signal) / 10 ** (int(condition[:-3]) / 20))
    llds = extract_llds(signal, RATE)
    expected = truth[frame_centres(llds)]
    both = (llds[:, LOG_F0] > 0) & (expected > 0)
    assert np.mean(np.abs(np.exp(llds[both, LOG_F0]) / expected[both] - 1) > 0.2) <= gross
    assert np.mean((llds[:, LOG_F0] > 0) != (expected > 0)) <= differs
    assert sklearn.metrics.roc_auc_score(expected > 0, llds[:, PROBABILITY]) >= area


def test_faint_ends_of_loud_words_are_not_voice_and_the_same_alone_are():
    loud, faint = make_voice(150, 0.5), make_voice(150, 0.5, level=0.001)
    alone = extract_llds(faint, RATE)
    assert np.all(alone[4:-4, LOG_F0] > 0) and np.all(alone[4:-4, PROBABILITY] > 0.9)
    after = extract_llds(np.concatenate([loud, faint]), RATE)[108:]
    assert np.all(after[:, LOG_F0] == 0) and np.all(after[:, PROBABILITY] < 0.25)


def test_a_click_does_not_silence_a_recording():
    voice = make_voice(150, 1.0, level=0.005)
    clicked = voice.copy()
    clicked[12_000] = 1.0
    plain, clicked = extract_llds(voice, RATE)[:, LOG_F0], extract_llds(clicked, RATE)[:, LOG_F0]
    assert np.mean((plain > 0) != (clicked > 0)) < 0.08


def test_white_noise_does_not_lower_the_decision():
    """Half of the power of each frame is noise: the autocorrelation halves, and what noise adds is known."""
    signal = np.concatenate([np.zeros(4_000), make_voice(140, 1.0), np.zeros(4_000)])
    llds = extract_llds(signal + make_noise(len(signal), 0.8 * np.std(signal[4_000:20_000])), RATE)
    centres = frame_centres(llds)
    inside = (centres > 4_400) & (centres < 19_600)
    assert np.mean(llds[inside, LOG_F0] > 0) > 0.98
    assert np.all(llds[(centres < 3_600) | (centres > 20_400), LOG_F0] == 0)


def test_a_vowel_without_pauses_keeps_its_octave():
    """The quietest frame is voice too, and the second harmonic alone is nearly as periodic as all together."""
    time = np.arange(RATE) / RATE
    vowel = 0.02 * np.sin(2 * np.pi * 110 * time) + 0.1 * np.sin(2 * np.pi * 220 * time + 1)
    vowel += 0.02 * np.sin(2 * np.pi * 330 * time + 2)
    f0_hz = np.exp(extract_llds(vowel, RATE)[8:-8, LOG_F0])
    np.testing.assert_allclose(f0_hz, 110, rtol=0.01)


def test_slow_drift_is_no_evidence_of_voice():
    drift = 0.1 * np.sin(2 * np.pi * 3 * np.arange(RATE) / RATE)  # its autocorrelation is high, and without a peak
    llds = extract_llds(drift, RATE)
    assert np.all(llds[:, LOG_F0] == 0) and np.all(llds[:, PROBABILITY] < 0.1)
