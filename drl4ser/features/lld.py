"""The 17 low-level descriptors of a signal, one row every 5 ms (paper, section 4.1), whole or as it comes in."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from drl4ser.config import FrameConfig
from drl4ser.features import voicing
from drl4ser.features.audio import check_rate, resample_stream
from drl4ser.features.framing import check_length, count_frames, find_offset, frame_signal, prepare_signal, to_mono
from drl4ser.features.opensmile import extract_opensmile_llds
from drl4ser.features.spectral import compute_log_energy, compute_mfcc, compute_zcr

LLD_NAMES = (
    *(f"mfcc_{index}" for index in range(1, 13)),
    "log_energy",
    "voicing_probability",
    "hnr_db",
    "log_f0",
    "zcr",
)
EXTRACTOR_VERSION = "2"
_DEFAULT_CONFIG = FrameConfig()
_BLOCK_FRAMES = 512  # about 2.5 s: the block's frames and correlations stay in the processor's cache


def extract_llds(
    signal: ArrayLike, sample_rate: int, config: FrameConfig = _DEFAULT_CONFIG, *, block_frames: int = _BLOCK_FRAMES
) -> np.ndarray:
    """Extract the 17 low-level descriptors, all of the same frame: samples [80 n, 80 n + 400) at 16 kHz.

    | column | name | formula | unit | range | source, details |
    |---|---|---|---|---|---|
    | 0-11 | mfcc_1..12 | liftered DCT-II of 26 log mel bands | - | about -150..150 | HTK; `spectral.compute_mfcc` |
    | 12 | log_energy | ln mean x^2 | ln of power | -41.59..0 | cEnergy; `spectral.compute_log_energy` |
    | 13 | voicing_probability | (e + v) / 2 | - | 0..1 | `voicing.analyse_voicing` |
    | 14 | hnr_db | 10 log10(h / (1 - h)) | dB | -20..40 | Boersma 1993; `voicing.analyse_voicing` |
    | 15 | log_f0 | ln F0, 0 where unvoiced | ln of Hz | ln 60..ln 500 | Boersma 1993; `voicing.track_period` |
    | 16 | zcr | sign changes / samples | 1 / sample | 0..1 | cMZcr; `spectral.compute_zcr` |

    v is 1 where voiced, e the height of the autocorrelation's highest peak, less where the frame is faint; h is the
    normalised cross-correlation at the pitch period. Levels are relative to the loud frames of the 40 s around, so that
    gain changes mfcc and log_energy only. A constant offset of the recording is subtracted first (`find_offset`).

    Args:
        signal: float array [num_samples] or [num_samples, channels] (averaged), full scale = 1.
        sample_rate: its rate in Hz; other rates than 16 kHz are resampled first.
        config: the frames and the ranges of analysis; with `frontend="rapt"` F0 is RAPT's, with "opensmile" all
            values are openSMILE's.
        block_frames: frames worked on at a time; changes memory and speed, never a value.

    Returns:
        float32 [num_frames, 17] with num_frames = 1 + (num_samples - 400) // 80 at 16 kHz; always finite.

    Raises:
        ValueError: for a signal that is not float, finite, scaled to [-1, 1] and at least one frame long.

    Example:
        >>> tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
        >>> llds = extract_llds(tone, 16_000)
        >>> llds.shape, round(float(np.exp(llds[50, LLD_NAMES.index("log_f0")])))
        ((196, 17), 200)
    """
    if block_frames < 1:
        raise ValueError(f"`block_frames` must be positive. Received: block_frames={block_frames}")
    if config.frontend == "opensmile":
        return extract_opensmile_llds(signal, sample_rate, config)
    signal = prepare_signal(signal, sample_rate, config)
    num_frames = count_frames(len(signal), config)
    llds = np.empty((num_frames, len(LLD_NAMES) - 12 + config.num_mfcc), np.float32)
    for first in range(0, num_frames, voicing.CHUNK_FRAMES):
        last = min(first + voicing.CHUNK_FRAMES, num_frames)
        llds[first:last] = _describe_chunk(signal, first, last, config, block_frames)
    return llds


def stream_llds(
    blocks: Iterable[np.ndarray], sample_rate: int, config: FrameConfig = _DEFAULT_CONFIG
) -> Iterator[np.ndarray]:
    """Extract the 17 descriptors as the signal comes in: from a microphone, a socket, a file larger than memory.

    F0 is tracked over 40 s at a time with a second of what follows, so rows come in such pieces and up to 41 s
    behind the signal. Memory does not grow with its length.

    Args:
        blocks: float arrays [num_samples] or [num_samples, channels] of any lengths, full scale = 1.
        sample_rate: their rate in Hz.
        config: the frames and the ranges of analysis.

    Yields:
        float32 [num_frames, 17]: joined, exactly what `extract_llds` gives for the joined blocks.

    Raises:
        ValueError: as `extract_llds` does; for what is wrong with a block, when that block is reached.

    Example:
        >>> blocks = [np.zeros(3_000), np.zeros(5_000)]
        >>> [rows.shape for rows in stream_llds(blocks, 16_000)]
        [(96, 17)]
    """
    if config.frontend == "opensmile":
        raise ValueError(f"streams are described by our own front end only. Received: {config.frontend!r}")
    check_rate(sample_rate)
    samples: Iterator[np.ndarray] = (to_mono(block) for block in blocks if np.size(block))
    if sample_rate != config.sample_rate:
        samples = resample_stream(samples, sample_rate, config.sample_rate)
    for signal, first, last in _cut_chunks(samples, config):
        yield _describe_chunk(signal, first, last, config)


def _cut_chunks(samples, config):
    """Yields (part of the signal, first, last): a chunk's frames in it and all that they depend on."""
    reach = voicing.count_reach(config)
    context = -(-reach // config.hop_length)  # frames kept before a chunk
    wanted = voicing.CHUNK_FRAMES * config.hop_length + reach
    parts, held, first = [], 0, 0
    for block in samples:
        parts.append(block)
        held += len(block)
        while held >= first * config.hop_length + wanted:
            signal = np.concatenate(parts)
            last = first + voicing.CHUNK_FRAMES
            yield signal, first, last
            kept = max(0, last - context)
            parts, first = [signal[kept * config.hop_length :].copy()], last - kept
            held = len(parts[0])
    signal = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    check_length(len(signal), config)
    for begin in range(first, count_frames(len(signal), config), voicing.CHUNK_FRAMES):
        yield signal, begin, min(begin + voicing.CHUNK_FRAMES, count_frames(len(signal), config))


def _describe_chunk(
    signal: np.ndarray, first: int, last: int, config: FrameConfig, block_frames: int = _BLOCK_FRAMES
) -> np.ndarray:
    """Frames [first, last), one of the chunks whose F0 is tracked together: float32 [last - first, 17].

    `signal` may be part of a longer one if it holds `voicing.count_reach` samples on either side of the chunk.
    """
    reach = voicing.count_reach(config)
    skipped = max(0, first - -(-reach // config.hop_length))  # frames; an hour must not be copied for every chunk
    signal = signal[skipped * config.hop_length : (last - 1) * config.hop_length + config.frame_length + reach]
    first, last = first - skipped, last - skipped
    offset = find_offset(
        signal[first * config.hop_length : (last - 1) * config.hop_length + config.frame_length], config
    )
    if offset:
        signal = signal - offset
    pitch = np.column_stack(voicing.analyse_voicing(signal, first, last, config))
    blocks = [(begin, min(begin + block_frames, last)) for begin in range(first, last, block_frames)]
    described = [
        _describe_block(signal, pitch[begin - first : end - first], begin, end, config) for begin, end in blocks
    ]
    return np.concatenate(described).astype(np.float32)


def _describe_block(signal, pitch, first, last, config):
    """Frames [first, last) in the order of `LLD_NAMES`: float64 [last - first, 17]."""
    frames = frame_signal(signal, first, last, config)
    begin = first * config.hop_length
    samples = signal[begin : begin + (last - first - 1) * config.hop_length + config.frame_length]
    spectral = compute_mfcc(frames, config), compute_log_energy(frames)
    return np.column_stack([*spectral, pitch, compute_zcr(samples, config)])
