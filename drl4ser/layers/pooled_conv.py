"""A convolution and the maximum of its outputs over windows or over the whole utterance (Poria et al., 2016)."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.normalized_conv import NormalizedConv


def pool_maximum(x, size=None):
    """The maximum over `size` steps at a time, or over all.

    Args:
        x: [B, T, D] at least 0, zeros in the padding, which thus never exceed what is real.
        size: steps in a window, the first begins at step 0 and the last may hold fewer; None for all steps.

    Returns:
        [B, ceil(T / size), D], or [B, D] for all.
    """
    if size is None:
        return tf.reduce_max(x, axis=1)
    num_steps = tf.shape(x)[1]
    x = tf.pad(x, [[0, 0], [0, -num_steps % size], [0, 0]])
    shape = tf.shape(x)
    windows = tf.reshape(x, [shape[0], shape[1] // size, size, x.shape[-1]])
    return tf.reduce_max(windows, axis=2)


@keras.saving.register_keras_serializable(package="drl4ser")
class PooledConv(keras.layers.Layer):
    """Convolution, batch normalisation, ReLU and max pooling, all over the real steps.

    Args:
        filters: output channels.
        kernel_size: steps under the kernel.
        strides: of the convolution, 1 or 2.
        pool_size: steps of the convolution's output that are pooled; None for all of them.
        momentum: of the normalisation's moving statistics.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics.

    Returns:
        [B, ceil(T / (strides pool_size)), filters], whose mask `downsample_mask` gives, or [B, filters] where all is
        pooled (zeros for an utterance without any real step). At least 0.
    """

    def __init__(self, filters, kernel_size, strides=1, pool_size=None, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if pool_size is not None and pool_size < 1:
            raise ValueError(f"`pool_size` must be at least 1. Received: pool_size={pool_size}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.pool_size = pool_size
        self.momentum = momentum
        self.conv = NormalizedConv(filters, kernel_size, strides, momentum, name="conv", dtype=self.dtype_policy)

    def build(self, input_shape):
        """Builds the convolution."""
        self.conv.build(input_shape)

    def call(self, x, mask=None, training=False):
        """See the class."""
        y = tf.nn.relu(self.conv(mask_padding(x, mask), mask=mask, training=training))
        return pool_maximum(y, self.pool_size)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the output; None where all is pooled."""
        if previous_mask is None or self.pool_size is None:
            return None
        return previous_mask[:, :: self.strides * self.pool_size]

    def get_config(self):
        """The arguments of the constructor."""
        names = ("filters", "kernel_size", "strides", "pool_size", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
