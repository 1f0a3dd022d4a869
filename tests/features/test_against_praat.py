"""F0, voicing and HNR on real speech against Praat, an independent program."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from benchmarks.peers.front_ends import track_with_praat
from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, extract_llds, load_audio
from tests.features.signals import RATE

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


@pytest.fixture(scope="module", params=["ravdess/*/*.wav", "nemo/speech/*.flac"])
def both(request):
    """(ours [num_frames, 17], Praat's F0 with 0 where unvoiced, Praat's HNR) over twelve files together."""
    paths = sorted(CORPORA.glob(request.param))
    if not paths:
        pytest.skip(f"no {request.param} under {CORPORA}")
    paths = paths[:: len(paths) // 12]
    signals = [load_audio(path, sample_rate=RATE)[0] for path in paths]
    tracks = [(extract_llds(signal, RATE), *track_with_praat(signal, FrameConfig())) for signal in signals]
    return tuple(map(np.concatenate, zip(*tracks, strict=True)))


def column(llds, name):
    return llds[:, LLD_NAMES.index(name)].astype(np.float64)


def test_f0(both):
    llds, f0_hz, _ = both
    voiced = (column(llds, "log_f0") > 0) & (f0_hz > 0)
    error = np.abs(np.exp(column(llds, "log_f0")[voiced]) / f0_hz[voiced] - 1)
    assert np.mean(error > 0.2) <= 0.02
    assert np.median(error) < 0.01


def test_voicing_decision(both):
    llds, f0_hz, _ = both
    assert np.mean((column(llds, "log_f0") > 0) != (f0_hz > 0)) <= 0.06


def test_voicing_probability(both):
    llds, f0_hz, _ = both
    probability = column(llds, "voicing_probability")
    wins, _ = scipy.stats.mannwhitneyu(probability[f0_hz > 0], probability[f0_hz == 0])
    assert wins / (np.sum(f0_hz > 0) * np.sum(f0_hz == 0)) >= 0.985


def test_hnr(both):
    llds, f0_hz, hnr_db = both
    voiced = (column(llds, "log_f0") > 0) & (f0_hz > 0) & (hnr_db > -100)
    assert np.corrcoef(column(llds, "hnr_db")[voiced], hnr_db[voiced])[0, 1] >= 0.9
