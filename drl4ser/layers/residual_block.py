"""A residual block with the self-attention of Figure 2(b) (paper, sections 3.1 and 3.2)."""

import keras
import tensorflow as tf

from drl4ser.layers.dropout import Dropout
from drl4ser.layers.masking import downsample_mask
from drl4ser.layers.normalized_conv import NormalizedConv
from drl4ser.layers.self_attention import MultiHeadSelfAttention
from drl4ser.layers.temporal_conv import TemporalConv


@keras.saving.register_keras_serializable(package="drl4ser")
class ResidualBlock(keras.layers.Layer):
    """Two convolutions with an optional self-attention between them, and a shortcut around them.

    y = ReLU(N(conv(a)) + shortcut(x)), a = u + MHSA(u), u = ReLU(N(conv(x))), N the batch normalisation (He et al.,
    2016, section 3.1; paper, Figure 2). The shortcut is x itself, or a 1x1 convolution of the same stride without
    bias or normalisation where the shapes differ. Padding must be zeros and comes out as zeros.

    Args:
        filters: channels of both convolutions.
        kernel_size: frames under both kernels.
        strides: of the first convolution, 1 or 2.
        num_heads: of the self-attention; None for none.
        dropout: rate on the output of the self-attention.
        momentum: of the moving statistics.

    Call arguments:
        x: [B, T, D], zeros in the padding.
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics and drop out.
        return_attention: whether to return the attention's matrices as well (needs `num_heads`).

    Returns:
        [B, ceil(T / strides), filters]; with `return_attention` a pair, the second [B, num_heads, T', T'] with T'
        the steps of the output.

    References:
        - [He et al., 2016](https://arxiv.org/abs/1512.03385)
    """

    def __init__(self, filters, kernel_size, strides=1, num_heads=None, dropout=0.0, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.num_heads = num_heads
        self.dropout = dropout
        self.momentum = momentum
        policy = {"dtype": self.dtype_policy}
        self.first = NormalizedConv(filters, kernel_size, strides, momentum, name="first", **policy)
        self.second = NormalizedConv(filters, kernel_size, 1, momentum, name="second", **policy)
        self.attention = MultiHeadSelfAttention(num_heads, name="attention", **policy) if num_heads else None
        self.drop = Dropout(dropout, name="drop", **policy)
        self.shortcut = None

    def build(self, input_shape):
        """Builds the sublayers; the shortcut is a convolution where input and output differ in shape."""
        output_shape = (None, None, self.filters)
        self.first.build(input_shape)
        self.second.build(output_shape)
        if self.attention is not None:
            self.attention.build(output_shape)
        if self.strides != 1 or input_shape[-1] != self.filters:
            self.shortcut = TemporalConv(self.filters, 1, self.strides, name="shortcut", dtype=self.dtype_policy)
            self.shortcut.build(input_shape)

    def call(self, x, mask=None, training=False, return_attention=False):
        """See the class."""
        y = tf.nn.relu(self.first(x, mask=mask, training=training))
        mask = downsample_mask(mask) if self.strides == 2 else mask
        attention = None
        if self.attention is not None:
            attended = self.attention(y, mask=mask, return_attention=return_attention)
            if return_attention:
                attended, attention = attended
            y = y + self.drop(attended, training=training)
        y = self.second(y, mask=mask, training=training)
        y = tf.nn.relu(y + (x if self.shortcut is None else self.shortcut(x)))
        return (y, attention) if return_attention else y

    def compute_mask(self, inputs, previous_mask=None):
        """That of the output, if the layer halves the number of steps."""
        return downsample_mask(previous_mask) if self.strides == 2 else previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        names = ("filters", "kernel_size", "strides", "num_heads", "dropout", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
