"""Overlapping windows, or given spans, of a stream of samples that is never held whole."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np


def cut_windows(blocks: Iterable[np.ndarray], window: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """Cut a signal that comes in blocks into windows [n hop, n hop + window), holding little more than one of them.

    The last window ends with the signal; a signal shorter than a window is one shorter window.

    Args:
        blocks: arrays [num_samples] of any lengths.
        window: samples in a window.
        hop: samples from one window to the next, at most `window`.

    Yields:
        (first sample, samples).

    Raises:
        ValueError: if `hop` is not in [1, window].

    Example:
        >>> [(first, samples.tolist()) for first, samples in cut_windows([np.arange(3), np.arange(3, 5)], 2, 2)]
        [(0, [0.0, 1.0]), (2, [2.0, 3.0]), (3, [3.0, 4.0])]
    """
    if not 1 <= hop <= window:
        raise ValueError(f"`hop` must be at least 1 and at most `window`. Received: hop={hop}, window={window}")
    held, begin, following = np.zeros(0, np.float32), 0, 0
    for block in blocks:
        held = np.concatenate([held, block])
        while begin + len(held) >= following + window:
            held, begin = held[following - begin :], following
            yield begin, held[:window]
            following += hop
    end = begin + len(held)
    if following == 0 and end:
        yield 0, held
    elif following and end > begin + window:
        yield end - window, held[-window:]


def cut_spans(blocks: Iterable[np.ndarray], spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, np.ndarray]]:
    """Cut spans out of a signal that comes in blocks, holding little more than one of them.

    Args:
        blocks: arrays [num_samples] of any lengths; together they reach to the end of the last span.
        spans: first sample and sample after the last, in order and without overlap.

    Yields:
        (first sample, samples).

    Example:
        >>> blocks = [np.arange(3), np.arange(3, 9)]
        >>> [(first, samples.tolist()) for first, samples in cut_spans(blocks, [(1, 4), (4, 5), (7, 9)])]
        [(1, [1.0, 2.0, 3.0]), (4, [4.0]), (7, [7.0, 8.0])]
    """
    held, begin, blocks = np.zeros(0, np.float32), 0, iter(blocks)
    for first, last in spans:
        while begin + len(held) < last:
            kept = held[max(0, first - begin) :]
            begin += len(held) - len(kept)
            held = np.concatenate([kept, next(blocks)])
        yield first, held[first - begin : last - begin]
    for _ in blocks:  # the file may be damaged behind the last span
        pass
