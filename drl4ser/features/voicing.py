"""F0, harmonics-to-noise ratio and probability of voicing, all at the centre of the frame.

A Viterbi search tracks F0 through the peaks of the autocorrelation of 50 ms (Boersma 1993, Praat's method with its
standard settings); the normalised cross-correlation at the period found, over a span centred on the frame, gives the
rest. The search replaced RAPT (`frontend="rapt"`, see `rapt.py`), which took the faint periodic ends of words for
voice, and more so the quieter the room.
"""

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features.correlation import find_candidates, period_range, refine_peak
from drl4ser.features.framing import count_frames, cut_span
from drl4ser.features.rapt import CONTEXT_FRAMES, track_f0_by_rapt

CHUNK_FRAMES = 8000
"""Frames whose F0 is tracked together, 40 s: fixed, so that no value depends on how a signal comes in."""
HNR_RANGE_DB = (-20.0, 40.0)
_CONTEXT = 40  # frames more on either side of a search: paths from different beginnings meet within these 0.2 s
_PIECE_FRAMES = 100  # searched at once with others, which NumPy does many times faster than one after the other
_BLOCK_FRAMES = 512

# Praat's standard settings; costs are for 10 ms from frame to frame.
_VOICING_THRESHOLD = 0.45
_SILENCE_THRESHOLD = 0.03
_OCTAVE_JUMP_COST = 0.35
_VOICING_CHANGE_COST = 0.14

_MOST_NOISE = 0.5  # of a frame's power, taken for noise at most
_LEAST_CORRELATION = 0.2  # of the frame's own 25 ms: where the long window only reaches into a voice, it is lower
_LOUD_RANK = 5  # a click is in four frames
_SILENT_PEAK = 2e-4  # -74 dB: if nothing is louder, a recording is silent
_MARGIN_PERIODS = 2  # of the longest period: what the cross-correlation needs on either side of a frame's centre
_SILENCE_POWER = 1e-14  # -140 dB: below it correlation is that of rounding errors of float32


