"""MFCC, log energy and zero-crossing rate: the 14 descriptors that one frame's own samples determine.

librosa gives the mel scale. Its filter bank, lifter and zero crossings are others than those of HTK and openSMILE: its
triangles are straight in Hz, it lifts coefficient k as k + 1, and it counts a zero sample by its sign.
"""

import functools

import numpy as np
import scipy.fft

from drl4ser.config import FrameConfig

_HTK_SCALE = 32767.0  # HTK and openSMILE work on 16-bit sample values; the floor below is in their units
_MEL_FLOOR = 1.0
ENERGY_FLOOR = 8.674676e-19  # openSMILE's cEnergy; 16-bit samples that are not all zero lie far above it


def compute_mfcc(frames: np.ndarray, config: FrameConfig) -> np.ndarray:
    """Compute mel-frequency cepstral coefficients 1..num_mfcc as openSMILE's ComParE 2016 set defines them.

    c_k = (1 + L/2 sin(pi k / L)) sqrt(2/M) sum_m ln(max(E_m, 1)) cos(pi k (m + 1/2) / M), with E_m the power
    of the Hamming-windowed frame (samples times 32767) in mel band m of M = 26, and L = 22. No unit.

    Args:
        frames: float32 [num_frames, frame_length], full scale = 1.
        config: bands, band limits, number of coefficients and lifter.

    Returns:
        float64 [num_frames, num_mfcc].

    References:
        Young et al., The HTK Book, 5.4 and 5.6; Schuller et al., Interspeech 2016 (ComParE).

    Example:
        >>> mfcc = compute_mfcc(np.zeros((3, 400), np.float32), FrameConfig())  # of silence: every band at the floor
        >>> mfcc.shape, bool(mfcc.any())
        ((3, 12), False)
    """
    size = 1 << (config.frame_length - 1).bit_length()
    window = (_HTK_SCALE * np.hamming(config.frame_length)).astype(np.float32)
    padded = np.zeros((len(frames), size), np.float32)
    np.multiply(frames, window, out=padded[:, : config.frame_length])
    spectrum = scipy.fft.rfft(padded, axis=1)
    parts = np.square(spectrum.view(np.float32))
    power = parts[:, ::2] + parts[:, 1::2]
    log_bands = np.log(np.maximum(_sum_bands(power, config, size), np.float32(_MEL_FLOOR)))
    # einsum, not BLAS: its sums do not depend on how many frames are passed at a time.
    return np.einsum("tm,mk->tk", log_bands, _dct_matrix(config))


def compute_log_energy(frames: np.ndarray) -> np.ndarray:
    """Compute ln(max(mean(x^2), 8.67e-19)): ln of power re full scale, from -41.59 (digital silence) to 0.

    Args:
        frames: float32 [num_frames, frame_length].

    Returns:
        float64 [num_frames].

    Example:
        >>> compute_log_energy(np.full((1, 400), 0.1)).round(2).tolist()
        [-4.61]
    """
    energy = np.einsum("ts,ts->t", frames, frames, dtype=np.float64) / frames.shape[1]
    return np.log(np.maximum(energy, ENERGY_FLOOR))


def compute_zcr(signal: np.ndarray, config: FrameConfig) -> np.ndarray:
    """Compute the zero-crossing rate: crossings at the inner samples of a frame / its length, in [0, 1).

    Sample i is a crossing if x_(i-1) x_i < 0, or if x_i = 0 and x_(i-1) x_(i+1) <= 0: openSMILE's cMZcr. It
    follows that digital silence, where every sample is a zero, has rate 398/400 and not 0.

    Args:
        signal: float32 [num_samples]; its frames are counted from the first sample.
        config: frame and hop length.

    Returns:
        float64 [num_frames].

    Example:
        >>> compute_zcr(np.tile([0.1, 0.1, -0.1, -0.1], 100), FrameConfig()).tolist()  # 199 of 398 inner samples
        [0.4975]
    """
    sign = (signal > 0).view(np.int8) - (signal < 0).view(np.int8)  # a product of faint samples could underflow
    before, here, after = sign[:-2], sign[1:-1], sign[2:]
    crossing = (before * here < 0) | ((here == 0) & (before * after <= 0))
    until = np.concatenate([[0], np.cumsum(crossing)])  # until[i]: crossings at samples 1..i
    starts = np.arange(0, len(signal) - config.frame_length + 1, config.hop_length)
    return (until[starts + config.frame_length - 2] - until[starts]) / config.frame_length


def _sum_bands(power, config, size):
    """HTK's triangles, straight on the mel axis: a bin shares its power between two neighbouring bands."""
    first, last, rise, segments = _band_edges(config, size)
    used = power[:, first:last]
    upper = used * rise
    # Segment s lies between centres s and s + 1: its bins rise in band s + 1 and fall in band s (1-based).
    rising = np.add.reduceat(upper, segments, axis=1)
    falling = np.add.reduceat(used - upper, segments, axis=1)
    return rising[:, :-1] + falling[:, 1:]


@functools.lru_cache
def _band_edges(config, size):
    from librosa.core.convert import fft_frequencies, hz_to_mel  # not librosa.filters: it compiles for 10 s once

    mel = hz_to_mel(fft_frequencies(sr=config.sample_rate, n_fft=size), htk=True)
    high = min(config.mel_high_hz, config.sample_rate / 2)
    lowest, highest = hz_to_mel([config.mel_low_hz, high], htk=True)
    edges = np.linspace(lowest, highest, config.num_mel_bands + 2)
    # HTK and openSMILE leave out the bins nearest the two limits.
    first = round(config.mel_low_hz * size / config.sample_rate) + 1
    last = round(high * size / config.sample_rate)
    place = np.searchsorted(edges, mel[first:last]) - 1
    segments = np.searchsorted(place, np.arange(config.num_mel_bands + 1))
    if np.any(np.bincount(place, minlength=config.num_mel_bands + 1) == 0):
        raise ValueError(
            f"`num_mel_bands` must leave a spectral bin in every band. Received: num_mel_bands={config.num_mel_bands}"
        )
    rise = (mel[first:last] - edges[place]) / (edges[place + 1] - edges[place])
    return first, last, rise.astype(np.float32), segments


@functools.lru_cache
def _dct_matrix(config):
    order = np.arange(1, config.num_mfcc + 1)
    band = np.arange(config.num_mel_bands)[:, None]
    cosine = np.cos(np.pi * order * (band + 0.5) / config.num_mel_bands)
    lift = 1 + config.lifter / 2 * np.sin(np.pi * order / config.lifter) if config.lifter else 1.0
    return cosine * lift * np.sqrt(2 / config.num_mel_bands)
