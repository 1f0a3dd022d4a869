"""Overlapping windows over a stream of samples that is never held whole."""

from collections.abc import Iterable, Iterator

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
