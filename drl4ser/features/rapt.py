"""F0 by RAPT (pysptk) in place of our own tracker: `FrameConfig(frontend="rapt")`, an independent second opinion.

Its voicing decision depends on the level and the noise floor of a recording, which is why it is not the default.
"""

import functools
import warnings

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.console import needing
from drl4ser.features.framing import count_frames, cut_span

CONTEXT_FRAMES = (
    212  # more on either side: RAPT's search settles within a second, and its last 12 frames need what follows
)
_SCALE = 6 * 32768.0  # RAPT adds noise of 50 units: this puts it at -72 dB, below quiet speech
_RANGE = (1 / 1.08, 1.04)  # RAPT finds no peak at the ends of its range and halves F0 near the upper one
_PADDING = 12  # frames of silence after the end
_WINDOW_SECONDS = 0.0075


def track_f0_by_rapt(signal: np.ndarray, first: int, last: int, config: FrameConfig) -> np.ndarray:
    """Track F0 of frames [first, last) with RAPT, with a second on either side.

    RAPT compares the 7.5 ms from its frame's start with those one period later, so its estimate is centred on
    sample 60 + period / 2. Its frames are moved to bring that to the centre of ours for 173 Hz, the middle of
    the range on a log scale.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        first: first frame.
        last: frame after the last.
        config: the frames and the range of F0.

    Returns:
        float32 [last - first] in Hz, 0 where unvoiced.

    Raises:
        ImportError: if pysptk is not installed.

    References:
        Talkin, "A robust algorithm for pitch tracking (RAPT)", in Speech Coding and Synthesis, 1995.

    Example:
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
        >>> round(float(track_f0_by_rapt(0.1 * tone, 50, 51, FrameConfig())[0]))
        200
    """
    before = min(first, CONTEXT_FRAMES - _PADDING)
    after = min(count_frames(len(signal), config) - last, CONTEXT_FRAMES - _PADDING) + _PADDING
    mid_period = config.sample_rate / np.sqrt(config.f0_min_hz * config.f0_max_hz)
    reach = _WINDOW_SECONDS * config.sample_rate + mid_period
    begin = (first - before) * config.hop_length + round((config.frame_length - reach) / 2)
    # An even length: RAPT draws its noise in pairs and would keep the odd one back for the next call.
    length = 2 * (((last - first + before + after) * config.hop_length + 1) // 2)
    samples = cut_span(signal, begin, begin + length) * np.float32(_SCALE)
    lowest, highest = np.multiply(_RANGE, (config.f0_min_hz, config.f0_max_hz))
    track = _import_rapt()(samples, config.sample_rate, config.hop_length, min=lowest, max=highest)
    return track[before : before + last - first]


@functools.cache
def _import_rapt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pysptk imports the deprecated pkg_resources
        with needing("rapt"):
            from pysptk import rapt
    return rapt
