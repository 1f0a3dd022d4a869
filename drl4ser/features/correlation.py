"""Normalised cross-correlation of a signal with itself around given instants, for all frames at once."""

import functools

import numpy as np
import scipy.fft
import scipy.signal

_CANDIDATE_RATE = 4000  # Hz; enough to find a period, and four times cheaper than the full rate
_CANDIDATE_CUTOFF_HZ = 1500
_CANDIDATE_TAPS = 65
_SEARCH = 3  # samples either side of a lag in which the peak is looked for
_POWER_FLOOR = 1e-12  # keeps 0 / 0 out; 120 dB below full scale


def find_lags(span: np.ndarray, centres: np.ndarray, shortest: int, longest: int, decimation: int) -> np.ndarray:
    """The lag of the highest normalised cross-correlation in [shortest, longest], below 1.5 kHz.

    r(T) = sum x(s) x(s + T) / sqrt(sum x(s)^2 sum x(s + T)^2), s over `longest` samples so placed that the
    span is centred for a lag in the middle of the range. Computed by FFT at a lower rate.

    Args:
        span: float32 [num_samples], reaching 2 * `longest` beyond every centre.
        centres: int [num_frames], indices into `span`, all equal modulo `decimation`.
        shortest: lowest lag in samples.
        longest: highest lag in samples.
        decimation: samples per sample of the lower rate.

    Returns:
        int [num_frames], in samples of `span`, multiples of `decimation`.
    """
    if len(centres) == 0:
        return np.zeros(0, np.int64)
    taps = _candidate_filter(decimation)
    low = scipy.signal.upfirdn(taps, span, 1, decimation)
    window, first, last = (-(-length // decimation) for length in (longest, shortest, longest))
    reach = window + last + 1
    starts = (centres + len(taps) // 2 - (longest + (shortest + longest) // 2) // 2) // decimation
    pieces = np.lib.stride_tricks.sliding_window_view(low, reach)[starts]
    pieces -= pieces.mean(axis=1, keepdims=True)
    size = scipy.fft.next_fast_len(reach, real=True)  # what wraps around lands on lags outside the range
    spectrum = scipy.fft.rfft(pieces, size, axis=1)
    spectrum *= scipy.fft.rfft(pieces[:, :window], size, axis=1).conj()
    products = scipy.fft.irfft(spectrum, size, axis=1)[:, first : last + 1]
    energy = np.cumsum(np.square(pieces, dtype=np.float64), axis=1)
    energy = energy[:, window + first - 1 : window + last] - energy[:, first - 1 : last]
    r = products / np.sqrt(energy + window * _POWER_FLOOR)  # but for the first window, the same at all lags
    return np.clip((first + np.argmax(r, axis=1)) * decimation, shortest, longest)


def refine_peak(span: np.ndarray, centres: np.ndarray, lags: np.ndarray, window: int):
    """The peak of the normalised cross-correlation near each lag, interpolated by a parabola.

    r(T) as in `find_lags`, of two windows of `window` samples at distance T that together are centred on the
    frame; their common mean is taken away.

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


@functools.cache
def _candidate_filter(decimation):
    if decimation == 1:
        return np.ones(1, np.float32)
    rate = _CANDIDATE_RATE * decimation
    return scipy.signal.firwin(_CANDIDATE_TAPS, _CANDIDATE_CUTOFF_HZ, fs=rate).astype(np.float32)
