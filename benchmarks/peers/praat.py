"""F0 and harmonicity from Praat (through parselmouth) at the centres of our frames."""

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


def _sample(times, own_times, values, outside):
    """Praat's value at its own frame nearest each time."""
    index = np.rint((times - own_times[0]) / (own_times[1] - own_times[0])).astype(int)
    inside = (index >= 0) & (index < len(values))
    return np.where(inside, values[np.clip(index, 0, len(values) - 1)], outside)
