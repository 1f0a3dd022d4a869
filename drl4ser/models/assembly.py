"""What all systems share: the inputs, the lexical branch and the classifier around an acoustic branch."""

import dataclasses
from collections.abc import Callable

import keras

from drl4ser.config import ModelConfig
from drl4ser.layers import Dropout, SequenceMask, StackedLSTM, wide_policy

# From the configuration, LLDs or words [B, T, D] and their mask [B, T] to the utterance's representation [B, E].
Branch = Callable[[ModelConfig, keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def scale_width(config: ModelConfig) -> ModelConfig:
    """The configuration with `width` worked into every layer size, and so with width 1.

    Sizes stay positive, and filters multiples of `num_heads`.
    """

    def scale(size: int, multiple: int = 1) -> int:
        return max(1, round(size * config.width / multiple)) * multiple

    return dataclasses.replace(
        config,
        width=1.0,
        filters=tuple(scale(filters, config.num_heads) for filters in config.filters),
        units=scale(config.units),
        lexical_units=scale(config.lexical_units),
        dense_units=tuple(scale(units) for units in config.dense_units),
    )


def encode_words(config: ModelConfig, words: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """The lexical branch (paper, section 3.4): the last real hidden state of an LSTM, [B, lexical_units]."""
    return StackedLSTM(config.lexical_units, name="lexical_lstm")(words, mask=mask)


def assemble(config: ModelConfig, acoustic_branch: Branch, lexical_branch: Branch = encode_words) -> keras.Model:
    """A functional model of the branches that `config.modality` asks for, and the classifier on top.

    Args:
        config: sizes of the layers; `width` must have been worked in.
        acoustic_branch: makes the acoustic representation.
        lexical_branch: makes the lexical representation.

    Returns:
        A model that takes {"llds", "num_frames", "words", "num_words"}, of which it uses those of its modality, to
        logits [B, num_classes].
    """
    inputs, representations = [], []
    if "acoustic" in config.modality:
        llds = keras.Input((None, config.lld_dim), name="llds")
        num_frames = keras.Input((), dtype="int32", name="num_frames")
        inputs += [llds, num_frames]
        mask = SequenceMask(name="frame_mask")(num_frames, llds)
        representations.append(acoustic_branch(config, llds, mask))
    if "lexical" in config.modality:
        words = keras.Input((None, config.word_dim), name="words")
        num_words = keras.Input((), dtype="int32", name="num_words")
        inputs += [words, num_words]
        mask = SequenceMask(name="word_mask")(num_words, words)
        representations.append(lexical_branch(config, words, mask))
    x = representations[0]
    if len(representations) > 1:
        x = keras.layers.Concatenate(name="fusion")(representations)
    # Inputs as a list: given a dictionary, Keras picks them by name and does not mind additional keys.
    return keras.Model(inputs, classify(config, x), name=config.system)


def find_representations(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """Find what the classifier of a model gets, [B, E] by modality, in the order in which it gets it.

    For S3 "acoustic" is F(I), the global memory after the last iteration. The dense layers of Xia & Liu (2017) are no
    classifier of a representation but the network itself: theirs is the output of the last one, of both modalities
    together.

    Example:
        >>> from drl4ser.models import build_model
        >>> found = find_representations(build_model("s3", modality="acoustic+lexical"))
        >>> {modality: tensor.shape for modality, tensor in found.items()}
        {'acoustic': (None, 256), 'lexical': (None, 256)}
    """
    kinds = {"llds": "acoustic", "words": "lexical"}
    modalities = [kinds[item.name] for item in model.inputs if item.name in kinds]
    if model.name == "xia_dnn":
        return {"+".join(modalities): model.get_layer("logits").input}
    if len(modalities) > 1:
        return dict(zip(modalities, model.get_layer("fusion").input, strict=True))
    return {modalities[0]: model.get_layer("classifier_dropout_1").input}


def classify(config: ModelConfig, x: keras.KerasTensor) -> keras.KerasTensor:
    """The emotion classifier: Dense(256, ReLU), Dense(256, ReLU), Dense(num_classes); [B, D] -> logits [B, C]."""
    for i, units in enumerate(config.dense_units, start=1):
        x = Dropout(config.dropout, name=f"classifier_dropout_{i}")(x)
        x = keras.layers.Dense(units, activation="relu", name=f"classifier_{i}")(x)
    last = len(config.dense_units) + 1
    x = Dropout(config.dropout, name=f"classifier_dropout_{last}")(x)
    # Logits in float32 at least: the cross-entropy's softmax needs it.
    return keras.layers.Dense(config.num_classes, name="logits", dtype=wide_policy())(x)
