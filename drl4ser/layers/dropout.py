"""Dropout that draws for the whole batch, also where replicas share it."""

import keras
import tensorflow as tf

from drl4ser.layers.shared_batch import share_of_batch


@keras.saving.register_keras_serializable(package="drl4ser")
class Dropout(keras.layers.Dropout):
    """Keras' dropout (Srivastava et al., 2014), with the same draws however many replicas share a batch.

    Replica n of N holds the batch's rows n, n + N, n + 2N... (`tf.distribute`). It draws for all rows and uses the
    draws of its own, so that what an utterance loses depends on its place in the batch alone.

    It has Keras' name because Keras names the weights in its files by their layers' classes.

    Args and call arguments: as `keras.layers.Dropout`.

    Returns:
        As the input.

    References:
        - [Srivastava et al., 2014](https://jmlr.org/papers/v15/srivastava14a.html)
    """

    def call(self, inputs, training=False):
        """See the class."""
        replica, num_replicas = share_of_batch()
        if num_replicas == 1 or not training or not self.rate:
            return super().call(inputs, training=training)
        shape = tf.shape(inputs)
        ones = tf.ones(tf.concat([shape[:1] * num_replicas, shape[1:]], axis=0), inputs.dtype)
        kept = keras.random.dropout(ones, self.rate, seed=self.seed_generator)
        return inputs * kept[replica::num_replicas]
