"""Multi-head self-attention (paper, section 3.2)."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_logits, mask_padding
from drl4ser.layers.projection import project


@keras.saving.register_keras_serializable(package="drl4ser")
class MultiHeadSelfAttention(keras.layers.Layer):
    """Lets every step of a sequence look at all real steps.

    Implements Eqs. (2) and (3): head_i = softmax(Q_i K_i^T / sqrt(D / heads)) V_i with Q = x W^Q, K = x W^K,
    V = x W^V cut into heads, and their concatenation times W^O. No biases. The residual x + MHSA(x) is
    added by the caller.

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
    """

    def __init__(self, num_heads=4, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if num_heads < 1:
            raise ValueError(f"`num_heads` must be at least 1. Received: num_heads={num_heads}")
        self.num_heads = num_heads

    def build(self, input_shape):
        """Creates the four [D, D] projections."""
        dim = input_shape[-1]
        if dim % self.num_heads:
            raise ValueError(
                f"The last axis must be a multiple of `num_heads`. Received: {dim} features, "
                f"num_heads={self.num_heads}"
            )
        self.w_q = self.add_weight(name="w_q", shape=(dim, dim), initializer="glorot_uniform")
        self.w_k = self.add_weight(name="w_k", shape=(dim, dim), initializer="glorot_uniform")
        self.w_v = self.add_weight(name="w_v", shape=(dim, dim), initializer="glorot_uniform")
        self.w_o = self.add_weight(name="w_o", shape=(dim, dim), initializer="glorot_uniform")

    def call(self, x, mask=None, return_attention=False):
        """See the class."""
        x = mask_padding(x, mask)
        # Scaling the weights instead of the scores: D * D products instead of T * T.
        scale = (x.shape[-1] // self.num_heads) ** -0.5
        queries, keys, values = (self._split_heads(project(x, w)) for w in (self.w_q * scale, self.w_k, self.w_v))
        attention = self._attend(queries, keys, mask)
        heads = tf.transpose(tf.cast(attention, x.dtype) @ values, [0, 2, 1, 3])
        output = mask_padding(project(tf.reshape(heads, tf.shape(x)), self.w_o), mask)
        if not return_attention:
            return output
        if mask is not None:
            attention = tf.where(mask[:, tf.newaxis, :, tf.newaxis], attention, 0.0)
        return output, attention

    def _attend(self, queries, keys, mask):
        """Eq. (2) without V: [B, heads, T, T] float32, whatever the policy."""
        scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), "float32")
        mask = None if mask is None else mask[:, tf.newaxis, tf.newaxis, :]
        return tf.nn.softmax(mask_logits(scores, mask))

    def _split_heads(self, x):
        shape = tf.shape(x)
        x = tf.reshape(x, [shape[0], shape[1], self.num_heads, x.shape[-1] // self.num_heads])
        return tf.transpose(x, [0, 2, 1, 3])

    def compute_mask(self, inputs, previous_mask=None):
        """As the input's."""
        return previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "num_heads": self.num_heads}
