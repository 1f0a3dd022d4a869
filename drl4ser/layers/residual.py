"""Residual blocks and the groups made of them (paper, sections 3.1 and 3.2, Figure 2)."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers.conv import NormalizedConv, TemporalConv
from drl4ser.layers.masking import SequenceLayer, downsample_mask, mask_padding
from drl4ser.layers.self_attention import MultiHeadSelfAttention
from drl4ser.layers.shared_batch import Dropout


@keras.saving.register_keras_serializable(package="drl4ser")
class ResidualBlock(SequenceLayer):
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

    arguments = ("filters", "kernel_size", "strides", "num_heads", "dropout", "momentum")

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        num_heads: int | None = None,
        dropout: float = 0.0,
        momentum: float = 0.9,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = self.steps_per_output = strides
        self.num_heads = num_heads
        self.dropout = dropout
        self.momentum = momentum
        policy = {"dtype": self.dtype_policy}
        self.first = NormalizedConv(filters, kernel_size, strides, momentum, name="first", **policy)
        self.second = NormalizedConv(filters, kernel_size, 1, momentum, name="second", **policy)
        self.attention = MultiHeadSelfAttention(num_heads, name="attention", **policy) if num_heads else None
        self.drop = Dropout(dropout, name="drop", **policy)
        self.shortcut: TemporalConv | None = None

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds the sublayers; the shortcut is a convolution where input and output differ in shape."""
        output_shape = (None, None, self.filters)
        self.first.build(input_shape)
        self.second.build(output_shape)
        if self.attention is not None:
            self.attention.build(output_shape)
        if self.strides != 1 or input_shape[-1] != self.filters:
            self.shortcut = TemporalConv(self.filters, 1, self.strides, name="shortcut", dtype=self.dtype_policy)
            self.shortcut.build(input_shape)

    def call(
        self, x: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False, return_attention: bool = False
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        """See the class."""
        y = tf.nn.relu(self.first(x, mask=mask, training=training))
        mask, attention = downsample_mask(mask, self.strides), None
        if self.attention is not None:
            attended = self.attention(y, mask=mask, return_attention=return_attention)
            if return_attention:
                attended, attention = attended
            y = y + self.drop(attended, training=training)
        y = self.second(y, mask=mask, training=training)
        y = tf.nn.relu(y + (x if self.shortcut is None else self.shortcut(x)))
        return (y, attention) if return_attention else y


@keras.saving.register_keras_serializable(package="drl4ser")
class ResidualConvGroup(SequenceLayer):
    """One group of Figure 2: halves the number of steps and learns `filters` features for each.

    Group 1 is a single strided convolution (`num_blocks=0`), the others are residual blocks of which the first one
    has the group's stride. `downsample_mask` gives the mask of the output. Padding may hold anything and comes out as
    zeros.

    Args:
        filters: output channels.
        kernel_size: frames under every kernel but the shortcut's.
        num_blocks: residual blocks; 0 makes one convolution, normalisation and ReLU.
        num_heads: of the self-attention in every block, Figure 2(b); None for Figure 2(a).
        dropout: rate on the output of each self-attention.
        momentum: of the moving statistics of the normalisations.
        strides: 2 as in the paper; 1 keeps the number of steps.

    Call arguments:
        x: [B, T, D].
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics and drop out.
        return_attention: whether to return the attention's matrices as well.

    Returns:
        [B, ceil(T / strides), filters], at least 0; with `return_attention` a pair, the second a list with one
        [B, num_heads, T', T'] for each block that has attention, T' the steps of the output.

    Example:
        >>> ResidualConvGroup(filters=8, kernel_size=3, num_heads=4)(tf.ones([1, 7, 4])).shape.as_list()
        [1, 4, 8]
    """

    arguments = ("filters", "kernel_size", "num_blocks", "num_heads", "dropout", "momentum", "strides")

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        num_blocks: int = 2,
        num_heads: int | None = None,
        dropout: float = 0.0,
        momentum: float = 0.9,
        strides: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.num_blocks = num_blocks
        self.num_heads = num_heads
        self.dropout = dropout
        self.momentum = momentum
        self.strides = self.steps_per_output = strides
        policy = {"dtype": self.dtype_policy}
        self.conv = None
        if num_blocks == 0:
            self.conv = NormalizedConv(filters, kernel_size, strides, momentum, name="conv", **policy)
        self.blocks = [
            ResidualBlock(
                filters, kernel_size, 1 if i else strides, num_heads, dropout, momentum, name=f"block_{i + 1}", **policy
            )
            for i in range(num_blocks)
        ]

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds the convolution or the blocks."""
        if self.conv is not None:
            self.conv.build(input_shape)
        for block in self.blocks:
            block.build(input_shape)
            input_shape = (None, None, self.filters)

    def call(
        self, x: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False, return_attention: bool = False
    ) -> tf.Tensor | tuple[tf.Tensor, list[tf.Tensor]]:
        """See the class."""
        x, attention = mask_padding(x, mask), []
        if self.conv is not None:
            x = tf.nn.relu(self.conv(x, mask=mask, training=training))
        for block in self.blocks:
            x = block(x, mask=mask, training=training, return_attention=return_attention)
            if return_attention:
                x, correlation = x
                attention.append(correlation)
            mask = downsample_mask(mask, block.strides)
        return (x, attention) if return_attention else x

    def compute_output_spec(
        self,
        x: keras.KerasTensor,
        mask: keras.KerasTensor | None = None,
        training: bool = False,
        return_attention: bool = False,
    ) -> keras.KerasTensor | tuple[keras.KerasTensor, list[keras.KerasTensor]]:
        """See `SequenceLayer.spec`."""
        batch, steps, _ = x.shape
        steps = steps and -(-steps // self.strides)
        y = self.spec(batch, steps, self.filters)
        if not return_attention:
            return y
        return y, [self.spec(batch, self.num_heads, steps, steps, wide=True) for _ in self.blocks]
