"""The residual convolutional groups (paper, section 3.1 and Figure 2)."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import downsample_mask, mask_padding
from drl4ser.layers.normalized_conv import NormalizedConv
from drl4ser.layers.residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="drl4ser")
class ResidualConvGroup(keras.layers.Layer):
    """One group of Figure 2: halves the number of steps and learns `filters` features for each.

    Group 1 is a single strided convolution (`num_blocks=0`), the others are residual blocks of which the first one
    has stride 2. `downsample_mask` gives the mask of the output. Padding may hold anything and comes out as zeros.

    Args:
        filters: output channels.
        kernel_size: frames under every kernel but the shortcut's.
        num_blocks: residual blocks; 0 makes one convolution, normalisation and ReLU.
        num_heads: of the self-attention in every block, Figure 2(b); None for Figure 2(a).
        dropout: rate on the output of each self-attention.
        momentum: of the moving statistics of the normalisations.

    Call arguments:
        x: [B, T, D].
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics and drop out.
        return_attention: whether to return the attention's matrices as well.

    Returns:
        [B, ceil(T / 2), filters], at least 0; with `return_attention` a pair, the second a list with one
        [B, num_heads, ceil(T / 2), ceil(T / 2)] for each block that has attention.
    """

    def __init__(self, filters, kernel_size, num_blocks=2, num_heads=None, dropout=0.0, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.filters = filters
        self.kernel_size = kernel_size
        self.num_blocks = num_blocks
        self.num_heads = num_heads
        self.dropout = dropout
        self.momentum = momentum
        policy = {"dtype": self.dtype_policy}
        self.conv = None
        if num_blocks == 0:
            self.conv = NormalizedConv(filters, kernel_size, 2, momentum, name="conv", **policy)
        self.blocks = [
            ResidualBlock(
                filters, kernel_size, 1 if i else 2, num_heads, dropout, momentum, name=f"block_{i + 1}", **policy
            )
            for i in range(num_blocks)
        ]

    def build(self, input_shape):
        """Builds the convolution or the blocks."""
        if self.conv is not None:
            self.conv.build(input_shape)
        for block in self.blocks:
            block.build(input_shape)
            input_shape = (None, None, self.filters)

    def call(self, x, mask=None, training=False, return_attention=False):
        """See the class."""
        x, attention = mask_padding(x, mask), []
        if self.conv is not None:
            x = tf.nn.relu(self.conv(x, mask=mask, training=training))
        for i, block in enumerate(self.blocks):
            x = block(x, mask=mask, training=training, return_attention=return_attention)
            if return_attention:
                x, correlation = x
                attention.append(correlation)
            mask = mask if i else downsample_mask(mask)
        return (x, attention) if return_attention else x

    def compute_mask(self, inputs, previous_mask=None):
        """That of the output."""
        return downsample_mask(previous_mask)

    def get_config(self):
        """The arguments of the constructor."""
        names = ("filters", "kernel_size", "num_blocks", "num_heads", "dropout", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
