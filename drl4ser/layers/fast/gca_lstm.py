"""The second layer of GCA-LSTM over a whole sequence, made for processors as `fast.lstm` is."""

import tensorflow as tf

from drl4ser.layers.equations import compute_gates, update_cell_by_informativeness, update_hidden
from drl4ser.layers.fast.lstm import CHUNK, run_chunk_backward
from drl4ser.layers.masking import mask_logits, mask_padding


def normalize_gates(e, mask=None):
    """As `equations.normalize_gates`, Eq. (10) and its min-max, exact also where the scores hardly differ.

    The sum below the softmax's fraction bar cancels in the min-max, and what is left is written with expm1:
    r_n = 1 - (exp(e_n - max e) - 1) / (exp(min e - max e) - 1).
    """
    highest = tf.reduce_max(mask_logits(e, mask), axis=1, keepdims=True)
    lowest = tf.reduce_min(e if mask is None else tf.where(mask, e, highest), axis=1, keepdims=True)
    tied, one = lowest >= highest, tf.ones([], e.dtype)
    span = tf.where(tied, -one, tf.math.expm1(lowest - highest))
    distance = mask_padding(e - highest, mask)
    return mask_padding(tf.where(tied, one, 1.0 - tf.math.expm1(distance) / span), mask)


@tf.custom_gradient
def run_gca_lstm(gates, r, recurrent_kernel):
    """Hidden states of the second layer, which starts from zeros. Implements Eqs. (4)-(6), (8) and (11).

    As `keras.layers.RNN(GCALSTMCell(u))`. Products are made in the type of `gates`, everything else in that of `r`.
    There is no mask: a padded step on the right changes no state before it.

    Args:
        gates: [N, B, 4u], time first, finite everywhere: W h_n + b, gates i, f, c, o.
        r: [N, B, 1] float32 informativeness in [0, 1] (float64 for gates of float64).
        recurrent_kernel: [u, 4u], U.

    Returns:
        [N, B, u] in the type of `gates`.
    """
    hidden, cells, sums = _run_forward(gates, r, recurrent_kernel)

    def gradient(d_hidden):
        d_gates, d_r, d_kernel = _run_backward(r, hidden, cells, sums, recurrent_kernel, d_hidden)
        return d_gates, d_r, tf.cast(d_kernel, recurrent_kernel.dtype)

    return hidden, gradient


def _run_forward(gates, r, kernel):
    """Hidden [N, B, u] and cell states [N, B, u] and inputs of the gates [N, B, 4u]."""
    num_steps, batch, units = tf.shape(gates)[0], tf.shape(gates)[1], kernel.shape[0]

    def step(n, h, c, hidden, cells, sums):
        z = gates[n] + h @ kernel
        i, f, g, o = compute_gates(z)
        c = update_cell_by_informativeness(f, c, i, g, r[n])
        h = tf.cast(update_hidden(o, c), gates.dtype)
        return n + 1, h, c, hidden.write(n, h), cells.write(n, c), sums.write(n, z)

    def array(dtype, size):
        return tf.TensorArray(dtype, num_steps, element_shape=[gates.shape[1], size])

    arrays = array(gates.dtype, units), array(r.dtype, units), array(gates.dtype, 4 * units)
    state = tf.zeros([batch, units], gates.dtype), tf.zeros([batch, units], r.dtype)
    *_, hidden, cells, sums = tf.while_loop(
        lambda n, *_: n < num_steps, step, (0, *state, *arrays), maximum_iterations=num_steps
    )
    return hidden.stack(), cells.stack(), sums.stack()


def _run_backward(r, hidden, cells, sums, kernel, d_hidden):
    """Gradients with respect to the gates, r and the kernel, the chunks from the last to the first."""
    num_steps, batch, units = tf.shape(r)[0], tf.shape(r)[1], kernel.shape[0]
    num_chunks = (num_steps + CHUNK - 1) // CHUNK
    transposed = tf.transpose(kernel)
    zeros = tf.zeros([batch, units], r.dtype)
    cells_before = tf.concat([zeros[tf.newaxis], cells[:-1]], axis=0)

    def step(n, d_h, d_c, d_gates, d_r):
        here = slice(n * CHUNK, tf.minimum((n + 1) * CHUNK, num_steps))
        factors, change = _compute_factors(sums[here], r[here], cells_before[here], cells[here])
        d_z, d_cells, d_h, d_c = run_chunk_backward(factors, d_hidden[here], d_h, d_c, transposed)
        d_r_here = tf.reduce_sum(d_cells.stack() * change, axis=-1, keepdims=True)
        return n - 1, d_h, d_c, d_gates.write(n, d_z), d_r.write(n, d_r_here)

    def array(dtype, size):
        return tf.TensorArray(dtype, num_chunks, infer_shape=False, element_shape=[None, None, size])

    arrays = array(sums.dtype, 4 * units), array(r.dtype, 1)
    *_, d_gates, d_r = tf.while_loop(
        lambda n, *_: n >= 0,
        step,
        (num_chunks - 1, zeros, zeros, *arrays),
        maximum_iterations=num_chunks,
        parallel_iterations=1,
    )
    d_gates = d_gates.concat()
    # The first step has no state before it.
    before, after = (tf.reshape(v, [-1, v.shape[-1]]) for v in (hidden[:-1], d_gates[1:]))
    return d_gates, d_r.concat(), tf.matmul(before, after, transpose_a=True)


def _compute_factors(z, r, cells_before, cells):
    """What the gradients of the states are multiplied by, for a chunk of steps.

    Returns:
        As `run_chunk_backward` wants them, and [n, B, u], how a cell state changes with r.
    """
    i, f, g, o = compute_gates(z)
    activated, keep = tf.tanh(cells), 1.0 - r
    gate_factors = [
        tf.raw_ops.SigmoidGrad(y=i, dy=g * r),
        tf.raw_ops.SigmoidGrad(y=f, dy=cells_before * keep),
        tf.raw_ops.TanhGrad(y=g, dy=i * r),
        tf.raw_ops.SigmoidGrad(y=o, dy=activated),
    ]
    factors = tf.concat(gate_factors, axis=-1), tf.raw_ops.TanhGrad(y=activated, dy=o), f * keep
    return factors, i * g - f * cells_before
