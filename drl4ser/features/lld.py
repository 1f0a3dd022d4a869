"""The 17 low-level descriptors of a signal, one row every 5 ms (paper, section 4.1)."""

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features import voicing
from drl4ser.features.framing import count_frames, frame_signal, prepare_signal
from drl4ser.features.opensmile_llds import extract_opensmile_llds
from drl4ser.features.spectral import compute_log_energy, compute_mfcc, compute_zcr

LLD_NAMES = (
    *(f"mfcc_{index}" for index in range(1, 13)),
    "log_energy",
    "voicing_probability",
    "hnr_db",
    "log_f0",
    "zcr",
)
EXTRACTOR_VERSION = "1"
_DEFAULT_CONFIG = FrameConfig()
_BLOCK_FRAMES = 512  # about 2.5 s: the block's frames and correlations stay in the processor's cache


def extract_llds(
    signal, sample_rate: int, config: FrameConfig = _DEFAULT_CONFIG, *, block_frames: int = _BLOCK_FRAMES
) -> np.ndarray:
    """Extracts the 17 low-level descriptors, all of the same frame: samples [80 n, 80 n + 400) at 16 kHz.

    | column | name | formula | unit | range | source, details |
    |---|---|---|---|---|---|
    | 0-11 | mfcc_1..12 | liftered DCT-II of 26 log mel bands | - | about -150..150 | HTK; `spectral.compute_mfcc` |
    | 12 | log_energy | ln mean x^2 | ln of power | -41.59..0 | cEnergy; `spectral.compute_log_energy` |
    | 13 | voicing_probability | (r' + v) / 2 | - | 0..1 | RAPT; `voicing.analyse_voicing` |
    | 14 | hnr_db | 10 log10(r / (1 - r)) | dB | -20..40 | Boersma 1993; `voicing.analyse_voicing` |
    | 15 | log_f0 | ln F0, 0 where unvoiced | ln of Hz | ln 60..ln 500 | Talkin 1995; `voicing.track_f0` |
    | 16 | zcr | sign changes / samples | 1 / sample | 0..1 | cMZcr; `spectral.compute_zcr` |

    r is the normalised cross-correlation at the pitch period, r' the same with faint noise added, v is 1 where voiced.

    Args:
        signal: float array [num_samples] or [num_samples, channels] (averaged), full scale = 1.
        sample_rate: its rate in Hz; other rates than 16 kHz are resampled first.
        config: the frames and the ranges of analysis; with `frontend="opensmile"` the values are openSMILE's.
        block_frames: frames worked on at a time; changes memory and speed, never a value.

    Returns:
        float32 [num_frames, 17] with num_frames = 1 + (num_samples - 400) // 80 at 16 kHz; always finite.

    Raises:
        ValueError: for a signal that is not float, finite, scaled to [-1, 1] and at least one frame long.
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
        llds[first:last] = describe_chunk(signal, first, last, config, block_frames)
    return llds


def describe_chunk(
    signal: np.ndarray, first: int, last: int, config: FrameConfig, block_frames: int = _BLOCK_FRAMES
) -> np.ndarray:
    """The descriptors of frames [first, last), one of the chunks whose F0 is tracked together.

    Args:
        signal: float32 [num_samples] at config.sample_rate; of a longer signal a part will do that holds
            `voicing.count_reach` samples on either side of the chunk.
        first: first frame.
        last: frame after the last.
        config: the frames and the ranges of analysis.
        block_frames: frames worked on at a time; changes no value.

    Returns:
        float32 [last - first, 17].
    """
    f0_hz = voicing.track_f0(signal, first, last, config)
    blocks = [(begin, min(begin + block_frames, last)) for begin in range(first, last, block_frames)]
    described = [
        _describe_block(signal, f0_hz[begin - first : end - first], begin, end, config) for begin, end in blocks
    ]
    return np.concatenate(described).astype(np.float32)


def _describe_block(signal, f0_hz, first, last, config):
    """The descriptors of frames [first, last) in the order of `LLD_NAMES`."""
    frames = frame_signal(signal, first, last, config)
    begin = first * config.hop_length
    samples = signal[begin : begin + (last - first - 1) * config.hop_length + config.frame_length]
    probability, hnr_db, log_f0 = voicing.analyse_voicing(signal, f0_hz, first, last, config)
    return np.column_stack(
        [
            compute_mfcc(frames, config),
            compute_log_energy(frames),
            probability,
            hnr_db,
            log_f0,
            compute_zcr(samples, config),
        ]
    )
