"""Multi-head self-attention (paper, section 3.2)."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers import equations, fast
from drl4ser.layers.masking import SequenceLayer, mask_padding


@keras.saving.register_keras_serializable(package="drl4ser")
class MultiHeadSelfAttention(SequenceLayer):
    """Lets every step of a sequence look at all real steps.

    Implements Eqs. (2) and (3) with Q = K = V = x. No biases. The residual x + MHSA(x) is added by the caller.

    Padded steps get no attention, and come out as zeros; nothing in them reaches a real step.

    Args:
        num_heads: parallel heads; D must be a multiple of it.

    Call arguments:
        x: [B, T, D].
        mask: [B, T] boolean, True = real; None if all are.
        return_attention: whether to return the correlation matrices as well.

    Returns:
        [B, T, D]; with `return_attention` a pair, the second [B, num_heads, T, T] float32 in [0, 1]: row = query,
        column = key, rows of real queries sum to 1, rows of padded queries are zero.

    Raises:
        ValueError: if D is not a multiple of `num_heads`.

    References:
        - [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)

    Example:
        >>> y, attention = MultiHeadSelfAttention(num_heads=2)(tf.ones([1, 5, 8]), return_attention=True)
        >>> y.shape.as_list(), round(float(attention[0, 0, 0, 0]), 3)
        ([1, 5, 8], 0.2)
    """

    arguments = ("num_heads",)

    def __init__(self, num_heads: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if num_heads < 1:
            raise ValueError(f"`num_heads` must be at least 1. Received: num_heads={num_heads}")
        self.num_heads = num_heads

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates the four [D, D] projections."""
        dim = input_shape[-1]
        if dim % self.num_heads:
            raise ValueError(
                f"The last axis must be a multiple of `num_heads`. Received: {dim} features, num_heads={self.num_heads}"
            )
        self.w_q = self.add_weight(name="w_q", shape=(dim, dim), initializer="glorot_uniform")
        self.w_k = self.add_weight(name="w_k", shape=(dim, dim), initializer="glorot_uniform")
        self.w_v = self.add_weight(name="w_v", shape=(dim, dim), initializer="glorot_uniform")
        self.w_o = self.add_weight(name="w_o", shape=(dim, dim), initializer="glorot_uniform")

    def call(
        self, x: tf.Tensor, mask: tf.Tensor | None = None, return_attention: bool = False
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        """See the class."""
        x = mask_padding(x, mask)
        attend_by_heads = fast.attend_by_heads if fast.enabled() else equations.attend_by_heads
        output = attend_by_heads(x, self.w_q, self.w_k, self.w_v, self.w_o, self.num_heads, mask)
        output = mask_padding(output, mask)
        if not return_attention:
            return output
        queries, keys = (equations.project_heads(x, kernel, self.num_heads) for kernel in (self.w_q, self.w_k))
        attention = equations.correlate(queries, keys, mask)
        if mask is not None:
            attention = tf.where(mask[:, tf.newaxis, :, tf.newaxis], attention, tf.zeros([], attention.dtype))
        return output, attention
