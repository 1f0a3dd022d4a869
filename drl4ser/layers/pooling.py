"""From a sequence to one vector, over the real steps only."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_logits, mask_padding
from drl4ser.layers.projection import project


@keras.saving.register_keras_serializable(package="drl4ser")
class MeanPooling(keras.layers.Layer):
    """The mean of the real steps, computed in float32; zeros for an utterance without any.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.

    Returns:
        [B, D].
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, mask=None):
        """See the class."""
        total = tf.reduce_sum(tf.cast(mask_padding(x, mask), "float32"), axis=1)
        real = tf.ones(tf.shape(x)[:2], "bool") if mask is None else mask
        count = tf.reduce_sum(tf.cast(real, "float32"), axis=1, keepdims=True)
        return tf.cast(total / tf.maximum(count, 1.0), x.dtype)

    def compute_mask(self, inputs, previous_mask=None):
        """None: the output has no time axis."""
        return None


@keras.saving.register_keras_serializable(package="drl4ser")
class AttentionPooling(keras.layers.Layer):
    """The mean of the steps weighted by their relevance, the local attention of Mirsamadi et al. (2017).

    alpha_t = softmax_t(u . y_t) over the real steps, z = sum over t of alpha_t y_t. Padding has weight zero; an
    utterance without any real step gives zeros.

    Call arguments:
        y: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.
        return_attention: whether to return the weights as well.

    Returns:
        [B, D]; with `return_attention` a pair, the second [B, T] float32 in [0, 1], 1 in sum over the real steps.

    References:
        - [Mirsamadi et al., 2017](https://doi.org/10.1109/ICASSP.2017.7952552)
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        """Creates the vector u."""
        self.u = self.add_weight(name="u", shape=(input_shape[-1], 1), initializer="glorot_uniform")

    def call(self, y, mask=None, return_attention=False):
        """See the class."""
        y = mask_padding(y, mask)
        scores = tf.cast(tf.squeeze(project(y, tf.convert_to_tensor(self.u)), axis=-1), "float32")
        alpha = mask_padding(tf.nn.softmax(mask_logits(scores, mask)), mask)
        pooled = tf.squeeze(tf.cast(alpha, y.dtype)[:, tf.newaxis] @ y, axis=1)
        return (pooled, alpha) if return_attention else pooled

    def compute_mask(self, inputs, previous_mask=None):
        """None: the output has no time axis."""
        return None
