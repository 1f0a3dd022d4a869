"""The arithmetic of an LSTM layer over a whole sequence, made for processors.

Keras' loop keeps some fifteen tensors of every step for the backward pass. This one keeps the states and the sums
that enter the gates, and the weights' gradients are a few large products, a chunk of steps at a time, instead of many
small ones. Under a bfloat16 policy the products are bfloat16, everything else is float32.
"""

import tensorflow as tf

from drl4ser.layers.equations import compute_gates, update_cell, update_hidden
from drl4ser.layers.masking import project, wide_type, widen

# Steps whose gradients are made together: enough for large products, few enough to stay in the cache.
CHUNK = 16


def gather_last(hidden, mask):
    """Of hidden states [T, B, u], those of the last real step by `mask` [B, T]: [B, u]."""
    if mask is None:
        return hidden[-1]
    last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
    return tf.gather_nd(hidden, tf.stack([last, tf.range(tf.shape(hidden)[1])], axis=1))


@tf.custom_gradient
def run_lstm(x, kernel, recurrent_kernel, bias):
    """Hidden states of an LSTM layer that starts from zeros. Implements Eqs. (4)-(8).

    As `keras.layers.LSTM`. Products are made in the type of `x`, everything else in float32 at least. There is no
    mask: a padded step on the right changes no state before it.

    Args:
        x: [T, B, D], time first, finite everywhere.
        kernel: [D, 4u], gates i, f, c, o as in Keras.
        recurrent_kernel: [u, 4u].
        bias: [4u].

    Returns:
        [T, B, u] in the type of `x`.
    """
    hidden, cells, sums = _run_forward(x, kernel, recurrent_kernel, bias)

    def gradient(d_hidden):
        # It may come without the static batch that `hidden` has, and the loops insist on one of the two.
        d_hidden = tf.ensure_shape(d_hidden, hidden.shape)
        d_x, d_weights, d_bias = _run_backward(x, hidden, cells, sums, kernel, recurrent_kernel, d_hidden)
        d_kernel, d_recurrent = tf.split(tf.cast(d_weights, kernel.dtype), [kernel.shape[0], -1])
        return d_x, d_kernel, d_recurrent, tf.cast(d_bias, bias.dtype)

    return hidden, gradient


def _run_forward(x, kernel, recurrent_kernel, bias):
    """Hidden states [T, B, u], cell states [T, B, u] and inputs of the gates [T, B, 4u].

    As tensors, not arrays of tensors: a gradient that reads arrays can neither be saved in a model nor be vectorised.
    """
    num_steps, batch, units = tf.shape(x)[0], tf.shape(x)[1], recurrent_kernel.shape[0]
    add_up = _hoist_inputs if kernel.shape[0] > units else _concatenate_inputs
    sum_inputs = add_up(x, kernel, recurrent_kernel, bias)

    def step(t, h, c, hidden, cells, sums):
        z = sum_inputs(t, h)
        i, f, g, o = compute_gates(z)
        c = update_cell(f, c, i, g)
        h = tf.cast(update_hidden(o, c), x.dtype)
        return t + 1, h, c, hidden.write(t, h), cells.write(t, c), sums.write(t, z)

    def array(dtype, size):
        return tf.TensorArray(dtype, num_steps, clear_after_read=False, element_shape=[x.shape[1], size])

    wide = wide_type(x.dtype)
    arrays = array(x.dtype, units), array(wide, units), array(x.dtype, 4 * units)
    state = tf.zeros([batch, units], x.dtype), tf.zeros([batch, units], wide)
    *_, hidden, cells, sums = tf.while_loop(
        lambda t, *_: t < num_steps, step, (0, *state, *arrays), maximum_iterations=num_steps
    )
    return hidden.stack(), cells.stack(), sums.stack()


def _hoist_inputs(x, kernel, recurrent_kernel, bias):
    """(t, h) -> inputs of the gates [B, 4u], all products of `x` made before.

    A step reads the smaller weights only, which is what takes time for a batch of one.
    """
    projected = tf.nn.bias_add(project(x, kernel), bias)
    return lambda t, h: projected[t] + h @ recurrent_kernel


def _concatenate_inputs(x, kernel, recurrent_kernel, bias):
    """(t, h) -> inputs of the gates [B, 4u] as one product, without [T, B, 4u] in memory once more."""
    weights = tf.concat([kernel, recurrent_kernel], axis=0)
    return lambda t, h: tf.nn.bias_add(tf.concat([x[t], h], axis=-1) @ weights, bias)


