"""Batch normalisation whose statistics are those of the real frames."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.shared_batch import add_replicas


def normalize_batch(x, gamma, beta, mask, epsilon):
    """Normalises with the statistics of the real frames; the gradient is written out to pass over x less often.

    Where several replicas share a batch, the statistics and d_x are those of the whole batch; d_gamma and d_beta are a
    replica's part, to be added up like all weights' gradients.

    Args:
        x: [B, T, D] float32, finite in the padding.
        gamma: [D] scale.
        beta: [D] shift.
        mask: [B, T] boolean, True = real, or None.
        epsilon: added to the variance.

    Returns:
        The normalised [B, T, D], zero in the padding; mean [D] and (biased) variance [D], which pass no gradient.
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
        self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", trainable=False, **options)
        self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", trainable=False, **options)

    def call(self, x, mask=None, training=False):
        """See the class."""
        x, dtype = tf.cast(x, "float32"), x.dtype
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if training:
            y, mean, variance = normalize_batch(x, gamma, beta, mask, self.epsilon)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        else:
            scale = gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
            y = mask_padding(x * scale + (beta - self.moving_mean * scale), mask)
        return tf.cast(y, dtype)

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
