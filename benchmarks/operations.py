"""Multiply-adds of a training step, counted from the structure: what no implementation can do without."""

import itertools

from drl4ser.config import ModelConfig


def count_forward(config: ModelConfig, num_frames: int) -> tuple[int, int]:
    """Multiply-adds of the products in acoustic S3's forward pass, for one utterance.

    Element-wise work (normalisation, softmax, gates) is left out: it is small, and hidden by the products at best.

    Args:
        config: of S3, width 1.
        num_frames: of the utterance.

    Returns:
        All of them, and those of the first convolution.
    """
    steps = (num_frames + 1) // 2
    first = total = steps * config.kernel_sizes[0] * config.lld_dim * config.filters[0]
    dim = config.filters[0]
    for kernel_size, filters in zip(config.kernel_sizes[1:], config.filters[1:], strict=True):
        steps = (steps + 1) // 2
        convolutions = kernel_size * filters * (dim + 3 * filters) + dim * filters  # and the shortcut
        attention = 4 * filters**2 + 2 * steps * filters
        total += steps * (convolutions + 2 * attention)
        dim = filters
    u = config.units
    encoder = 4 * u * (dim + u)
    second = 4 * u * u + u * u + config.iterations * (4 * u * u + u)
    total += steps * (encoder + second) + config.iterations * 3 * u * u
    sizes = (u, *config.dense_units, config.num_classes)
    return total + sum(a * b for a, b in itertools.pairwise(sizes)), first


def count_training_step(config: ModelConfig, lengths) -> int:
    """Multiply-adds of forward and backward pass for utterances of these lengths.

    Each product has two in the backward pass, for its two factors; the LLDs need no gradient.
    """
    total = 0
    for num_frames in lengths:
        forward, first = count_forward(config, int(num_frames))
        total += 3 * forward - first
    return total
