"""The front end with RAPT as F0 tracker, against a known F0 and against our own tracker."""

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, extract_llds, stream_llds

RAPT = FrameConfig(frontend="rapt")
LOG_F0 = LLD_NAMES.index("log_f0")
PITCH = [LLD_NAMES.index(name) for name in ("voicing_probability", "hnr_db", "log_f0")]


def make_glide(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Pulses through a resonance, 110 Hz up to 220 Hz, with half a second of silence before and after; and F0."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    f0_hz = 110 * 2 ** (time / seconds)
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16_000
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 12))
    silence = np.zeros(8_000)
    return np.concatenate([silence, 0.1 * voice, silence]), np.concatenate([silence, f0_hz, silence])


def test_a_glide_has_its_known_f0():
    signal, f0_hz = make_glide(1.0)
    llds = extract_llds(signal, 16_000, RAPT)
    truth = f0_hz[80 * np.arange(len(llds)) + 200]
    voiced, inside = llds[:, LOG_F0] > 0, slice(105, 295)
    assert voiced[inside].all()
    assert not voiced[:90].any() and not voiced[-90:].any()
    np.testing.assert_allclose(np.exp(llds[inside, LOG_F0]), truth[inside], rtol=0.01)


def test_both_trackers_agree_and_only_pitch_differs():
    signal, _ = make_glide(1.0)
    ours, other = extract_llds(signal, 16_000), extract_llds(signal, 16_000, RAPT)
    rest = [column for column in range(len(LLD_NAMES)) if column not in PITCH]
    np.testing.assert_array_equal(ours[:, rest], other[:, rest])
    both = (ours[:, LOG_F0] > 0) & (other[:, LOG_F0] > 0)
    assert both.sum() > 180
    np.testing.assert_allclose(other[both, LOG_F0], ours[both, LOG_F0], atol=0.01)


def test_a_stream_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr("drl4ser.features.voicing.CHUNK_FRAMES", 300)
    signal, _ = make_glide(6.0)
    blocks = np.split(signal, [1_000, 30_000, 30_001, 77_777])
    streamed = np.concatenate(list(stream_llds(blocks, 16_000, RAPT)))
    np.testing.assert_array_equal(streamed, extract_llds(signal, 16_000, RAPT))
