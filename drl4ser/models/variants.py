"""Ablations, which are not systems of the paper: each is S3 but for what its entry of `VARIANTS` says.

They have S3's sizes: their parameters are not balanced. `make ablation` trains them and compares S3 with each.
"""

import dataclasses

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import GCALSTM, MaxPooling, SkipGCALSTM
from drl4ser.models.assembly import assemble, scale_width
from drl4ser.models.rlc import STRIDES, learn_features


@dataclasses.dataclass(frozen=True)
class Variant:
    """Differences to S3; the defaults are S3's.

    Attributes:
        attention: whether the residual blocks have self-attention.
        strides: of the five groups.
        aggregator: what makes one vector of the features of all steps, a name in `_AGGREGATORS`.
        gate_normalization: of GCA-LSTM, Eq. (10).
    """

    attention: bool = True
    strides: tuple[int, ...] = STRIDES
    aggregator: str = "gca_lstm"
    gate_normalization: str = "minmax"


_STEPS_OF_40_MS = (2, 2, 2, 1, 1)
VARIANTS = {
    # The convolutions and the maximum over time, without and with self-attention, with longer and shorter steps.
    "trunk_max": Variant(attention=False, aggregator="max"),
    "trunk_attention_max": Variant(aggregator="max"),
    "trunk_max_40ms": Variant(attention=False, aggregator="max", strides=_STEPS_OF_40_MS),
    # S3 whose classifier gets the maximum of the features beside the memory: [F(I); max].
    "gca_and_max": Variant(aggregator="gca_lstm_and_max"),
    # 8-fold in place of 32-fold down-sampling.
    "gca_40ms": Variant(strides=_STEPS_OF_40_MS),
    # A shortcut with layer normalisation around the first LSTM layer.
    "gca_skip": Variant(aggregator="skip_gca_lstm"),
    # Eq. (10) without the min-max.
    "gca_softmax": Variant(gate_normalization="softmax"),
}


def build_variant(config: ModelConfig) -> keras.Model:
    """The ablation `config.system`."""
    variant = VARIANTS[config.system]

    def encode(scaled, llds, mask):
        x, mask = learn_features(scaled, llds, mask, variant.attention, variant.strides)
        return _AGGREGATORS[variant.aggregator](scaled, x, mask)

    return assemble(dataclasses.replace(scale_width(config), gate_normalization=variant.gate_normalization), encode)


def _remember(config, x, mask, layer=GCALSTM):
    return layer(config.units, config.iterations, config.gate_normalization, name="gca_lstm")(x, mask=mask)


def _remember_and_pool(config, x, mask):
    pooled = MaxPooling(name="features_max")(x, mask=mask)
    return keras.layers.Concatenate(name="memory_and_max")([_remember(config, x, mask), pooled])


_AGGREGATORS = {
    "gca_lstm": _remember,
    "skip_gca_lstm": lambda config, x, mask: _remember(config, x, mask, SkipGCALSTM),
    "gca_lstm_and_max": _remember_and_pool,
    "max": lambda config, x, mask: MaxPooling(name="max_pooling")(x, mask=mask),
}
