"""The same dense layer on every step of a padded sequence."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.projection import project


@keras.saving.register_keras_serializable(package="drl4ser")
class FrameDense(keras.layers.Layer):
    """ReLU(x_t W + b) for every real step. `keras.layers.Dense` would learn from what stands in the padding.

    Args:
        units: output features.

    Call arguments:
        x: [B, T, D]; the padding may hold anything and comes out as zeros.
        mask: [B, T] boolean, True = real; None if all are.

    Returns:
        [B, T, units], at least 0.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = units

    def build(self, input_shape):
        """Creates W and b."""
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x, mask=None):
        """See the class."""
        y = project(mask_padding(x, mask), tf.convert_to_tensor(self.kernel)) + self.bias
        return mask_padding(tf.nn.relu(y), mask)

    def compute_mask(self, inputs, previous_mask=None):
        """As the input's."""
        return previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units}
