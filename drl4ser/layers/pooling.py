"""Dense layers on every step and pooling of a sequence to one vector, over the real steps only."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers.equations import softmax_steps
from drl4ser.layers.masking import SequenceLayer, mask_padding, project, wide_type, widen


@keras.saving.register_keras_serializable(package="drl4ser")
class FrameDense(SequenceLayer):
    """ReLU(x_t W + b) for every real step. `keras.layers.Dense` would learn from what stands in the padding.

    Args:
        units: output features.

    Call arguments:
        x: [B, T, D]; the padding may hold anything and comes out as zeros.
        mask: [B, T] boolean, True = real; None if all are.

    Returns:
        [B, T, units], at least 0.
    """

    arguments = ("units",)

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates W and b."""
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        y = project(mask_padding(x, mask), tf.convert_to_tensor(self.kernel)) + self.bias
        return mask_padding(tf.nn.relu(y), mask)


@keras.saving.register_keras_serializable(package="drl4ser")
class MeanPooling(SequenceLayer):
    """The mean of the real steps, computed in float32 at least; zeros for an utterance without any.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.

    Returns:
        [B, D].

    Example:
        >>> x, mask = tf.constant([[[1.0], [3.0], [9.0]]]), tf.constant([[True, True, False]])
        >>> MeanPooling()(x, mask=mask).numpy().tolist()
        [[2.0]]
    """

    steps_per_output = None

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        total = tf.reduce_sum(widen(mask_padding(x, mask)), axis=1)
        real = tf.ones(tf.shape(x)[:2], "bool") if mask is None else mask
        count = tf.reduce_sum(tf.cast(real, wide_type(x.dtype)), axis=1, keepdims=True)
        return tf.cast(total / tf.maximum(count, 1.0), x.dtype)


@keras.saving.register_keras_serializable(package="drl4ser")
class MaxPooling(SequenceLayer):
    """The maximum over the real steps; zeros for an utterance without any.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.

    Returns:
        [B, D].

    Example:
        >>> x, mask = tf.constant([[[-1.0], [-3.0], [9.0]]]), tf.constant([[True, True, False]])
        >>> MaxPooling()(x, mask=mask).numpy().tolist()
        [[-1.0]]
    """

    steps_per_output = None

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        if mask is None:
            mask = tf.ones(tf.shape(x)[:2], "bool")
        highest = tf.reduce_max(tf.where(mask[:, :, tf.newaxis], x, x.dtype.min), axis=1)
        return tf.where(tf.reduce_any(mask, axis=1, keepdims=True), highest, tf.zeros([], x.dtype))


@keras.saving.register_keras_serializable(package="drl4ser")
class AttentionPooling(SequenceLayer):
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

    steps_per_output = None

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates the vector u."""
        self.u = self.add_weight(name="u", shape=(input_shape[-1], 1), initializer="glorot_uniform")

    def call(
        self, y: tf.Tensor, mask: tf.Tensor | None = None, return_attention: bool = False
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        """See the class."""
        y = mask_padding(y, mask)
        scores = widen(tf.squeeze(project(y, tf.convert_to_tensor(self.u)), axis=-1))
        alpha = softmax_steps(scores, mask)
        pooled = tf.squeeze(tf.cast(alpha, y.dtype)[:, tf.newaxis] @ y, axis=1)
        return (pooled, alpha) if return_attention else pooled
