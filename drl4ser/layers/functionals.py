"""Statistical functionals of padded sequences: twelve numbers per contour (Interspeech 2009 Emotion Challenge)."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers.masking import SequenceLayer, mask_padding, wide_policy


def compute_deltas(x: tf.Tensor) -> tf.Tensor:
    """Five-frame regression slopes, d_t = sum over w = 1, 2 of w (x_(t+w) - x_(t-w)) / 10.

    Args:
        x: [B, T, D] float; the padding holds each utterance's last real frame, as the definition has it.

    Returns:
        [B, T, D].
    """
    first, last = x[:, :1], x[:, -1:]
    x = tf.concat([first, first, x, last, last], axis=1)
    return (x[:, 3:-1] - x[:, 1:-3] + 2 * (x[:, 4:] - x[:, :-4])) / 10


def describe(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The twelve statistics of each contour x_0..x_(N-1) over the N real frames, as openSMILE defines them.

    In this order: max, min, range, max_position, min_position (frame where an extreme is first reached), mean, slope
    (m) and offset (b) of the least squares line m t + b, linear_error (mean squared distance from it), std, skewness,
    kurtosis (population moments; 0 for a constant contour).

    Args:
        x: [B, T, D] float, finite everywhere.
        mask: [B, T] boolean, True = real; at least one real frame an utterance.

    Returns:
        [B, D, 12].
    """
    real, zero = mask[:, :, tf.newaxis], tf.zeros([], x.dtype)
    count = tf.reduce_sum(tf.cast(real, x.dtype), axis=1)

    def average(values):
        return tf.reduce_sum(tf.where(real, values, zero), axis=1) / count

    above, below = tf.where(real, x, x.dtype.min), tf.where(real, x, x.dtype.max)
    highest, lowest = tf.reduce_max(above, axis=1), tf.reduce_min(below, axis=1)
    positions = [tf.cast(position, x.dtype) for position in (tf.argmax(above, 1), tf.argmin(below, 1))]
    middle = (count - 1) / 2
    time = tf.range(tf.cast(tf.shape(x)[1], x.dtype))[:, tf.newaxis] - middle[:, tf.newaxis]
    mean = average(x)
    centered = x - mean[:, tf.newaxis]
    slope = average(time * centered) / tf.maximum(average(tf.square(time)), 0.25)  # 0 / 0.25 for one frame
    error = average(tf.square(centered - slope[:, tf.newaxis] * time))
    constant = highest == lowest  # exact, unlike the variance's rounding
    std = tf.where(constant, zero, tf.sqrt(average(tf.square(centered))))
    standardized = centered / tf.where(constant, zero + 1.0, std)[:, tf.newaxis]
    skewness, kurtosis = (tf.where(constant, zero, average(standardized**power)) for power in (3, 4))
    extremes = [highest, lowest, highest - lowest, *positions]
    line = [mean, slope, mean - slope * middle, error]
    return tf.stack([*extremes, *line, std, skewness, kurtosis], axis=-1)


@keras.saving.register_keras_serializable(package="drl4ser")
class Functionals(SequenceLayer):
    """An utterance of any length as 24 D numbers: 12 statistics of each LLD, then 12 of each LLD's delta.

    They are taken over the real frames, see `describe` and `compute_deltas`, and computed in float32 at least:
    positions and squares outgrow bfloat16. No gradient passes: nothing below this layer learns. An utterance without
    any real frame gives zeros.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        [B, 24 D] float32.

    Example:
        >>> maximum, minimum, *others = Functionals()(tf.constant([[[1.0], [4.0], [2.0]]]))[0].numpy().tolist()
        >>> maximum, minimum, len(others)
        (4.0, 1.0, 22)
    """

    steps_per_output = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": wide_policy(kwargs.get("dtype"))})

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        mask = tf.ones(tf.shape(x)[:2], "bool") if mask is None else mask
        x = tf.stop_gradient(mask_padding(x, mask))
        empty = tf.logical_not(mask[:, :1])
        last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
        last = tf.gather(x, last, axis=1, batch_dims=1)[:, tf.newaxis]
        deltas = compute_deltas(tf.where(mask[:, :, tf.newaxis], x, last))
        # An utterance without real frames: its first frame, a zero, gives zeros.
        mask = tf.logical_or(mask, empty & (tf.range(tf.shape(x)[1]) == 0))
        statistics = describe(tf.concat([x, deltas], axis=-1), mask)
        return tf.reshape(statistics, [-1, 24 * x.shape[-1]])
