"""The systems of Table 2: a stacked LSTM, then convolutional groups, self-attention and GCA-LSTM added one by one."""

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import GCALSTM, DownsampleMask, Dropout, ResidualConvGroup, StackedLSTM
from drl4ser.models.assembly import assemble, scale_width
from drl4ser.models.units import balanced_units

ATTENTION_SYSTEMS = ("s2", "s3")


def build_baseline(config: ModelConfig) -> keras.Model:
    """Two LSTM layers straight on the LLDs (Poria et al., 2017, no context across utterances)."""

    def encode(scaled, llds, mask):
        return _stacked_lstm(config)(llds, mask=mask)

    return assemble(scale_width(config), encode)


def build_rlc(config: ModelConfig) -> keras.Model:
    """The system `config.system`: S1 (convolutions, stacked LSTM), S2 (with attention) or S3 (with GCA-LSTM)."""

    def encode(scaled, llds, mask):
        x, mask = learn_features(scaled, llds, mask)
        if config.system == "s3":
            encoder = GCALSTM(scaled.units, scaled.iterations, scaled.gate_normalization, name="gca_lstm")
        else:
            encoder = _stacked_lstm(config)
        return encoder(x, mask=mask)

    return assemble(scale_width(config), encode)


def learn_features(config: ModelConfig, llds: keras.KerasTensor, mask: keras.KerasTensor):
    """The five groups of Figure 2: frames of 5 ms to suprasegmental features of 160 ms.

    Args:
        config: kernel sizes and filters of the groups.
        llds: [B, T, lld_dim].
        mask: [B, T] boolean.

    Returns:
        Features [B, N, filters of the last group] and their mask [B, N], N = ceil(T / 32).
    """
    num_heads = config.num_heads if config.system in ATTENTION_SYSTEMS else None
    x = llds
    for i, (kernel_size, filters) in enumerate(zip(config.kernel_sizes, config.filters, strict=True), start=1):
        group = ResidualConvGroup(
            filters,
            kernel_size,
            num_blocks=0 if i == 1 else 2,
            num_heads=None if i == 1 else num_heads,
            dropout=config.dropout,
            name=f"group_{i}",
        )
        x = group(x, mask=mask)
        mask = DownsampleMask(name=f"mask_{i}")(mask)
    return Dropout(config.dropout, name="features_dropout")(x), mask


def _stacked_lstm(config: ModelConfig) -> StackedLSTM:
    return StackedLSTM(balanced_units(config), num_layers=2, name="stacked_lstm")
