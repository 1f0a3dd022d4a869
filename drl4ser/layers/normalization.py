"""Batch normalisation over the real frames of sequences, and of one vector per utterance."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers import equations, fast
from drl4ser.layers.masking import SequenceLayer, mask_padding, wide_type, widen
from drl4ser.layers.shared_batch import add_replicas, share_of_batch


@keras.saving.register_keras_serializable(package="drl4ser")
class MaskedBatchNormalization(SequenceLayer):
    """Normalises every channel with the mean and variance of the batch's real frames (Ioffe and Szegedy, 2015).

    Padding does not enter the statistics and comes out as zeros. Everything is computed in float32 at least.

    Args:
        momentum: share of the old value in each update of the moving statistics, in [0, 1). The default is 0.9
            and not Keras' 0.99: an epoch of a few steps would leave the latter near its initial values.
        epsilon: added to the variance.

    Call arguments:
        x: [B, T, D], finite everywhere.
        mask: [B, T] boolean, True = real; None if all are.
        training: True normalises with the batch's statistics and updates the moving ones, unless the layer is frozen
            (`trainable = False`), as in Keras.

    Returns:
        [B, T, D].

    References:
        - [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167)

    Example:
        >>> y = MaskedBatchNormalization(epsilon=0.0)(tf.constant([[[1.0], [3.0]]]), training=True)
        >>> y.numpy().tolist()
        [[[-1.0], [1.0]]]
    """

    arguments = ("momentum", "epsilon")

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates the four vectors of length D, in float32 at least whatever the policy."""
        options = {"shape": (input_shape[-1],), "autocast": False, "dtype": wide_type(self.compute_dtype)}
        self.gamma = self.add_weight(name="gamma", initializer="ones", **options)
        self.beta = self.add_weight(name="beta", initializer="zeros", **options)
        self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", trainable=False, **options)
        self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", trainable=False, **options)

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """See the class."""
        x, dtype = widen(x), x.dtype
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if training and self.trainable:
            normalize_batch = fast.normalize_batch if fast.enabled() else equations.normalize_batch
            y, mean, variance = normalize_batch(x, gamma, beta, mask, self.epsilon)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        else:
            scale = gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
            y = mask_padding(x * scale + (beta - self.moving_mean * scale), mask)
        return tf.cast(y, dtype)

    def _update(self, moving, value):
        moving.assign(moving * self.momentum + tf.stop_gradient(value) * (1.0 - self.momentum))


@keras.saving.register_keras_serializable(package="drl4ser")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation (Ioffe and Szegedy, 2015), with the whole batch's statistics where replicas share it.

    It has Keras' name because Keras names the weights in its files by their layers' classes.

    Args: as `keras.layers.BatchNormalization`.

    Call arguments:
        inputs: [B, D].
        mask: [B] boolean, False for what a replica without utterances has instead; not looked at otherwise.
        training: True normalises with the batch's statistics and updates the moving ones.

    Returns:
        [B, D].

    References:
        - [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167)
    """

    def _moments(self, inputs, mask):
        if share_of_batch()[1] == 1:
            return super()._moments(inputs, None)
        real = tf.cast(mask, inputs.dtype)[:, tf.newaxis]
        total, count = add_replicas(tf.reduce_sum(inputs * real, axis=0), tf.reduce_sum(real))
        mean = total / count
        (squares,) = add_replicas(tf.reduce_sum(tf.math.squared_difference(inputs, mean) * real, axis=0))
        return mean, squares / count