def _run_backward(x, hidden, cells, sums, kernel, recurrent_kernel, d_hidden):
    """Gradients with respect to x, the weights and the bias, the chunks from the last to the first."""
    num_steps, batch, units = tf.shape(x)[0], tf.shape(x)[1], recurrent_kernel.shape[0]
    num_chunks = (num_steps + CHUNK - 1) // CHUNK
    recurrent_transposed, wide = tf.transpose(recurrent_kernel), wide_type(x.dtype)

    def step(n, d_h, d_c, d_weights, d_bias, d_x):
        steps = tf.range(n * CHUNK, tf.minimum((n + 1) * CHUNK, num_steps))
        here, before = slice(steps[0], steps[-1] + 1), tf.maximum(steps - 1, 0)
        started = tf.reshape(steps > 0, [-1, 1, 1])
        cells_before = tf.where(started, tf.gather(cells, before), tf.zeros([], wide))
        factors = _compute_factors(sums[here], cells_before, cells[here])
        d_z, _, d_h, d_c = run_chunk_backward(factors, d_hidden[here], d_h, d_c, recurrent_transposed)
        hidden_before = tf.where(started, tf.gather(hidden, before), tf.zeros([], x.dtype))
        d_z, inputs = (tf.reshape(v, [-1, v.shape[-1]]) for v in (d_z, tf.concat([x[here], hidden_before], axis=-1)))
        d_weights += widen(tf.matmul(inputs, d_z, transpose_a=True))
        # As a product: many times faster than TensorFlow's sum over rows.
        ones = tf.ones([1, tf.shape(d_z)[0]], d_z.dtype)
        d_bias += widen(tf.matmul(ones, d_z)[0])
        d_input = tf.matmul(d_z, kernel, transpose_b=True)
        return n - 1, d_h, d_c, d_weights, d_bias, d_x.write(n, tf.reshape(d_input, tf.shape(x[here])))

    d_x = tf.TensorArray(x.dtype, num_chunks, infer_shape=False, element_shape=[None, None, x.shape[-1]])
    sizes = [batch, units], [batch, units], [x.shape[-1] + units, 4 * units], [4 * units]
    *_, d_weights, d_bias, d_x = tf.while_loop(
        lambda n, *_: n >= 0,
        step,
        (num_chunks - 1, *(tf.zeros(size, wide) for size in sizes), d_x),
        maximum_iterations=num_chunks,
        # Else TensorFlow makes the factors of ten chunks ahead of their turn.
        parallel_iterations=1,
    )
    return d_x.concat(), d_weights, d_bias


def run_chunk_backward(factors, d_hidden, d_h, d_c, recurrent_transposed):
    """From the last step of a chunk to its first.

    Args:
        factors: see `_compute_factors`.
        d_hidden: [n, B, u] gradients of the hidden states from above.
        d_h: [B, u] float32, gradient of the last hidden state from the step behind the chunk.
        d_c: [B, u] float32, the same of its cell state.
        recurrent_transposed: [4u, u], transposed once: oneDNN's product with `transpose_b` takes twice as long for
            the few rows of a batch in float32.

    Returns:
        Gradients of the gates' inputs [n, B, 4u], of the cell states (an array of n tensors [B, u], float32), and
        of the state before the chunk, hidden and cell.
    """
    gate_factors, cell_factor, forget = factors
    num_steps, dtype = tf.shape(d_hidden)[0], recurrent_transposed.dtype

    def step(t, d_h, d_c, d_z, d_cells):
        d_h = d_h + widen(d_hidden[t])
        d_c = d_c + d_h * cell_factor[t]
        d_gates = tf.cast(tf.concat([d_c, d_c, d_c, d_h], axis=-1) * gate_factors[t], dtype)
        d_h = widen(d_gates @ recurrent_transposed)
        return t - 1, d_h, d_c * forget[t], d_z.write(t, d_gates), d_cells.write(t, d_c)

    d_z = tf.TensorArray(dtype, num_steps, element_shape=[None, recurrent_transposed.shape[0]])
    d_cells = tf.TensorArray(d_c.dtype, num_steps, element_shape=[None, recurrent_transposed.shape[1]])
    _, d_h, d_c, d_z, d_cells = tf.while_loop(
        lambda t, *_: t >= 0, step, (num_steps - 1, d_h, d_c, d_z, d_cells), maximum_iterations=num_steps
    )
    return d_z.stack(), d_cells, d_h, d_c


def _compute_factors(z, cells_before, cells):
    """What the gradients of the states are multiplied by, for a chunk of steps.

    Returns:
        Factors [n, B, 4u] from (d_c, d_c, d_c, d_h) to the inputs of the gates i, f, c, o; [n, B, u] from d_h
        to d_c; [n, B, u] from d_c to that of the step before, the forget gate.
    """
    i, f, g, o = compute_gates(z)
    activated = tf.tanh(cells)
    # SigmoidGrad(y, d) = d y (1 - y) and TanhGrad(y, d) = d (1 - y y), each in one pass over the memory.
    gate_factors = [
        tf.raw_ops.SigmoidGrad(y=i, dy=g),
        tf.raw_ops.SigmoidGrad(y=f, dy=cells_before),
        tf.raw_ops.TanhGrad(y=g, dy=i),
        tf.raw_ops.SigmoidGrad(y=o, dy=activated),
    ]
    return tf.concat(gate_factors, axis=-1), tf.raw_ops.TanhGrad(y=activated, dy=o), f
