"""Multi-head self-attention (paper, section 3.2)."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.projection import project


def correlate(queries, keys, mask):
    """The correlation matrix of Eq. (2), softmax(Q K^T), the scale being in Q already.

    Args:
        queries: [B, heads, T, size], finite.
        keys: [B, heads, T, size], finite.
        mask: [B, T] boolean, True = real, or None.

    Returns:
        [B, heads, T, T] float32 whatever the policy; padded keys have weight zero.
    """
    scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), "float32")
    if mask is not None:
        # Added and not selected: no pass over the T * T gradients. Finite: no NaN where no key is real.
        scores += tf.where(mask, 0.0, -1e30)[:, tf.newaxis, tf.newaxis, :]
    return tf.nn.softmax(scores)


def attend(queries, keys, values, mask):
    """Eq. (2), the scale being in Q already: [B, heads, T, size].

    The gradient is written out: of T * T numbers it keeps the softmax only, and the sum in the softmax's gradient,
    sum_s P_ts dP_ts, is the much shorter sum over a head's features of dO_t O_t.
    """

    @tf.custom_gradient
    def compute(queries, keys, values):
        weights = tf.cast(correlate(queries, keys, mask), values.dtype)
        output = weights @ values

        def gradient(d_output):
            d_values = tf.matmul(weights, d_output, transpose_a=True)
            d_weights = tf.matmul(d_output, values, transpose_b=True)
            d_scores = weights * (d_weights - tf.reduce_sum(d_output * output, axis=-1, keepdims=True))
            return d_scores @ keys, tf.matmul(d_scores, queries, transpose_a=True), d_values

        return output, gradient

    return compute(queries, keys, values)


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
                f"The last axis must be a multiple of `num_heads`. Received: {dim} features, num_heads={self.num_heads}"
            )
        self.w_q = self.add_weight(name="w_q", shape=(dim, dim), initializer="glorot_uniform")
        self.w_k = self.add_weight(name="w_k", shape=(dim, dim), initializer="glorot_uniform")
        self.w_v = self.add_weight(name="w_v", shape=(dim, dim), initializer="glorot_uniform")
        self.w_o = self.add_weight(name="w_o", shape=(dim, dim), initializer="glorot_uniform")

    def call(self, x, mask=None, return_attention=False):
        """See the class."""
        x = mask_padding(x, mask)
        # The scale goes to the weights, D * D products, instead of the scores, T * T.
        scale = (x.shape[-1] // self.num_heads) ** -0.5
        kernels = self.w_q * scale, self.w_k, self.w_v
        queries, keys, values = (self._split_heads(project(x, kernel), tf.shape(x)) for kernel in kernels)
        heads = tf.transpose(attend(queries, keys, values, mask), [0, 2, 1, 3])
        output = mask_padding(project(tf.reshape(heads, tf.shape(x)), self.w_o), mask)
        if not return_attention:
            return output
        attention = correlate(queries, keys, mask)
        if mask is not None:
            attention = tf.where(mask[:, tf.newaxis, :, tf.newaxis], attention, 0.0)
        return output, attention

    def _split_heads(self, projected, shape):
        """[B, T, D] -> [B, heads, T, D / heads].

        B and T come from the layer's input: tf2onnx mistakes the shape of `project`'s reshaped product.
        """
        size = projected.shape[-1] // self.num_heads
        split = tf.reshape(projected, [shape[0], shape[1], self.num_heads, size])
        return tf.transpose(split, [0, 2, 1, 3])

    def compute_mask(self, inputs, previous_mask=None):
        """As the input's."""
        return previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "num_heads": self.num_heads}
