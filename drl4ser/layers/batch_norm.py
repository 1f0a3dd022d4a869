"""Batch normalisation whose statistics are those of the real frames."""

import keras
import tensorflow as tf


def masked_moments(x, mask):
    """Mean and variance of every channel over the real frames.

    Args:
        x: [B, T, D] float32, finite in the padding.
        mask: [B, T] boolean, True = real, or None.

    Returns:
        (mean, variance), each [D]; zeros if there is no real frame.
    """
    if mask is None:
        return tf.nn.moments(x, axes=[0, 1])
    weights = tf.cast(mask, x.dtype)[:, :, tf.newaxis]
    count = tf.maximum(tf.reduce_sum(weights), 1.0)
    mean = tf.reduce_sum(x * weights, axis=[0, 1]) / count
    variance = tf.reduce_sum(tf.square((x - mean) * weights), axis=[0, 1]) / count
    return mean, variance


@keras.saving.register_keras_serializable(package="drl4ser")
class MaskedBatchNormalization(keras.layers.Layer):
    """Normalises every channel with the mean and variance of the batch's real frames (Ioffe and Szegedy, 2015).

    Padding does not enter the statistics and comes out as zeros. Everything is computed in float32.

    Args:
        momentum: share of the old value in each update of the moving statistics, in [0, 1). The default is 0.9
            and not Keras' 0.99: an epoch of a few steps would leave the latter near its initial values.
        epsilon: added to the variance.

    Call arguments:
        x: [B, T, D], finite everywhere.
        mask: [B, T] boolean, True = real; None if all are.
        training: True normalises with the batch's statistics and updates the moving ones.

    Returns:
        [B, T, D].

    References:
        - [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167)
    """

    def __init__(self, momentum=0.9, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        """Creates the four vectors of length D, in float32 whatever the policy."""
        shape = (input_shape[-1],)
        options = {"shape": shape, "autocast": False, "dtype": "float32"}
        self.gamma = self.add_weight(name="gamma", initializer="ones", **options)
        self.beta = self.add_weight(name="beta", initializer="zeros", **options)
        self.moving_mean = self.add_weight(
            name="moving_mean", initializer="zeros", trainable=False, **options
        )
        self.moving_variance = self.add_weight(
            name="moving_variance", initializer="ones", trainable=False, **options
        )

    def call(self, x, mask=None, training=False):
        """See the class."""
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training:
            mean, variance = masked_moments(tf.cast(x, "float32"), mask)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        scale = self.gamma * tf.math.rsqrt(variance + self.epsilon)
        shift = self.beta - mean * scale
        y = tf.cast(tf.cast(x, "float32") * scale + shift, x.dtype)
        if mask is None:
            return y
        return tf.where(mask[:, :, tf.newaxis], y, tf.zeros([], y.dtype))

    def _update(self, moving, value):
        moving.assign(moving * self.momentum + tf.stop_gradient(value) * (1.0 - self.momentum))

    def compute_output_shape(self, input_shape):
        """As the input."""
        return input_shape

    def compute_mask(self, inputs, previous_mask=None):
        """As the input's."""
        return previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}
