"""The systems that Table 1 compares the proposed one with, all on the same LLDs and words.

"The numbers of filters/units of convolution/dense layers in comparisons are balanced to ensure the parameters
consistency": each is widened by one number, see `units`, until the acoustic+lexical system has S3's size.
"""

import dataclasses

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import (
    AttentionPooling,
    BatchNormalization,
    BidirectionalLSTM,
    DownsampleMask,
    Dropout,
    FrameDense,
    Functionals,
    MeanPooling,
    PooledConv,
    StackedLSTM,
    wide_policy,
)
from drl4ser.models.assembly import Branch, assemble, encode_words, scale_width
from drl4ser.models.units import balanced_units

# The two convolutions of Poria et al. (2016) for each modality: their kernels, stride and pooling of the first.
# Frames of 5 ms become steps of 40 ms, of which the second kernel covers three; words become pairs.
CNN_LAYERS = {"acoustic": ((10, 3), 2, 4), "lexical": ((3, 2), 1, 2)}

# The layers of `build_poria_cnn` that give what multiple kernel learning classifies, by modality.
FEATURE_LAYERS = {"acoustic": "acoustic_features", "lexical": "lexical_features"}


def build_xia_dnn(config: ModelConfig) -> keras.Model:
    """Xia & Liu (2017): functionals of the LLDs and the mean word vector to three dense layers."""
    units = balanced_units(config)

    def describe(scaled, llds, mask):
        functionals = Functionals(name="functionals")(llds, mask=mask)
        # Positions count frames and slopes are per frame: each functional becomes a z-score.
        return BatchNormalization(
            momentum=0.9, center=False, scale=False, dtype=wide_policy(), name="functionals_norm"
        )(functionals, mask=keras.ops.any(mask, axis=1))

    def read(scaled, words, mask):
        return MeanPooling(name="mean_word")(words, mask=mask)

    return _assemble(config, (units, units, units), describe, read)


def build_poria_lstm(config: ModelConfig) -> keras.Model:
    """Poria et al. (2017): one LSTM layer over the frames, one dense layer; no context across utterances."""
    units = balanced_units(config)

    def encode(scaled, llds, mask):
        return StackedLSTM(units, name="lstm")(llds, mask=mask)

    return _assemble(config, scale_width(config).dense_units[:1], encode)


def build_mirsamadi_attention(config: ModelConfig) -> keras.Model:
    """Mirsamadi et al. (2017): dense layers on each frame, a bidirectional LSTM, pooling with local attention."""
    units = balanced_units(config)

    def encode(scaled, llds, mask):
        x = FrameDense(4 * units, name="frame_dense_1")(llds, mask=mask)
        x = Dropout(scaled.dropout, name="frame_dropout")(x)
        x = FrameDense(4 * units, name="frame_dense_2")(x, mask=mask)
        x = BidirectionalLSTM(units, name="bidirectional_lstm")(x, mask=mask)
        return AttentionPooling(name="attention_pooling")(x, mask=mask)

    return _assemble(config, (), encode)


def build_poria_cnn(config: ModelConfig, acoustic_pool_size: int = CNN_LAYERS["acoustic"][2]) -> keras.Model:
    """Poria et al. (2016): a convolutional network for each modality, trained with softmax.

    Multiple kernel learning then classifies its `kernel_features`.

    Args:
        config: the system's.
        acoustic_pool_size: steps of 10 ms that become one; other than `CNN_LAYERS` has it for ablations.
    """
    units = balanced_units(config)

    def encode(modality, sizes, x, mask):
        kernels, strides, pool_size = CNN_LAYERS[modality]
        if modality == "acoustic":
            pool_size = acoustic_pool_size
        first = PooledConv(sizes[0], kernels[0], strides, pool_size, name=f"{modality}_conv_1")
        x = first(x, mask=mask)
        mask = DownsampleMask(strides * pool_size, name=f"{modality}_mask")(mask)
        x = PooledConv(sizes[1], kernels[1], name=f"{modality}_conv_2")(x, mask=mask)
        return keras.layers.Dense(sizes[2], activation="relu", name=FEATURE_LAYERS[modality])(x)

    def hear(scaled, llds, mask):
        return encode("acoustic", (units, 2 * units, 10 * units), llds, mask)

    def read(scaled, words, mask):
        return encode("lexical", (scaled.lexical_units,) * 3, words, mask)

    return _assemble(config, (), hear, read)


def kernel_features(model: keras.Model) -> keras.Model:
    """The part of `build_poria_cnn`'s model below its softmax, from the same inputs to {modality: features [B, D]}."""
    names = {layer.name for layer in model.layers}
    layers = {modality: name for modality, name in FEATURE_LAYERS.items() if name in names}
    return keras.Model(model.inputs, {modality: model.get_layer(name).output for modality, name in layers.items()})


def _assemble(config: ModelConfig, dense_units: tuple[int, ...], acoustic: Branch, lexical: Branch = encode_words):
    """The branches with the system's own dense layers before the softmax."""
    return assemble(dataclasses.replace(scale_width(config), dense_units=dense_units), acoustic, lexical)
