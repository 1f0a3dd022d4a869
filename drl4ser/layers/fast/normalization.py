"""Batch normalisation whose gradient passes over its input less often."""

import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.shared_batch import add_replicas


def normalize_batch(x, gamma, beta, mask, epsilon):
    """As `equations.normalize_batch`.

    Where several replicas share a batch, d_x is that of the whole batch; d_gamma and d_beta are a replica's part, to
    be added up like all weights' gradients.
    """
    real = tf.ones_like(x[:, :, 0]) if mask is None else tf.cast(mask, x.dtype)
    real = tf.reshape(real, [1, -1])

    def sum_real(values):
        # A product with the mask: one pass over the memory, and the sum is of real frames only.
        return tf.squeeze(real @ tf.reshape(values, [-1, x.shape[-1]]), axis=0)

    @tf.custom_gradient
    def normalize(x, gamma, beta):
        total, count = add_replicas(sum_real(x), tf.reduce_sum(real))
        count = tf.maximum(count, 1.0)
        mean = total / count
        (squares,) = add_replicas(sum_real(tf.math.squared_difference(x, mean)))
        variance = squares / count
        inverse = tf.math.rsqrt(variance + epsilon)
        scale = gamma * inverse

        def gradient(d_y, *_):
            centered = x - mean
            d_beta, d_scale = sum_real(d_y), sum_real(d_y * centered)
            all_d_beta, all_d_scale = add_replicas(d_beta, d_scale)
            slope = scale * all_d_scale * tf.square(inverse) / count
            d_x = d_y * scale - centered * slope - scale * all_d_beta / count
            return mask_padding(d_x, mask), d_scale * inverse, d_beta

        return (mask_padding(x * scale + (beta - mean * scale), mask), mean, variance), gradient

    return normalize(x, gamma, beta)
