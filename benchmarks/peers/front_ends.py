"""The front ends of other programs on our frames: Praat (through parselmouth) and librosa."""

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features.framing import count_frames, frame_times

NO_HNR_DB = -200.0
"""What Praat says where it hears no periodicity at all."""


def track_with_praat(signal: np.ndarray, config: FrameConfig) -> tuple[np.ndarray, np.ndarray]:
    """Praat's F0 (its autocorrelation method) and cross-correlation HNR.

    Args:
        signal: float [num_samples] at config.sample_rate, at least one frame.
        config: the frames and the range of F0; the lowest is HNR's minimum pitch too.

    Returns:
        (f0_hz, hnr_db), each float64 [num_frames]: F0 is 0 where unvoiced, HNR `NO_HNR_DB` where there is
        none. Near the ends of a file, where Praat has no frames, both say so too.
    """
    import parselmouth

    step = config.hop_ms / 1000
    sound = parselmouth.Sound(np.asarray(signal, np.float64), config.sample_rate)
    pitch = sound.to_pitch(step, config.f0_min_hz, config.f0_max_hz)
    harmonicity = sound.to_harmonicity_cc(step, config.f0_min_hz)
    times = frame_times(count_frames(len(signal), config), config)
    f0_hz = _sample(times, pitch.xs(), pitch.selected_array["frequency"], 0.0)
    return f0_hz, _sample(times, harmonicity.xs(), harmonicity.values[0], NO_HNR_DB)


def track_at_praats_defaults(signal: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return Praat's F0 in Hz at its own settings: every 10 ms, 75 to 600 Hz."""
    import parselmouth

    return parselmouth.Sound(np.asarray(signal, np.float64), sample_rate).to_pitch().selected_array["frequency"]


def _sample(times, own_times, values, outside):
    """Praat's value at its own frame nearest each time."""
    index = np.rint((times - own_times[0]) / (own_times[1] - own_times[0])).astype(int)
    inside = (index >= 0) & (index < len(values))
    return np.where(inside, values[np.clip(index, 0, len(values) - 1)], outside)


def describe_with_librosa(signal: np.ndarray, config: FrameConfig) -> np.ndarray:
    """12 MFCC, energy, voicing probability, F0 in Hz (NaN where unvoiced) and zero crossings.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        config: frames, mel bands and the range of F0. pyin gets windows of three periods of the lowest F0.

    Returns:
        [num_frames, 16].
    """
    import librosa

    rate, hop, length = config.sample_rate, config.hop_length, config.frame_length
    frames = {"hop_length": hop, "center": False}
    bands = {"n_mels": config.num_mel_bands, "fmin": config.mel_low_hz, "fmax": config.mel_high_hz, "htk": True}
    mfcc = librosa.feature.mfcc(
        y=signal, sr=rate, n_mfcc=config.num_mfcc + 1, n_fft=512, win_length=length, window="hamming", **bands, **frames
    )
    energy = librosa.feature.rms(y=signal, frame_length=length, **frames)
    crossings = librosa.feature.zero_crossing_rate(signal, frame_length=length, **frames)
    window = int(3 * rate / config.f0_min_hz)
    f0_hz, _, voiced = librosa.pyin(
        signal, fmin=config.f0_min_hz, fmax=config.f0_max_hz, sr=rate, frame_length=window, **frames
    )
    columns = [*mfcc[1:], energy[0], voiced, f0_hz, crossings[0]]
    num_frames = min(map(len, columns))
    return np.stack([column[:num_frames] for column in columns], axis=1)
