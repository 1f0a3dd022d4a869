"""Convolution over time without padding or bias, whose filter gradient is made of matrix products."""

import keras
import tensorflow as tf

from drl4ser.layers.projection import project


def convolve(x, kernel, strides):
    """y[b, n] = sum_k x[b, strides n + k] W[k], for n with all k inside x.

    TensorFlow 2.21 leaves the filter gradient to oneDNN, which on several threads writes behind its scratch memory
    for some shapes (`convolution_backward_weights` in float32: heap corruption, a crash in a later step). Here it is
    one matrix product for each place of the kernel. A kernel of size 1 is a product altogether.

    Args:
        x: [B, T, D], T at least the kernel's size.
        kernel: [K, D, F].
        strides: frames from one output step to the next.

    Returns:
        [B, N, F], N = (T - K) // strides + 1.
    """
    size, depth, filters = kernel.shape
    if size == 1:
        return project(x[:, ::strides], kernel[0])

    @tf.custom_gradient
    def forward(x, kernel):
        y = tf.nn.conv1d(x, kernel, strides, "VALID")

        def gradient(d_y):
            shape = tf.shape(x)
            d_x = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.stack([shape[0], 1, shape[1], depth]),
                filter=kernel[tf.newaxis],
                out_backprop=d_y[:, tf.newaxis],
                strides=[1, 1, strides, 1],
                padding="VALID",
            )
            span = (tf.shape(d_y)[1] - 1) * strides + 1
            flat = tf.reshape(d_y, [-1, filters])
            taps = (tf.reshape(x[:, k : k + span : strides], [-1, depth]) for k in range(size))
            d_kernel = tf.stack([tf.matmul(tap, flat, transpose_a=True) for tap in taps])
            return d_x[:, 0], d_kernel

        return y, gradient

    return forward(x, kernel)


@keras.saving.register_keras_serializable(package="drl4ser")
class TemporalConv(keras.layers.Conv1D):
    """`keras.layers.Conv1D` without padding, bias or activation, computed by `convolve`.

    Args:
        filters: output channels.
        kernel_size: frames under the kernel.
        strides: frames from one output step to the next.

    Call arguments:
        x: [B, T, D].

    Returns:
        [B, (T - kernel_size) // strides + 1, filters].
    """

    def __init__(self, filters, kernel_size, strides=1, **kwargs):
        super().__init__(filters, kernel_size, strides, **{**kwargs, "use_bias": False})

    def call(self, x):
        """See the class."""
        return convolve(x, tf.convert_to_tensor(self.kernel), self.strides[0])
