"""Replicas that share a batch (`tf.distribute`): sums over all of them, and dropout that draws for the whole batch."""

from collections.abc import Sequence

import keras
import tensorflow as tf


def share_of_batch() -> tuple[int, int]:
    """(n, N): this replica holds the rows n, n + N, n + 2N... of the batch; (0, 1) if it holds all."""
    context = tf.distribute.get_replica_context()
    return (0, 1) if context is None else (context.replica_id_in_sync_group, context.num_replicas_in_sync)


def add_replicas(*sums: tf.Tensor) -> Sequence[tf.Tensor]:
    """Sums over a batch from those over each replica's share of it."""
    if share_of_batch()[1] == 1:
        return sums
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(sums))


@keras.saving.register_keras_serializable(package="drl4ser")
class Dropout(keras.layers.Dropout):
    """Keras' dropout (Srivastava et al., 2014), with the same draws however many replicas share a batch.

    A replica draws for all rows of the batch and uses the draws of its own, so that what an utterance loses depends
    on its place in the batch alone.

    It has Keras' name because Keras names the weights in its files by their layers' classes.

    Args and call arguments: as `keras.layers.Dropout`.

    Returns:
        As the input.

    References:
        - [Srivastava et al., 2014](https://jmlr.org/papers/v15/srivastava14a.html)
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """See the class."""
        replica, num_replicas = share_of_batch()
        if num_replicas == 1 or not training or not self.rate:
            return super().call(inputs, training=training)
        shape = tf.shape(inputs)
        ones = tf.ones(tf.concat([shape[:1] * num_replicas, shape[1:]], axis=0), inputs.dtype)
        kept = keras.random.dropout(ones, self.rate, seed=self.seed_generator)
        return inputs * kept[replica::num_replicas]
