"""The baseline of Table 2: a stacked LSTM straight on the LLDs (Poria et al., 2017, no context across utterances)."""

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import StackedLSTM
from drl4ser.models.assembly import assemble, scale_width
from drl4ser.models.parameter_balance import balanced_units


def build_baseline(config: ModelConfig) -> keras.Model:
    """Two LSTM layers over the frames; the last real hidden state goes to the classifier."""
    units = balanced_units(config)

    def encode(scaled, llds, mask):
        return StackedLSTM(units, num_layers=2, name="stacked_lstm")(llds, mask=mask)

    return assemble(scale_width(config), encode)
