"""F0, voicing and HNR on real speech against Praat, an independent program."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from drl4ser.features import LLD_NAMES, extract_llds, load_audio
from tests.features.signals import RATE, frame_centres

RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"
EVERY = 120


def praat_at(times, sound_times, values, outside):
    """Praat's value at the frame of its own nearest each time; Praat says nothing near the ends of a file."""
    index = np.rint((times - sound_times[0]) / (sound_times[1] - sound_times[0])).astype(int)
    inside = (index >= 0) & (index < len(values))
    return np.where(inside, values[np.clip(index, 0, len(values) - 1)], outside)


@pytest.fixture(scope="module")
def both():
    """(ours [num_frames, 17], Praat's F0 with 0 where unvoiced, Praat's HNR) over the files together."""
    parselmouth = pytest.importorskip("parselmouth")
    paths = sorted(RAVDESS.glob("*/*.wav"))[::EVERY]
    if not paths:
        pytest.skip(f"no RAVDESS under {RAVDESS}")
    ours, f0_hz, hnr_db = [], [], []
    for path in paths:
        signal, _ = load_audio(path, sample_rate=RATE)
        llds = extract_llds(signal, RATE)
        times = frame_centres(llds) / RATE
        sound = parselmouth.Sound(signal.astype(np.float64), RATE)
        pitch = sound.to_pitch(time_step=0.005, pitch_floor=60, pitch_ceiling=500)
        harmonicity = sound.to_harmonicity_cc(time_step=0.005, minimum_pitch=60)
        ours.append(llds)
        f0_hz.append(praat_at(times, pitch.xs(), pitch.selected_array["frequency"], 0.0))
        hnr_db.append(praat_at(times, harmonicity.xs(), harmonicity.values[0], -200.0))
    return np.concatenate(ours), np.concatenate(f0_hz), np.concatenate(hnr_db)


def column(llds, name):
    return llds[:, LLD_NAMES.index(name)].astype(np.float64)


def test_f0(both):
    llds, f0_hz, _ = both
    voiced = (column(llds, "log_f0") > 0) & (f0_hz > 0)
    error = np.abs(np.exp(column(llds, "log_f0")[voiced]) / f0_hz[voiced] - 1)
    assert np.mean(error > 0.2) <= 0.04
    assert np.median(error) < 0.01


def test_voicing_decision(both):
    llds, f0_hz, _ = both
    assert np.mean((column(llds, "log_f0") > 0) != (f0_hz > 0)) <= 0.08


def test_voicing_probability(both):
    llds, f0_hz, _ = both
    probability = column(llds, "voicing_probability")
    wins, _ = scipy.stats.mannwhitneyu(probability[f0_hz > 0], probability[f0_hz == 0])
    assert wins / (np.sum(f0_hz > 0) * np.sum(f0_hz == 0)) >= 0.97


def test_hnr(both):
    llds, f0_hz, hnr_db = both
    voiced = (column(llds, "log_f0") > 0) & (f0_hz > 0) & (hnr_db > -100)
    assert np.corrcoef(column(llds, "hnr_db")[voiced], hnr_db[voiced])[0, 1] >= 0.85
