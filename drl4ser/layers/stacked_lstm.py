"""Stacked LSTM layers that give the last real hidden state (Poria et al., 2017; the RNN of Baseline, S1 and S2)."""

import keras

from drl4ser.layers.recurrence import encode_sequence


@keras.saving.register_keras_serializable(package="drl4ser")
class StackedLSTM(keras.layers.Layer):
    """Encodes a sequence into the hidden state that the last of its LSTM layers has at the last real step.

    Implements Eqs. (4)-(8), for the layer of the lexical branch (paper, section 3.4) and for the stacked layers that
    GCA-LSTM replaces. Padding is skipped; a sequence without any real step gives zeros.

    Args:
        units: size of every layer.
        num_layers: LSTM layers, each reading all hidden states of the one below.

    Call arguments:
        x: [B, T, D].
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        [B, units].
    """

    def __init__(self, units, num_layers=1, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be at least 1. Received: num_layers={num_layers}")
        self.units = units
        self.num_layers = num_layers
        self.lstms = [
            keras.layers.LSTM(
                units, return_sequences=True, return_state=True, name=f"lstm_{i + 1}", dtype=self.dtype_policy
            )
            for i in range(num_layers)
        ]

    def build(self, input_shape):
        """Builds the layers."""
        for lstm in self.lstms:
            lstm.build(input_shape)
            input_shape = (None, None, self.units)

    def call(self, x, mask=None):
        """See the class."""
        return encode_sequence(self.lstms, x, mask)[1]

    def compute_mask(self, inputs, previous_mask=None):
        """None: the output has no time axis."""
        return None

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units, "num_layers": self.num_layers}
