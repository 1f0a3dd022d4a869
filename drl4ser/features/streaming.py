"""The 17 descriptors of a signal that comes in blocks: a microphone, a socket, a file larger than memory."""

from collections.abc import Iterable, Iterator

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features import voicing
from drl4ser.features.audio import check_rate, resample_stream
from drl4ser.features.framing import check_length, count_frames, to_mono
from drl4ser.features.lld import describe_chunk


def stream_llds(
    blocks: Iterable[np.ndarray], sample_rate: int, config: FrameConfig = FrameConfig()
) -> Iterator[np.ndarray]:
    """Extracts the 17 descriptors as the signal comes in.

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
    """
    if config.frontend != "drl4ser":
        raise ValueError(f"streams are described by frontend='drl4ser' only. Received: {config.frontend!r}")
    check_rate(sample_rate)
    samples = (to_mono(block) for block in blocks if np.size(block))
    if sample_rate != config.sample_rate:
        samples = resample_stream(samples, sample_rate, config.sample_rate)
    for signal, first, last in _cut_chunks(samples, config):
        yield describe_chunk(signal, first, last, config)


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
