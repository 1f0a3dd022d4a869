"""Padded batches: their masks, the few operations that must respect them, and the base of the layers that do.

Every mask is boolean [B, T], True = real. Masks travel as explicit arguments because Keras 3's Conv1D drops
implicit ones. Values are chosen with `tf.where`, never multiplied by the mask: 0 * NaN is NaN.
"""

from typing import Any

import keras
import tensorflow as tf


def mask_padding(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """`x` with zeros in the padding.

    Args:
        x: [B, T] or [B, T, D], any floating type; the padding may hold anything, NaN included.
        mask: [B, T] boolean, True = real; None leaves `x` as it is.

    Returns:
        As `x`. The gradient with respect to the padding is zero.

    Example:
        >>> mask_padding(tf.constant([[1.0, float("nan")]]), tf.constant([[True, False]])).numpy().tolist()
        [[1.0, 0.0]]
    """
    if mask is None:
        return x
    mask = mask if len(x.shape) == 2 else mask[:, :, tf.newaxis]
    return tf.where(mask, x, tf.zeros([], x.dtype))


def downsample_mask(mask: tf.Tensor | None, factor: int = 2) -> tf.Tensor | None:
    """The mask after a convolution of stride `factor`, or after pooling over windows of `factor` steps.

    Output step n is real when it is centred on a real frame: for a stride of 2, n < ceil(num_frames / 2).

    Args:
        mask: [B, T] boolean, or None.
        factor: steps that become one.

    Returns:
        [B, ceil(T / factor)] boolean, or None.

    Example:
        >>> downsample_mask(tf.constant([[True, True, True, False, False]])).numpy().tolist()
        [[True, True, False]]
    """
    return mask if mask is None or factor == 1 else mask[:, ::factor]


def mask_logits(logits: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """`logits` with the lowest finite float in the padding, so that a softmax gives it weight zero.

    Finite, so that a row without any real step becomes uniform instead of NaN.
    """
    return logits if mask is None else tf.where(mask, logits, logits.dtype.min)


def project(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """x W for every step: [B, T, D] and [D, E] -> [B, T, E].

    Written as one product of two matrices. `x @ kernel` is a batch of small ones, whose gradient makes a [D, E]
    matrix for each utterance before it adds them up.
    """
    if len(x.shape) == 2:
        return x @ kernel
    shape = tf.shape(x)
    flat = tf.reshape(x, [-1, x.shape[-1]]) @ kernel
    return tf.reshape(flat, [shape[0], shape[1], kernel.shape[-1]])


def wide_type(dtype: Any) -> str:
    """The type of sums and exponentials where products are of type `dtype`: float32, or float64 for float64."""
    return "float64" if dtype == "float64" else "float32"


def wide_policy(dtype: Any = None) -> str:
    """The `wide_type` of a Keras policy, by default of the global one: for layers that must not compute in bfloat16."""
    return wide_type(keras.dtype_policies.get(dtype or keras.config.dtype_policy()).compute_dtype)


def widen(x: tf.Tensor) -> tf.Tensor:
    """`x` in its `wide_type`."""
    return tf.cast(x, wide_type(x.dtype))


class SequenceLayer(keras.layers.Layer):
    """Base of the layers of padded sequences: configuration and mask of the output.

    Attributes:
        arguments: names of the constructor's arguments, each stored under its own name.
        steps_per_output: input steps that become one output step; None if the output has no time axis.
    """

    arguments: tuple[str, ...] = ()
    steps_per_output: int | None = 1

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.input_spec = keras.InputSpec(ndim=3)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape of the output, which `keras.layers.TimeDistributed` asks for. Builds the layer."""
        if not self.built:
            self.build(input_shape)
        return self.compute_output_spec(keras.KerasTensor(input_shape, self.compute_dtype)).shape

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and types of the outputs, from a trace of `call`; `keras.layers.Layer` would take only one."""
        return keras.Operation.compute_output_spec(self, *args, **kwargs)

    def compute_mask(self, inputs: tf.Tensor, previous_mask: tf.Tensor | None = None) -> tf.Tensor | None:
        """The mask of the output, None where the output has no time axis."""
        return downsample_mask(previous_mask, self.steps_per_output) if self.steps_per_output else None

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self.arguments}}

    def spec(self, *shape: int | None, wide: bool = False) -> keras.KerasTensor:
        """A tensor of this shape in the layer's type, or its `wide_type`, for `compute_output_spec`.

        Layers with many operations compute it themselves. Without that Keras traces their `call`, which takes two
        thirds of the time to build S3.
        """
        return keras.KerasTensor(shape, dtype=wide_type(self.compute_dtype) if wide else self.compute_dtype)


@keras.saving.register_keras_serializable(package="drl4ser")
class SequenceMask(keras.layers.Layer):
    """Makes the mask of a padded batch from the lengths of its sequences.

    Call arguments:
        lengths: [B] integer, real steps of each sequence.
        x: [B, T, D], the padded batch; only T is used.

    Returns:
        [B, T] boolean, True = real.
    """

    def call(self, lengths: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return tf.sequence_mask(lengths, tf.shape(x)[1])

    def compute_output_shape(self, lengths_shape: tuple[Any, ...], x_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """[B, T]."""
        return (lengths_shape[0], x_shape[1])

    def compute_output_spec(self, lengths: tf.Tensor, x: tf.Tensor) -> keras.KerasTensor:
        """A boolean tensor, which Keras cannot tell from the shape alone."""
        return keras.KerasTensor(self.compute_output_shape(lengths.shape, x.shape), dtype="bool")


@keras.saving.register_keras_serializable(package="drl4ser")
class DownsampleMask(keras.layers.Layer):
    """`downsample_mask` as a layer, for functional models.

    Args:
        factor: steps that become one.

    Call arguments:
        mask: [B, T] boolean, True = real.

    Returns:
        [B, ceil(T / factor)] boolean.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, mask: tf.Tensor | None) -> tf.Tensor:
        """See the class."""
        return downsample_mask(mask, self.factor)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "factor": self.factor}