def analyse_voicing(
    signal: np.ndarray, first: int, last: int, config: FrameConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute voicing probability, HNR and log F0 of frames [first, last).

    r is the normalised cross-correlation of two pieces 1 / f0_min long and T apart, together centred on the frame, T
    being its peak nearest the period of `track_period`.
    hnr_db = 10 log10(h / (1 - h)), clipped to -20..40 dB, 1 - h being the geometric mean of 1 - r over the frame and
    its two neighbours (which lowers the error for mixtures of known ratio by a tenth);
    log_f0 = ln(rate / T) where voiced, 0 where not; voiced (v = 1) is what the track calls voiced and r >= 0.2;
    voicing_probability = (e + v) / 2 in [0, 1], e being the evidence of `track_period`.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        first: first frame.
        last: frame after the last; `CHUNK_FRAMES` after the first, but for the end of the signal.
        config: the frames and the range of F0.

    Returns:
        (voicing_probability, hnr_db, log_f0), each float64 [last - first].

    References:
        Boersma (1993), see `correlation.find_candidates`; Praat's To Harmonicity (cc).
    """
    track, voiced, evidence = track_period(signal, first, last, config)
    if config.frontend == "rapt":
        f0_hz = track_f0_by_rapt(signal, first, last, config)
        voiced = f0_hz > 0
        track = np.where(voiced, config.sample_rate / np.where(voiced, f0_hz, 1), track)
    period, r, power = (np.concatenate(parts) for parts in zip(*_refine(signal, track, first, config), strict=True))
    voiced = voiced & (r >= _LEAST_CORRELATION)
    r = np.clip(r * power / np.maximum(power, _SILENCE_POWER), *_r_bounds())
    noise = np.pad(np.log(1 - r), 1, mode="edge")
    noise = np.exp((noise[:-2] + noise[1:-1] + noise[2:]) / 3)
    hnr_db = np.clip(10 * np.log10((1 - noise) / noise), *HNR_RANGE_DB)
    f0_hz = np.clip(config.sample_rate / period, config.f0_min_hz, config.f0_max_hz)
    return (evidence + voiced) / 2, hnr_db, np.where(voiced, np.log(f0_hz), 0.0)


def track_period(
    signal: np.ndarray, first: int, last: int, config: FrameConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Track the period of frames [first, last) through the candidates of `find_candidates` by a Viterbi search.

    A frame is unvoiced with the strength 0.45 + max(0, 2 - peak / (0.03 / 1.45 * loudest)), where `loudest` is the
    fifth highest peak of all frames that are searched; or voiced with a candidate's strength. The heights are
    multiplied by P / (P - N), with P the frame's power and N the lowest of all frames (at most 0.5 P), as long as the
    highest stays below 1: white noise lowers the correlation at all lags by just that. For frames 10 ms apart, a
    change of voicing costs 0.14 and a change of F0 0.35 per octave, and in proportion for other distances.

    Args:
        signal: float32 [num_samples] at config.sample_rate.
        first: first frame.
        last: frame after the last.
        config: the frames and the range of F0.

    Returns:
        (period, voiced, evidence): float [last - first], in samples, of the strongest candidate where unvoiced; boolean
        [last - first]; the highest candidate's height, so multiplied, times P / (P + Q), in [0, 1], with Q the power of
        a tone whose peaks are at 0.03 loudest.
    """
    begin, end = max(0, first - _CONTEXT), min(count_frames(len(signal), config), last + _CONTEXT)
    blocks = range(begin, end, _BLOCK_FRAMES)
    found = [find_candidates(signal, block, min(block + _BLOCK_FRAMES, end), config) for block in blocks]
    strength, height, lag, peak, power = (np.concatenate(parts) for parts in zip(*found, strict=True))
    noise = np.minimum(power.min(), _MOST_NOISE * power)
    factor = power / np.maximum(power - noise, np.finfo(np.float32).tiny)
    highest = np.maximum(height.max(axis=1), np.finfo(np.float32).tiny)
    factor = np.clip(factor, 1, np.maximum(1, 1 / highest))
    loudest = max(float(np.sort(peak)[-min(_LOUD_RANK, len(peak))]), _SILENT_PEAK)
    unvoiced = _VOICING_THRESHOLD + np.maximum(
        0, 2 - peak / (_SILENCE_THRESHOLD / (1 + _VOICING_THRESHOLD) * np.float32(loudest))
    )
    states = np.column_stack([strength + height * (factor - 1)[:, np.newaxis], unvoiced])
    own = slice(first - begin, last - begin)
    path = _search(states, np.log2(lag), own.start, own.stop, config.hop_ms / 10)
    voiced = path < lag.shape[1]
    evidence = highest * factor * power / (power + np.float32((_SILENCE_THRESHOLD * loudest) ** 2 / 2))
    return lag[own][np.arange(last - first), np.where(voiced, path, 0)], voiced, np.clip(evidence[own], 0, 1)


def _search(states, log_lag, first, last, hop):
    """The best state of frames [first, last): the index of a candidate, or the last one for unvoiced.

    Pieces of 100 frames are searched at once, each with 0.2 s on either side.
    """
    num_pieces = -(-(last - first) // _PIECE_FRAMES)
    frames = np.arange(-_CONTEXT, _PIECE_FRAMES + _CONTEXT)[:, np.newaxis]
    frames = first + frames + _PIECE_FRAMES * np.arange(num_pieces)  # [steps, pieces]
    inside = (frames >= 0) & (frames < len(states))
    states = np.where(inside[..., np.newaxis], states[np.clip(frames, 0, len(states) - 1)], 0)
    log_lag = log_lag[np.clip(frames, 0, len(log_lag) - 1)]
    num_states = states.shape[-1]
    cost = np.full((*frames.shape, num_states, num_states), _VOICING_CHANGE_COST / hop, np.float32)
    cost[..., -1, -1] = 0
    cost[1:, :, :-1, :-1] = (
        _OCTAVE_JUMP_COST / hop * np.abs(log_lag[:-1, :, :, np.newaxis] - log_lag[1:, :, np.newaxis])
    )
    cost[1:][~(inside[1:] & inside[:-1])] = 0
    came_from = np.empty(states.shape, np.int64)
    total = states[0]
    for step in range(1, len(frames)):
        reached = total[:, :, np.newaxis] - cost[step]
        came_from[step] = reached.argmax(axis=1)
        total = reached.max(axis=1) + states[step]
    path = np.empty(frames.shape, np.int64)
    path[-1] = total.argmax(axis=1)
    pieces = np.arange(num_pieces)
    for step in range(len(frames) - 1, 0, -1):
        path[step - 1] = came_from[step, pieces, path[step]]
    return path[_CONTEXT : _CONTEXT + _PIECE_FRAMES].T.ravel()[: last - first]


def _refine(signal, track, first, config):
    """Yields (period, r, power) of `refine_peak` for the blocks of frames from `first` on."""
    shortest, longest = period_range(config)
    margin = _MARGIN_PERIODS * longest
    lags = np.clip(np.rint(track), shortest, longest).astype(np.int64)
    for block in range(0, len(lags), _BLOCK_FRAMES):
        part = lags[block : block + _BLOCK_FRAMES]
        centre = (first + block) * config.hop_length + config.frame_length // 2
        steps = config.hop_length * np.arange(len(part))
        span = cut_span(signal, centre - margin, centre + steps[-1] + margin + 1)
        yield refine_peak(span, margin + steps, part, longest)


def count_reach(config: FrameConfig) -> int:
    """Samples beyond a chunk's first and last frame that decide its values, or a few more."""
    _, longest = period_range(config)
    context = CONTEXT_FRAMES if config.frontend == "rapt" else _CONTEXT
    return (context + 1) * config.hop_length + config.frame_length + 2 * _MARGIN_PERIODS * longest


def _r_bounds():
    """The correlations that `HNR_RANGE_DB` stands for."""
    return 1 / (1 + 10 ** (-np.array(HNR_RANGE_DB) / 10))
