"""Which steps of a padded batch are real: masks, and the few operations that must respect them.

Every mask is boolean [B, T], True = real. Masks travel as explicit arguments because Keras 3's Conv1D drops
implicit ones. Values are chosen with `tf.where`, never multiplied by the mask: 0 * NaN is NaN.
"""

import keras
import tensorflow as tf


def mask_padding(x, mask):
    """`x` with zeros in the padding.

    Args:
        x: [B, T] or [B, T, D], any floating type; the padding may hold anything, NaN included.
        mask: [B, T] boolean, True = real; None leaves `x` as it is.

    Returns:
        As `x`. The gradient with respect to the padding is zero.
    """
    if mask is None:
        return x
    mask = mask if len(x.shape) == 2 else mask[:, :, tf.newaxis]
    return tf.where(mask, x, tf.zeros([], x.dtype))


def downsample_mask(mask, factor=2):
    """The mask after a convolution of stride 2 whose output has ceil(T / 2) steps, or pooling by another `factor`.

    Output step n is real when it is centred on a real frame, 2 n < num_frames, which is n < ceil(num_frames / 2).
    """
    return None if mask is None else mask[:, ::factor]


def mask_logits(logits, mask):
    """`logits` with the lowest finite float in the padding, so that a softmax gives it weight zero.

    Finite, so that a row without any real step becomes uniform instead of NaN.
    """
    return logits if mask is None else tf.where(mask, logits, logits.dtype.min)


@keras.saving.register_keras_serializable(package="drl4ser")
class SequenceMask(keras.layers.Layer):
    """Makes the mask of a padded batch from the lengths of its sequences.

    Call arguments:
        lengths: [B] integer, real steps of each sequence.
        x: [B, T, D], the padded batch; only T is used.

    Returns:
        [B, T] boolean, True = real.
    """

    def call(self, lengths, x):
        """See the class."""
        return tf.sequence_mask(lengths, tf.shape(x)[1])

    def compute_output_shape(self, lengths_shape, x_shape):
        """[B, T]."""
        return (lengths_shape[0], x_shape[1])

    def compute_output_spec(self, lengths, x):
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

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, mask):
        """See the class."""
        return downsample_mask(mask, self.factor)

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "factor": self.factor}
