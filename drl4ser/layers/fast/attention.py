"""Multi-head self-attention that keeps one matrix of T * T numbers for its gradient."""

import tensorflow as tf

from drl4ser.layers.equations import project_heads
from drl4ser.layers.masking import project, widen


def attend_by_heads(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
    """As `equations.attend_by_heads`, Eqs. (2) and (3)."""
    # The scale goes to the weights, D * D products, instead of the scores, T * T.
    kernels = w_q * (x.shape[-1] // num_heads) ** -0.5, w_k, w_v
    queries, keys, values = (project_heads(x, kernel, num_heads) for kernel in kernels)
    heads = tf.transpose(attend(queries, keys, values, mask), [0, 2, 1, 3])
    return project(tf.reshape(heads, tf.shape(x)), w_o)


def attend(queries, keys, values, mask):
    """Eq. (2), the scale being in Q already: [B, heads, T, size].

    Of T * T numbers it keeps the softmax only, and the sum in the softmax's gradient, sum_s P_ts dP_ts, is the much
    shorter sum over a head's features of dO_t O_t.
    """

    @tf.custom_gradient
    def compute(queries, keys, values):
        scores = widen(tf.matmul(queries, keys, transpose_b=True))
        if mask is not None:
            # Added and not selected: no pass over the T * T gradients. Finite: no NaN where no key is real.
            scores += tf.cast(tf.where(mask, 0.0, -1e30), scores.dtype)[:, tf.newaxis, tf.newaxis, :]
        weights = tf.cast(tf.nn.softmax(scores), values.dtype)
        output = weights @ values

        def gradient(d_output):
            d_values = tf.matmul(weights, d_output, transpose_a=True)
            d_weights = tf.matmul(d_output, values, transpose_b=True)
            d_scores = weights * (d_weights - tf.reduce_sum(d_output * output, axis=-1, keepdims=True))
            return d_scores @ keys, tf.matmul(d_scores, queries, transpose_a=True), d_values

        return output, gradient

    return compute(queries, keys, values)
