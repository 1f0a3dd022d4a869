"""Batch normalisation of one vector an utterance."""

import keras
import tensorflow as tf

from drl4ser.layers.shared_batch import add_replicas, share_of_batch


@keras.saving.register_keras_serializable(package="drl4ser")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation (Ioffe and Szegedy, 2015), with the whole batch's statistics where replicas share it.

    `MaskedBatchNormalization` is the one for sequences. It has Keras' name because Keras names the weights in its
    files by their layers' classes.

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
