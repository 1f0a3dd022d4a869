"""The systems of Table 2: a stacked LSTM, then convolutional groups, self-attention and GCA-LSTM added one by one."""

from collections.abc import Sequence

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import GCALSTM, DownsampleMask, Dropout, ResidualConvGroup, StackedLSTM
from drl4ser.models.assembly import assemble, scale_width
from drl4ser.models.units import balanced_units

ATTENTION_SYSTEMS = ("s2", "s3")
STRIDES = (2, 2, 2, 2, 2)  # of the five groups: frames of 5 ms become steps of 160 ms


def build_baseline(config: ModelConfig) -> keras.Model:
    """Two LSTM layers straight on the LLDs (Poria et al., 2017, no context across utterances)."""

    def encode(scaled, llds, mask):
        return _stacked_lstm(config)(llds, mask=mask)

    return assemble(scale_width(config), encode)


def build_rlc(config: ModelConfig) -> keras.Model:
    """The system `config.system`: S1 (convolutions, stacked LSTM), S2 (with attention) or S3 (with GCA-LSTM)."""

    def encode(scaled, llds, mask):
        x, mask = learn_features(scaled, llds, mask, config.system in ATTENTION_SYSTEMS)
        if config.system == "s3":
            encoder = GCALSTM(scaled.units, scaled.iterations, scaled.gate_normalization, name="gca_lstm")
        else:
            encoder = _stacked_lstm(config)
        return encoder(x, mask=mask)

    return assemble(scale_width(config), encode)


def learn_features(
    config: ModelConfig,
    llds: keras.KerasTensor,
    mask: keras.KerasTensor,
    attention: bool = False,
    strides: Sequence[int] = STRIDES,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The five groups of Figure 2, frames of 5 ms to suprasegmental features of 160 ms, or as many as have filters.

    Args:
        config: kernel sizes and filters of the groups.
        llds: [B, T, lld_dim].
        mask: [B, T] boolean.
        attention: whether the blocks of groups 2 to 5 have self-attention, Figure 2(b).
        strides: of the groups, 1 or 2; other than the paper's for ablations.

    Returns:
        Features [B, N, filters of the last group], at least 0, and their mask [B, N], N = ceil(T / product of strides).
    """
    x = llds
    sizes = zip(config.kernel_sizes, config.filters, strides[: len(config.filters)], strict=True)
    for i, (kernel_size, filters, stride) in enumerate(sizes, start=1):
        group = ResidualConvGroup(
            filters,
            kernel_size,
            num_blocks=0 if i == 1 else 2,
            num_heads=config.num_heads if attention and i > 1 else None,
            dropout=config.dropout,
            strides=stride,
            name=f"group_{i}",
        )
        x = group(x, mask=mask)
        mask = DownsampleMask(stride, name=f"mask_{i}")(mask)
    return Dropout(config.dropout, name="features_dropout")(x), mask


def _stacked_lstm(config: ModelConfig) -> StackedLSTM:
    return StackedLSTM(balanced_units(config), num_layers=2, name="stacked_lstm")
