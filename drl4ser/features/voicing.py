"""F0, harmonics-to-noise ratio and probability of voicing, all at the centre of the frame.

RAPT tracks F0; the normalised cross-correlation at its period, over a span centred on the frame, gives the
rest. Frames that RAPT calls unvoiced take the lag of the highest correlation in the whole range of F0.
"""

import functools
import warnings

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features.correlation import find_lags, refine_peak
from drl4ser.features.framing import count_frames, cut_span

CHUNK_FRAMES = 8000
"""Frames whose F0 is tracked together, 40 s: fixed, so that no value depends on how a signal comes in."""
HNR_RANGE_DB = (-20.0, 40.0)
_RAPT_SCALE = 6 * 32768.0  # RAPT adds noise of 50 units: this puts it at -72 dB, below quiet speech
# RAPT finds no peak at the ends of its range and halves F0 near the upper one: it gets more than our range.
_RAPT_RANGE = (1 / 1.08, 1.04)
_RAPT_CONTEXT = 200  # frames more on either side: RAPT's search settles within a second
_RAPT_PADDING = 12  # frames of silence after the end, which the last frames and the shortest signals need
_RAPT_WINDOW_SECONDS = 0.0075
_MARGIN_PERIODS = 2  # of the longest period: what the correlations need on either side of a frame's centre
_VOICING_NOISE_POWER = 1e-6  # -60 dB: added to every frame so that faint hum does not count as voice
_SILENCE_POWER = 1e-10  # -100 dB: below it correlation is that of rounding errors


def track_f0(signal: np.ndarray, first: int, last: int, config: FrameConfig) -> np.ndarray:
    """F0 in Hz of frames [first, last) by RAPT, 0 where unvoiced; they are tracked with a second either side.

    RAPT compares the 7.5 ms from its frame's start with those one period later, so what it sees is centred on
    sample 60 + period / 2. Its frames are moved to bring that to the centre of ours for 173 Hz, the middle of
    the range on a log scale. Up to 5 ms is left at 60 Hz, which is why `analyse_voicing` measures the period
    anew.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        first: first frame.
        last: frame after the last; `CHUNK_FRAMES` after the first, but for the end of the signal.
        config: the frames and the range of F0.

    Returns:
        float32 [last - first].

    References:
        Talkin, "A robust algorithm for pitch tracking (RAPT)", in Speech Coding and Synthesis, 1995.
    """
    before = min(first, _RAPT_CONTEXT)
    after = min(count_frames(len(signal), config) - last, _RAPT_CONTEXT) + _RAPT_PADDING
    mid_period = config.sample_rate / np.sqrt(config.f0_min_hz * config.f0_max_hz)
    reach = _RAPT_WINDOW_SECONDS * config.sample_rate + mid_period
    begin = (first - before) * config.hop_length + round((config.frame_length - reach) / 2)
    # An even length: RAPT draws its noise in pairs and would keep the odd one back for the next call.
    length = 2 * (((last - first + before + after) * config.hop_length + 1) // 2)
    samples = cut_span(signal, begin, begin + length) * np.float32(_RAPT_SCALE)
    lowest, highest = np.multiply(_RAPT_RANGE, (config.f0_min_hz, config.f0_max_hz))
    track = _import_rapt()(samples, config.sample_rate, config.hop_length, min=lowest, max=highest)
    return track[before : before + last - first]


@functools.cache
def _import_rapt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pysptk imports the deprecated pkg_resources
        from pysptk import rapt
    return rapt


def analyse_voicing(signal, f0_hz, first: int, last: int, config: FrameConfig):
    """Voicing probability, HNR and log F0 of frames [first, last).

    With r the normalised cross-correlation of two pieces 1 / f0_min long and T apart, together centred on the
    frame, T being its peak nearest RAPT's period (where unvoiced: its highest peak):
    hnr_db = 10 log10(r / (1 - r)), clipped to -20..40 dB;
    voicing_probability = (r' + v) / 2 in [0, 1], v RAPT's decision and r' as r with noise of -60 dB added;
    log_f0 = ln(rate / T) where voiced, 0 where not.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        f0_hz: float32 [last - first], their F0 from `track_f0`.
        first: first frame.
        last: frame after the last.
        config: the frames and the range of F0.

    Returns:
        (voicing_probability, hnr_db, log_f0), each float64 [last - first].

    References:
        Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio
        of a sampled sound", IFA Proceedings 17, 1993; Praat's To Harmonicity (cc).
    """
    voiced = f0_hz > 0
    shortest, longest = _period_range(config)
    margin = _MARGIN_PERIODS * longest
    centre = first * config.hop_length + config.frame_length // 2
    steps = config.hop_length * np.arange(last - first)
    span = cut_span(signal, centre - margin, centre + steps[-1] + margin + 1)
    lags = np.empty(last - first, np.int64)
    lags[voiced] = np.clip(np.rint(config.sample_rate / f0_hz[voiced]), shortest, longest)
    decimation = _choose_decimation(config)
    lags[~voiced] = find_lags(span, margin + steps[~voiced], shortest, longest, decimation)
    period, r, power = refine_peak(span, margin + steps, lags, longest)
    harmonic = np.clip(r * power / np.maximum(power, _SILENCE_POWER), *_r_bounds())
    faint = np.clip(r * power / (power + _VOICING_NOISE_POWER), 0.0, 1.0)
    f0_hz = np.clip(config.sample_rate / period, config.f0_min_hz, config.f0_max_hz)
    return ((faint + voiced) / 2, 10 * np.log10(harmonic / (1 - harmonic)), np.where(voiced, np.log(f0_hz), 0.0))


def count_reach(config: FrameConfig) -> int:
    """Samples beyond a chunk's first and last frame that decide its values, or a few more."""
    _, longest = _period_range(config)
    frames = _RAPT_CONTEXT + _RAPT_PADDING + 1
    return frames * config.hop_length + config.frame_length + 2 * _MARGIN_PERIODS * longest


def _period_range(config):
    """Shortest and longest period of F0 in samples."""
    return int(config.sample_rate / config.f0_max_hz), int(np.ceil(config.sample_rate / config.f0_min_hz))


def _r_bounds():
    """The correlations that `HNR_RANGE_DB` stands for."""
    return 1 / (1 + 10 ** (-np.array(HNR_RANGE_DB) / 10))


def _choose_decimation(config):
    """The largest divisor of the hop that leaves 4 kHz: all frames then meet the lower rate in one phase."""
    most = max(1, config.sample_rate // 4000)
    return max(step for step in range(1, most + 1) if config.hop_length % step == 0)
