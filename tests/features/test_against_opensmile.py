"""MFCC, log energy and zero-crossing rate against openSMILE, another program with the same definitions."""

from pathlib import Path

import numpy as np
import pytest

from drl4ser.features import extract_llds, load_audio
from tests.features.signals import RATE, make_noise, make_voice

RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"


@pytest.fixture(scope="module")
def opensmile():
    package = pytest.importorskip("opensmile")
    config = str(Path(__file__).with_name("opensmile_llds.conf"))
    return package.Smile(feature_set=config, feature_level="lld")


def check(opensmile, signal):
    """openSMILE reads 16-bit samples, so the signal must consist of them."""
    ours = extract_llds(signal, RATE)
    theirs = opensmile.process_signal(signal, RATE).to_numpy()
    assert len(theirs) == len(ours)
    np.testing.assert_allclose(ours[:, :12], theirs[:, :12], atol=5e-3)
    np.testing.assert_allclose(ours[:, 12], theirs[:, 12], atol=1e-3)
    np.testing.assert_allclose(ours[:, 16], theirs[:, 13], atol=1e-6)


def test_synthetic_signals(opensmile):
    voice = np.concatenate([make_voice(130, 0.3), np.zeros(4000), make_noise(4000, 1e-4), make_noise(4000)])
    check(opensmile, np.float32(np.round(voice * 32768) / 32768))


def test_speech(opensmile):
    paths = sorted(RAVDESS.glob("Actor_0*/*.wav"))[::120]
    if not paths:
        pytest.skip(f"no RAVDESS under {RAVDESS}")
    for path in paths:
        signal, rate = load_audio(path)
        assert rate == RATE
        check(opensmile, np.float32(np.round(signal * 32768) / 32768))
