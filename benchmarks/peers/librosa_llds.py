"""As many of the 17 as librosa has, its pyin for F0 and voicing; it has no HNR."""

import numpy as np

from drl4ser.config import FrameConfig


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
