"""Overlapping windows over a stream of samples, holding little more than one of them."""

from collections.abc import Iterable, Iterator

import numpy as np


def cut_windows(blocks: Iterable[np.ndarray], window: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """Windows [n hop, n hop + window) of a signal that comes in blocks.

    What is left at the end is covered by a last window that ends with the signal; a signal shorter than a window is
    one, shorter, window.

    Args:
        blocks: arrays [num_samples] of any lengths.
        window: samples in a window.
        hop: samples from one window to the next, at most `window`.

    Yields:
        (first sample, samples).

    Raises:
        ValueError: if `hop` is not in [1, window].
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
