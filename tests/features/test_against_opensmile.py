"""MFCC, log energy and zero-crossing rate against openSMILE, another program with the same definitions."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drl4ser.config import FrameConfig
from drl4ser.features import extract_llds, load_audio, stream_llds
from drl4ser.features.opensmile import extract_opensmile_llds, round_to_pcm
from tests.conftest import PATIENCE_S
from tests.features.signals import RATE, make_noise, make_voice

RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"


def check(signal):
    """openSMILE reads 16-bit samples, so both get such ones."""
    signal = round_to_pcm(signal)
    ours = extract_llds(signal, RATE)
    theirs = extract_opensmile_llds(signal, RATE, FrameConfig())
    assert theirs.shape == ours.shape
    np.testing.assert_allclose(ours[:, :12], theirs[:, :12], atol=5e-3)
    np.testing.assert_allclose(ours[:, 12], theirs[:, 12], atol=1e-3)
    np.testing.assert_allclose(ours[:, 16], theirs[:, 16], atol=1e-6)


def test_synthetic_signals():
    voice = np.concatenate([make_voice(130, 0.3), np.zeros(4000), make_noise(4000, 1e-4), make_noise(4000)])
    check(voice)


def test_speech():
    paths = sorted(RAVDESS.glob("Actor_0*/*.wav"))[::120]
    if not paths:
        pytest.skip(f"no RAVDESS under {RAVDESS}")
    for path in paths:
        signal, rate = load_audio(path)
        assert rate == RATE
        check(signal)


def test_pitch_of_a_high_voice():
    """25 ms hold enough periods of it for openSMILE."""
    theirs = extract_opensmile_llds(make_voice(240, 0.5), RATE, FrameConfig())
    middle = theirs[4:-4]
    np.testing.assert_allclose(np.exp(middle[:, 15]), 240, rtol=0.01)
    assert np.all(middle[:, 13] > 0.6) and np.all(middle[:, 14] > 0)


@pytest.mark.parametrize("signal", [np.zeros(400), np.ones(400), make_noise(4000, 3).clip(-1, 1)])
def test_opensmile_stays_in_range(signal):
    theirs = extract_opensmile_llds(signal, RATE, FrameConfig())
    assert theirs.dtype == np.float32 and np.all(np.isfinite(theirs))
    assert np.all((theirs[:, 14] >= -20) & (theirs[:, 14] <= 40))
    assert np.all((theirs[:, 15] == 0) | (theirs[:, 15] > 0.5))


def test_opensmile_follows_the_settings():
    config = FrameConfig(frame_ms=40, hop_ms=10, num_mfcc=10)
    signal = round_to_pcm(make_voice(150, 0.5))
    ours, theirs = extract_llds(signal, RATE, config), extract_opensmile_llds(signal, RATE, config)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours[:, :11], theirs[:, :11], atol=0.02)


def test_opensmile_beside_tensorflow():
    """Loaded plainly after TensorFlow, openSMILE takes its Fourier transform and crashes the process."""
    code = """
import tensorflow
import numpy as np
from drl4ser.config import FrameConfig
from drl4ser.features.opensmile import extract_opensmile_llds
print(float(extract_opensmile_llds(np.linspace(-1, 1, 4000), 16000, FrameConfig()).sum()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    alone = extract_opensmile_llds(np.linspace(-1, 1, 4000), RATE, FrameConfig())
    assert float(done.stdout) == float(alone.sum())


def test_a_worker_with_tensorflow_ends_after_opensmile(tmp_path):
    """openSMILE has a process of its own there, which nobody must wait for for ever."""
    script = tmp_path / "script.py"  # workers are spawned and import it anew
    script.write_text("""
import numpy as np
from drl4ser.config import FrameConfig
from drl4ser.features.opensmile import extract_opensmile_llds
from drl4ser.parallel.workers import make_pool

def extract():
    import tensorflow
    return float(extract_opensmile_llds(np.linspace(-1, 1, 4000), 16000, FrameConfig()).sum())

if __name__ == "__main__":
    with make_pool(1) as pool:
        print(pool.submit(extract).result())
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    alone = extract_opensmile_llds(np.linspace(-1, 1, 4000), RATE, FrameConfig())
    assert float(done.stdout) == float(alone.sum())


def test_the_setting_chooses_the_front_end():
    config = FrameConfig(frontend="opensmile")
    signal = make_voice(240, 0.3, 44_100)
    np.testing.assert_array_equal(extract_llds(signal, 44_100, config), extract_opensmile_llds(signal, 44_100, config))
    with pytest.raises(ValueError, match=r"one of \('drl4ser', 'rapt', 'opensmile'\).*'praat'"):
        FrameConfig(frontend="praat")
    with pytest.raises(ValueError, match=r"streams.*'opensmile'"):
        list(stream_llds([signal], 44_100, config))
