"""The arithmetic of an LSTM layer over a whole sequence, made for processors.

Keras' loop keeps some fifteen tensors of every step for the backward pass. This one keeps the states, and computes
the gates anew from them, a chunk of steps at a time: memory stays near two tensors a step, and the weights'
gradients are a few large products instead of many small ones.
"""

import tensorflow as tf

# Steps whose gates are computed anew together: enough for large products, few enough to stay in the cache.
CHUNK = 16


@tf.custom_gradient
def run_lstm(x, kernel, recurrent_kernel, bias):
    """Hidden states of an LSTM layer that starts from zeros. Implements Eqs. (4)-(8).

    Products are made in the type of `x`, everything else in float32. There is no mask: a padded step on the right
    changes no state before it.

    Args:
        x: [T, B, D], time first, finite everywhere.
        kernel: [D, 4u], gates i, f, c, o as in Keras.
        recurrent_kernel: [u, 4u].
        bias: [4u].

    Returns:
        [T, B, u] in the type of `x`.
    """
    weights = tf.concat([kernel, recurrent_kernel], axis=0)
    hidden, cells = _run_forward(x, weights, bias)

    def gradient(d_hidden):
        d_x, d_weights, d_bias = _run_backward(x, hidden, cells, weights, bias, d_hidden)
        d_kernel, d_recurrent = tf.split(tf.cast(d_weights, kernel.dtype), [kernel.shape[0], -1])
        return d_x, d_kernel, d_recurrent, tf.cast(d_bias, bias.dtype)

    return hidden, gradient


def _run_forward(x, weights, bias):
    """Hidden states [T, B, u] in the type of `x` and cell states [T, B, u] in float32."""
    num_steps, batch, units = tf.shape(x)[0], tf.shape(x)[1], weights.shape[1] // 4

    def step(t, h, c, hidden, cells):
        i, f, g, o = _compute_gates(tf.concat([x[t], h], axis=-1), weights, bias)
        c = f * c + i * g
        h = tf.cast(o * tf.tanh(c), x.dtype)
        return t + 1, h, c, hidden.write(t, h), cells.write(t, c)

    hidden = tf.TensorArray(x.dtype, num_steps, element_shape=[None, units])
    cells = tf.TensorArray(tf.float32, num_steps, element_shape=[None, units])
    state = tf.zeros([batch, units], x.dtype), tf.zeros([batch, units])
    *_, hidden, cells = tf.while_loop(
        lambda t, *_: t < num_steps, step, (0, *state, hidden, cells), maximum_iterations=num_steps
    )
    return hidden.stack(), cells.stack()


def _run_backward(x, hidden, cells, weights, bias, d_hidden):
    """Gradients with respect to x, the weights and the bias, the chunks from the last to the first."""
    batch, units = tf.shape(x)[1], weights.shape[1] // 4
    num_chunks = (tf.shape(x)[0] + CHUNK - 1) // CHUNK

    def step(n, d_h, d_c, d_weights, d_bias, d_x):
        start, stop = n * CHUNK, tf.minimum((n + 1) * CHUNK, tf.shape(x)[0])
        before = _states_before(hidden, start, stop)
        inputs = tf.concat([x[start:stop], before], axis=-1)
        factors = _compute_factors(inputs, _states_before(cells, start, stop), cells[start:stop], weights, bias)
        recurrent = weights[-units:]
        d_z, d_h, d_c = _run_chunk_backward(factors, d_hidden[start:stop], d_h, d_c, recurrent)
        flat = tf.reshape(d_z, [-1, 4 * units])
        product = tf.matmul(tf.reshape(inputs, [-1, weights.shape[0]]), flat, transpose_a=True)
        d_weights += tf.cast(product, tf.float32)
        d_bias += tf.reduce_sum(tf.cast(flat, tf.float32), axis=0)
        d_input = tf.matmul(flat, weights[:-units], transpose_b=True)
        return n - 1, d_h, d_c, d_weights, d_bias, d_x.write(n, tf.reshape(d_input, tf.shape(x[start:stop])))

    d_x = tf.TensorArray(x.dtype, num_chunks, infer_shape=False, element_shape=[None, None, x.shape[-1]])
    zeros = tf.zeros([batch, units])
    d_weights, d_bias = tf.zeros(weights.shape), tf.zeros(bias.shape)
    *_, d_weights, d_bias, d_x = tf.while_loop(
        lambda n, *_: n >= 0,
        step,
        (num_chunks - 1, zeros, zeros, d_weights, d_bias, d_x),
        maximum_iterations=num_chunks,
    )
    return d_x.concat(), d_weights, d_bias


def _run_chunk_backward(factors, d_hidden, d_h, d_c, recurrent):
    """From the last step of a chunk to its first: gradients of the gates' inputs [n, B, 4u] and of the state."""
    gate_factors, cell_factor, forget = factors
    num_steps, dtype = tf.shape(d_hidden)[0], recurrent.dtype

    def step(t, d_h, d_c, d_z):
        d_h = d_h + tf.cast(d_hidden[t], tf.float32)
        d_c = d_c + d_h * cell_factor[t]
        d_gates = tf.cast(tf.concat([d_c, d_c, d_c, d_h], axis=-1) * gate_factors[t], dtype)
        d_h = tf.cast(tf.matmul(d_gates, recurrent, transpose_b=True), tf.float32)
        return t - 1, d_h, d_c * forget[t], d_z.write(t, d_gates)

    d_z = tf.TensorArray(dtype, num_steps, element_shape=[None, recurrent.shape[1]])
    _, d_h, d_c, d_z = tf.while_loop(
        lambda t, *_: t >= 0, step, (num_steps - 1, d_h, d_c, d_z), maximum_iterations=num_steps
    )
    return d_z.stack(), d_h, d_c


def _compute_factors(inputs, cells_before, cells, weights, bias):
    """What the gradients of the states are multiplied by, for a chunk of steps.

    Returns:
        Factors [n, B, 4u] from (d_c, d_c, d_c, d_h) to the inputs of the gates i, f, c, o; [n, B, u] from d_h
        to d_c; [n, B, u] from d_c to that of the step before, the forget gate.
    """
    i, f, g, o = _compute_gates(inputs, weights, bias)
    activated = tf.tanh(cells)
    # SigmoidGrad(y, d) = d y (1 - y) and TanhGrad(y, d) = d (1 - y y), each in one pass over the memory.
    gate_factors = [
        tf.raw_ops.SigmoidGrad(y=i, dy=g),
        tf.raw_ops.SigmoidGrad(y=f, dy=cells_before),
        tf.raw_ops.TanhGrad(y=g, dy=i),
        tf.raw_ops.SigmoidGrad(y=o, dy=activated),
    ]
    return tf.concat(gate_factors, axis=-1), tf.raw_ops.TanhGrad(y=activated, dy=o), f


def _compute_gates(inputs, weights, bias):
    """The gates i, f, c, o of inputs [..., D + u] = [x_t, h_{t-1}], each [..., u] float32."""
    i, f, g, o = tf.split(tf.cast(inputs @ weights + bias, tf.float32), 4, axis=-1)
    return tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)


def _states_before(states, start, stop):
    """The states one step before start..stop - 1; the one before the first step is zero."""
    before = states[tf.maximum(start - 1, 0) : stop - 1]
    return tf.cond(start > 0, lambda: before, lambda: tf.concat([tf.zeros_like(states[:1]), before], axis=0))
