"""Convolution over time by oneDNN, whose filter gradient is made of matrix products."""

import tensorflow as tf

from drl4ser.layers.masking import project


def convolve(x, kernel, strides=1):
    """As `equations.convolve`, Eq. (1).

    TensorFlow 2.21 leaves the filter gradient to oneDNN, which on several threads writes behind its scratch memory
    for some shapes (`convolution_backward_weights` in float32: heap corruption, a crash in a later step). Here it is
    one matrix product for each place of the kernel. A kernel of size 1 is a product altogether.
    """
    size, depth, _ = kernel.shape
    if size == 1:
        return project(x[:, ::strides], kernel[0])
    left = (size - 1) // 2

    @tf.custom_gradient
    def forward(x, kernel):
        # oneDNN has no EXPLICIT padding in TensorFlow: its own convolution, many times slower, would run.
        y = tf.nn.conv1d(tf.pad(x, [[0, 0], [left, size - 1 - left], [0, 0]]), kernel, strides, "VALID")

        def gradient(d_y):
            batch, num_frames = tf.unstack(tf.shape(x)[:2])
            d_padded = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.stack([batch, 1, num_frames + size - 1, depth]),
                filter=kernel[tf.newaxis],
                out_backprop=d_y[:, tf.newaxis],
                strides=[1, 1, strides, 1],
                padding="VALID",
            )
            d_x = d_padded[:, 0, left : left + num_frames]
            return d_x, _filter_gradient(x, d_y, size, strides)

        return y, gradient

    return forward(x, kernel)


def _filter_gradient(x, d_y, size, strides):
    """dW[k] = sum_(b, n) x[b, strides n + k - (K - 1) // 2] d_y[b, n]: [K, D, F], of K products.

    Frame `strides` n + k of padded x is row n + k // strides of the frames number k modulo `strides`, laid out one
    after the other. With zeros behind each utterance's gradients, the rows that meet them are one run whatever k, which
    TensorFlow takes out without copying. x is padded again here: the backward pass keeps no padded copy.
    """
    batch, num_frames, depth = tf.unstack(tf.shape(x))
    left = (size - 1) // 2
    num_rows = (num_frames + size - 1 + strides - 1) // strides
    x = tf.pad(x, [[0, 0], [left, num_rows * strides - left - num_frames], [0, 0]])
    x = tf.transpose(tf.reshape(x, [batch, num_rows, strides, depth]), [2, 0, 1, 3])
    x = tf.reshape(x, [strides, batch * num_rows, depth])
    d_y = tf.pad(d_y, [[0, 0], [0, num_rows - tf.shape(d_y)[1]], [0, 0]])
    span = batch * num_rows - (size - 1) // strides
    d_y = tf.reshape(d_y, [-1, d_y.shape[-1]])[:span]
    taps = (x[k % strides][k // strides :][:span] for k in range(size))
    return tf.stack([tf.matmul(tap, d_y, transpose_a=True) for tap in taps])
