"""Convolution over time without bias, whose filter gradient is made of matrix products."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import downsample_mask
from drl4ser.layers.projection import project


def convolve(x, kernel, strides):
    """y[b, n] = sum_k x[b, strides n + k - (K - 1) // 2] W[k], x being zero before its first frame and after its last.

    So output step n is centred on frame `strides` n whatever the length. (TensorFlow's SAME pads a strided convolution
    by the parity of T, which would make the result depend on the batch.)

    TensorFlow 2.21 leaves the filter gradient to oneDNN, which on several threads writes behind its scratch memory
    for some shapes (`convolution_backward_weights` in float32: heap corruption, a crash in a later step). Here it is
    one matrix product for each place of the kernel. A kernel of size 1 is a product altogether.

    Args:
        x: [B, T, D].
        kernel: [K, D, F].
        strides: frames from one output step to the next.

    Returns:
        [B, ceil(T / strides), F].
    """
    size, depth, _ = kernel.shape
    if size == 1:
        return project(x[:, ::strides], kernel[0])
    left = _zeros_before(size)

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


def _zeros_before(size):
    """Of the `size` - 1 zeros around a sequence, those before its first frame; the rest follow the last."""
    return (size - 1) // 2


def _filter_gradient(x, d_y, size, strides):
    """dW[k] = sum_(b, n) x[b, strides n + k - (K - 1) // 2] d_y[b, n]: [K, D, F], of K products.

    Frame `strides` n + k of padded x is row n + k // strides of the frames number k modulo `strides`, laid out one
    after the other. With zeros behind each utterance's gradients, the rows that meet them are one run whatever k, which
    TensorFlow takes out without copying. x is padded here anew: the backward pass keeps no padded copy.
    """
    batch, num_frames, depth = tf.unstack(tf.shape(x))
    left = _zeros_before(size)
    num_rows = (num_frames + size - 1 + strides - 1) // strides
    x = tf.pad(x, [[0, 0], [left, num_rows * strides - left - num_frames], [0, 0]])
    x = tf.transpose(tf.reshape(x, [batch, num_rows, strides, depth]), [2, 0, 1, 3])
    x = tf.reshape(x, [strides, batch * num_rows, depth])
    d_y = tf.pad(d_y, [[0, 0], [0, num_rows - tf.shape(d_y)[1]], [0, 0]])
    span = batch * num_rows - (size - 1) // strides
    d_y = tf.reshape(d_y, [-1, d_y.shape[-1]])[:span]
    taps = (x[k % strides][k // strides :][:span] for k in range(size))
    return tf.stack([tf.matmul(tap, d_y, transpose_a=True) for tap in taps])


@keras.saving.register_keras_serializable(package="drl4ser")
class TemporalConv(keras.layers.Conv1D):
    """`keras.layers.Conv1D` without bias or activation, computed by `convolve`.

    Args:
        filters: output channels.
        kernel_size: K, frames under the kernel.
        strides: frames from one output step to the next.

    Call arguments:
        x: [B, T, D], zeros in the padding.

    Returns:
        [B, ceil(T / strides), filters].
    """

    def __init__(self, filters, kernel_size, strides=1, **kwargs):
        super().__init__(filters, kernel_size, strides, **{**kwargs, "use_bias": False})
        self.supports_masking = True

    def call(self, x):
        """See the class."""
        return convolve(x, tf.convert_to_tensor(self.kernel), self.strides[0])

    def compute_mask(self, inputs, previous_mask=None):
        """That of the frames on which the output steps are centred."""
        return downsample_mask(previous_mask, self.strides[0])
