"""Frames: frame n covers samples [n * hop, n * hop + length); nothing is centred or padded.

They are NumPy's views: librosa.util.frame makes the same ones, but its module compiles for 10 s at its first import.
"""

import numpy as np
from numpy.typing import ArrayLike

from drl4ser.config import FrameConfig
from drl4ser.features.audio import check_rate, resample

_PEAK_LIMIT = 16.0  # resampling a clipped signal overshoots 1 a little; a peak in the hundreds is 16-bit data
_LEAST_OFFSET = 1e-3  # -60 dB: recordings without a fault stay below it


def count_frames(num_samples: int, config: FrameConfig) -> int:
    """Count the whole frames in `num_samples` samples: 1 + (num_samples - frame_length) // hop_length, or 0."""
    return max(0, 1 + (num_samples - config.frame_length) // config.hop_length)


def frame_times(num_frames: int, config: FrameConfig = FrameConfig()) -> np.ndarray:
    """Compute the times of the centres of frames 0..num_frames - 1 in seconds: float64 [num_frames].

    Example:
        >>> frame_times(3).round(4).tolist()
        [0.0125, 0.0175, 0.0225]
    """
    samples = config.hop_length * np.arange(num_frames) + config.frame_length / 2
    return samples / config.sample_rate


def prepare_signal(signal: ArrayLike, sample_rate: int, config: FrameConfig) -> np.ndarray:
    """Check a signal, average its channels and resample it to the analysis rate.

    Args:
        signal: float array [num_samples] or [num_samples, channels], full scale = 1.
        sample_rate: its rate in Hz.
        config: the analysis rate and frame length.

    Returns:
        float32 [num_samples] at config.sample_rate; the input itself where nothing had to be changed.

    Raises:
        ValueError: for integer, empty, non-finite or unscaled samples, a wrong rank, or less than one frame.

    Example:
        >>> len(prepare_signal(np.zeros((4_410, 2)), 44_100, FrameConfig()))
        1600
    """
    check_rate(sample_rate)
    signal = to_mono(signal)
    if sample_rate != config.sample_rate:
        signal = resample(signal, sample_rate, config.sample_rate)
    check_length(len(signal), config)
    return signal


def to_mono(signal: ArrayLike) -> np.ndarray:
    """Check samples and average their channels: `prepare_signal` without the checks of rate and length."""
    signal = np.asarray(signal)
    if not np.issubdtype(signal.dtype, np.floating):
        raise ValueError(
            "`signal` must be a float array scaled to [-1, 1] (divide 16-bit integers by 32768). "
            f"Received: signal.dtype={signal.dtype}"
        )
    if signal.ndim not in (1, 2) or 0 in signal.shape:
        raise ValueError(
            "`signal` must be [num_samples] or [num_samples, channels] and not empty. "
            f"Received: signal.shape={signal.shape}"
        )
    peak = max(abs(float(signal.max())), abs(float(signal.min())))  # NaN and infinity survive max and min
    if not np.isfinite(peak):
        raise ValueError("`signal` must be finite. Received: NaN or infinity among its samples")
    if peak > _PEAK_LIMIT:
        raise ValueError(f"`signal` must be scaled to [-1, 1]. Received: a peak of {peak:g}")
    if signal.ndim == 2:
        return signal.mean(axis=1, dtype=np.float32)
    return signal.astype(np.float32, copy=False)


def find_offset(signal: np.ndarray, config: FrameConfig) -> np.float32:
    """Find the constant offset of a recording, where its quiet parts show one.

    It is the mean of the quietest tenth of the frames (not overlapping), rounded to a step of 16 bits, if that is at
    least 0.001 and more than half of their standard deviation: below that half it changes the energy of the quietest
    frames by less than 1 dB. One below 0.001 (-60 dB) stays: recordings that are quieter still have it in their energy
    and zero crossings. Of digital silence it is the very value, so that all zeros come back.

    Args:
        signal: float32 [num_samples], at least one frame.
        config: length of a frame.

    Returns:
        The offset, 0 where there is none.

    Example:
        >>> noise = np.random.default_rng(0).normal(0, 0.001, 16_000).astype(np.float32)
        >>> [round(float(find_offset(noise + np.float32(offset), FrameConfig())), 3) for offset in (0, 0.03)]
        [0.0, 0.03]
    """
    frames = signal[: len(signal) // config.frame_length * config.frame_length].reshape(-1, config.frame_length)
    mean, variance = frames.mean(axis=1, dtype=np.float64), frames.var(axis=1, dtype=np.float64)
    quiet = np.argsort(variance, kind="stable")[: max(1, len(frames) // 10)]
    offset = mean[quiet].mean()
    if abs(offset) <= max(_LEAST_OFFSET, np.sqrt(variance[quiet].mean()) / 2):
        return np.float32(0)
    quietest = frames[quiet[0]]
    return quietest[0] if np.all(quietest == quietest[0]) else np.float32(np.rint(offset * 2**15) / 2**15)


def check_length(num_samples: int, config: FrameConfig) -> None:
    """Raise ValueError unless so many samples hold a frame."""
    if num_samples < config.frame_length:
        raise ValueError(
            f"`signal` must be at least one frame long ({config.frame_length} samples at "
            f"{config.sample_rate} Hz). Received: {num_samples} samples"
        )


def frame_signal(signal: np.ndarray, first: int, last: int, config: FrameConfig) -> np.ndarray:
    """View frames [first, last) of `signal`: [last - first, frame_length]."""
    begin = first * config.hop_length
    end = (last - 1) * config.hop_length + config.frame_length
    windows = np.lib.stride_tricks.sliding_window_view(signal[begin:end], config.frame_length)
    return windows[:: config.hop_length]


def cut_span(signal: np.ndarray, begin: int, end: int) -> np.ndarray:
    """Copy samples [begin, end), with zeros where that reaches beyond the signal."""
    inside = signal[max(0, begin) : max(0, min(end, len(signal)))]
    left = max(0, -begin)
    return np.pad(inside, (left, end - begin - left - len(inside)))
