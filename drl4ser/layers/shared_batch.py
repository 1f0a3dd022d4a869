"""What layers need to know of replicas that share a batch (`tf.distribute`)."""

import tensorflow as tf


def share_of_batch() -> tuple[int, int]:
    """(n, N): this replica holds the rows n, n + N, n + 2N... of the batch; (0, 1) if it holds all."""
    context = tf.distribute.get_replica_context()
    return (0, 1) if context is None else (context.replica_id_in_sync_group, context.num_replicas_in_sync)


def add_replicas(*sums):
    """Sums over a batch from those over each replica's share of it."""
    if share_of_batch()[1] == 1:
        return sums
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(sums))
