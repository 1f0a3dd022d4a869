"""Augmentation of z-scored LLD sequences, for recipes other than the paper's.

Masks follow SpecAugment (Park et al., Interspeech 2019): a masked value becomes 0, the training mean.
"""

import tensorflow as tf

from drl4ser.config import TrainConfig


def augment(features: dict[str, tf.Tensor], train: TrainConfig, seeds: tf.Tensor) -> dict[str, tf.Tensor]:
    """Add the noise that `train` sets to one utterance.

    Args:
        features: "llds" float32 [T, 17] and "num_frames"; other entries are passed on.
        train: `time_stretch`, `gain_jitter`, `time_masks`, `time_mask_frames` and `feature_masks`.
        seeds: int64 [2]; equal seeds give equal results.

    Returns:
        A new dictionary with "llds" and "num_frames" replaced.
    """
    llds = features["llds"]
    draws = tf.random.split(seeds, 4)
    if train.time_stretch:
        llds = stretch_time(llds, _uniform(draws[0], 1 - train.time_stretch, 1 + train.time_stretch))
    if train.gain_jitter:
        llds += train.gain_jitter * tf.random.stateless_normal([1, llds.shape[1]], draws[1])
    for mask_seeds in tf.unstack(tf.random.split(draws[2], train.time_masks)):
        width = tf.cast(_uniform(mask_seeds, 0, train.time_mask_frames + 1), tf.int32)
        llds = mask_span(llds, width, mask_seeds + 1, axis=0)
    for mask_seeds in tf.unstack(tf.random.split(draws[3], train.feature_masks)):
        llds = mask_span(llds, 1, mask_seeds, axis=1)
    return {**features, "llds": llds, "num_frames": tf.shape(llds)[0]}


def stretch_time(llds: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Interpolate [T, D] linearly to about `factor` times as many frames (at least one).

    Example:
        >>> stretch_time(tf.constant([[0.0], [1.0], [2.0]]), tf.constant(5 / 3)).numpy().ravel()
        array([0. , 0.5, 1. , 1.5, 2. ], dtype=float32)
    """
    num_frames = tf.shape(llds)[0]
    length = tf.maximum(1, tf.cast(tf.round(tf.cast(num_frames, tf.float32) * factor), tf.int32))
    position = tf.linspace(0.0, tf.cast(num_frames - 1, tf.float32), length)
    left = tf.cast(position, tf.int32)
    right = tf.minimum(left + 1, num_frames - 1)
    weight = (position - tf.cast(left, tf.float32))[:, tf.newaxis]
    return tf.gather(llds, left) * (1 - weight) + tf.gather(llds, right) * weight


def mask_span(llds: tf.Tensor, width: int | tf.Tensor, seeds: tf.Tensor, axis: int) -> tf.Tensor:
    """Set a span of `width` places of [T, D] along `axis` (0 time, 1 LLD) to zero, at a random start.

    Example:
        >>> int(tf.reduce_sum(mask_span(tf.ones([10, 3]), 4, tf.constant([1, 2], tf.int64), axis=0)))
        18
    """
    size = tf.shape(llds)[axis]
    start = tf.cast(_uniform(seeds, 0, tf.cast(tf.maximum(size - width, 0) + 1, tf.float32)), tf.int32)
    place = tf.range(size)
    kept = tf.cast((place < start) | (place >= start + width), llds.dtype)
    return llds * (kept[:, tf.newaxis] if axis == 0 else kept[tf.newaxis, :])


def _uniform(seeds: tf.Tensor, low, high) -> tf.Tensor:
    return tf.random.stateless_uniform([], seeds, low, high)
