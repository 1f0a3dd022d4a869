"""A bidirectional LSTM whose backward pass begins at each utterance's last real step."""

import keras
import tensorflow as tf

from drl4ser.layers.masking import mask_padding
from drl4ser.layers.recurrence import encode_sequence


@keras.saving.register_keras_serializable(package="drl4ser")
class BidirectionalLSTM(keras.layers.Layer):
    """One LSTM layer from the first real step to the last and one from the last to the first.

    The real steps are reversed in place for the second, so that the padding stays on the right and neither layer
    ever meets it. Padding comes out as zeros.

    Args:
        units: size of each layer.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        [B, T, 2 units]: for each step the hidden state of the forward and that of the backward layer.

    References:
        - [Schuster and Paliwal, 1997](https://doi.org/10.1109/78.650093)
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = units
        self.forward, self.backward = (
            keras.layers.LSTM(units, return_sequences=True, return_state=True, name=name, dtype=self.dtype_policy)
            for name in ("forward", "backward")
        )

    def build(self, input_shape):
        """Builds both layers."""
        self.forward.build(input_shape)
        self.backward.build(input_shape)

    def call(self, x, mask=None):
        """See the class."""
        real = tf.ones(tf.shape(x)[:2], "bool") if mask is None else mask
        lengths = tf.reduce_sum(tf.cast(real, tf.int32), axis=1)
        forward, _ = encode_sequence([self.forward], x, mask)
        backward, _ = encode_sequence([self.backward], tf.reverse_sequence(x, lengths, seq_axis=1), mask)
        backward = tf.reverse_sequence(backward, lengths, seq_axis=1)
        return mask_padding(tf.concat([forward, backward], axis=-1), mask)

    def compute_mask(self, inputs, previous_mask=None):
        """As the input's."""
        return previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units}
