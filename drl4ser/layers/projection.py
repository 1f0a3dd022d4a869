"""The product of a sequence with a matrix."""

import tensorflow as tf


def project(x, kernel):
    """x W for every step: [B, T, D] and [D, E] -> [B, T, E].

    Written as one product of two matrices. `x @ kernel` is a batch of small ones, whose gradient makes a [D, E]
    matrix for each utterance before it adds them up.
    """
    if len(x.shape) == 2:
        return x @ kernel
    shape = tf.shape(x)
    flat = tf.reshape(x, [-1, x.shape[-1]]) @ kernel
    return tf.reshape(flat, [shape[0], shape[1], kernel.shape[-1]])
