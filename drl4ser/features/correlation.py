"""Correlation of a signal with itself around given instants: candidates for the period, and the peak at one of them."""

import functools

import numpy as np
import scipy.fft

from drl4ser.config import FrameConfig
from drl4ser.features.framing import cut_span

NUM_CANDIDATES = 5
OCTAVE_COST = 0.01  # per octave below the highest F0: of a period and its multiples the period is preferred
_PERIODS = 3  # of the lowest F0 in the window of the autocorrelation
_SEARCH = 3  # samples either side of a lag in which the peak is looked for
_POWER_FLOOR = 1e-12  # keeps 0 / 0 out; 120 dB below full scale


def find_candidates(signal: np.ndarray, first: int, last: int, config: FrameConfig) -> tuple[np.ndarray, ...]:
    """Find the highest peaks of the autocorrelation of frames [first, last), as candidates for their period.

    r(T) = a(T) / a(0) / (w(T) / w(0)), with a the autocorrelation of three periods of the lowest F0 around the
    frame's centre, less their mean and times a Hann window, and w the autocorrelation of that window. A peak's lag and
    height are those of the parabola through its three samples; its strength is height - 0.01 log2(T / shortest T).

    Args:
        signal: float32 [num_samples] at config.sample_rate; zeros beyond its ends.
        first: first frame.
        last: frame after the last.
        config: the frames and the range of F0.

    Returns:
        (strength, height, lag, peak, power): the first three float [last - first, 5], the strongest first, strength
        -inf and height 0 where there are fewer peaks; peak (the largest sample within half the longest period of the
        centre) and power (the mean under the window), float32 [last - first].

    References:
        Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
        sampled sound", IFA Proceedings 17, 1993; the autocorrelation method of Praat.
    """
    shortest, longest = period_range(config)
    window, correction, size = _window(longest)
    begin = first * config.hop_length + (config.frame_length - len(window)) // 2
    span = cut_span(signal, begin, begin + (last - first - 1) * config.hop_length + len(window))
    pieces = np.lib.stride_tricks.sliding_window_view(span, len(window))[:: config.hop_length]
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    middle = pieces[:, (len(window) - longest) // 2 : (len(window) + longest) // 2]
    peak = np.maximum(middle.max(axis=1), -middle.min(axis=1))
    pieces *= window
    spectrum = scipy.fft.rfft(pieces, size, axis=1)
    r = scipy.fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), size, axis=1)[:, : longest + 2]
    power = r[:, 0] / np.sum(np.square(window))
    r /= np.maximum(r[:, :1], _POWER_FLOOR) * correction
    return *_pick_peaks(r, shortest, longest), peak, power


def _pick_peaks(r, shortest, longest):
    """Strength, height and lag of the strongest peaks of r [num_frames, longest + 2]."""
    left, inner, right = (r[:, shortest + shift : longest + 1 + shift] for shift in (-1, 0, 1))
    cost = (OCTAVE_COST * np.log2(np.arange(shortest, longest + 1) / shortest)).astype(np.float32)
    score = np.where((inner >= left) & (inner > right) & (inner > 0), inner - cost, np.float32(-np.inf))
    rows = np.arange(len(r))
    found = np.empty((NUM_CANDIDATES, len(r)), np.int64)
    strength = np.empty((NUM_CANDIDATES, len(r)), np.float32)
    for rank in range(NUM_CANDIDATES):
        found[rank] = np.argmax(score, axis=1)
        strength[rank] = score[rows, found[rank]]
        score[rows, found[rank]] = -np.inf
    low, top, high = left[rows, found], inner[rows, found], right[rows, found]
    bend = np.minimum(low - 2 * top + high, -_POWER_FLOOR)
    shift = np.clip((low - high) / (2 * bend), -0.5, 0.5)
    gain = -(low - high) * shift / 4
    height = np.where(np.isfinite(strength), top + gain, np.float32(0))
    return (strength + gain).T, height.T, (shortest + found + shift).T


@functools.cache
def _window(longest):
    """Hann window, correction for it at each lag, and length of the Fourier transform."""
    length = 2 * (_PERIODS * longest // 2)
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    size = scipy.fft.next_fast_len(length + longest + 2, real=True)
    own = scipy.fft.irfft(np.abs(scipy.fft.rfft(window.astype(np.float64), size)) ** 2, size)
    return window, (own / own[0])[: longest + 2].astype(np.float32), size


def period_range(config: FrameConfig) -> tuple[int, int]:
    """Shortest and longest period of F0 in samples."""
    return int(config.sample_rate / config.f0_max_hz), int(np.ceil(config.sample_rate / config.f0_min_hz))


def refine_peak(span: np.ndarray, centres: np.ndarray, lags: np.ndarray, window: int) -> tuple[np.ndarray, ...]:
    """Find the peak of the normalised cross-correlation near each lag, interpolated by a parabola.

    r(T) = sum x(s) x(s + T) / sqrt(sum x(s)^2 sum x(s + T)^2), of two windows of `window` samples at distance T that
    together are centred on the frame; their common mean is subtracted.

    Args:
        span: float32 [num_samples], reaching 2 * `window` beyond every centre.
        centres: int [num_frames], indices into `span`.
        lags: int [num_frames], at most `window`.
        window: samples compared.

    Returns:
        (period, r, power), each float64 [num_frames]: the peak's lag in samples; its height in [-1, 1]; and
        the geometric mean of the two windows' powers.
    """
    starts = centres - (window + lags) // 2
    early = np.lib.stride_tricks.sliding_window_view(span, window)[starts]
    width = window + 2 * _SEARCH + 2
    late = np.lib.stride_tricks.sliding_window_view(span, width)[starts + lags - _SEARCH - 1]
    mean = (early.mean(axis=1, keepdims=True) + late.mean(axis=1, keepdims=True)) / 2
    early -= mean
    late -= mean
    windows = np.lib.stride_tricks.sliding_window_view(late, window, axis=1)
    products = np.einsum("nw,nlw->nl", early, windows).astype(np.float64)
    early_energy = np.einsum("nw,nw->n", early, early).astype(np.float64)
    power = np.sqrt(early_energy[:, None] * _sum_squares(late, window)) / window
    return _interpolate(products / window / np.maximum(power, _POWER_FLOOR), power, lags)


def _sum_squares(pieces, window):
    """Energies [num_frames, width - window + 1] of all windows of pieces [num_frames, width]."""
    first = np.einsum("nw,nw->n", pieces[:, :window], pieces[:, :window]).astype(np.float64)[:, None]
    gained = np.square(pieces[:, window:], dtype=np.float64)
    lost = np.square(pieces[:, : gained.shape[1]], dtype=np.float64)
    change = np.cumsum(gained - lost, axis=1)
    return np.maximum(np.concatenate([first, first + change], axis=1), 0.0)


def _interpolate(r, power, lags):
    """The highest inner value of each row of r [num_frames, num_lags]; if a peak, the top of its parabola."""
    best = 1 + np.argmax(r[:, 1:-1], axis=1)
    rows = np.arange(len(r))
    left, top, right = r[rows, best - 1], r[rows, best], r[rows, best + 1]
    bend = left - 2 * top + right
    is_peak = (top >= left) & (top >= right) & (bend < 0)
    shift = np.where(is_peak, (left - right) / (2 * np.where(is_peak, bend, 1.0)), 0.0)
    height = np.clip(top - (left - right) * shift / 4, -1.0, 1.0)
    return lags + best - (_SEARCH + 1) + shift, height, power[rows, best]
