"""The systems by name. This package is the one place that turns a configuration into layers."""

import functools
from collections.abc import Callable
from typing import Any

from drl4ser.config import ModelConfig
from drl4ser.console import needing

with needing("models"):
    import keras

from drl4ser.models.comparisons import (
    build_mirsamadi_attention,
    build_poria_cnn,
    build_poria_lstm,
    build_xia_dnn,
    kernel_features,
)
from drl4ser.models.rlc import build_baseline, build_rlc
from drl4ser.models.units import balanced_units
from drl4ser.models.variants import VARIANTS, build_variant

# Their classifier is a kernel machine on `kernel_features` in place of the softmax.
KERNEL_SYSTEMS = ("poria_cnn_mkl",)

# Name -> builder that takes a ModelConfig of that system.
SYSTEMS: dict[str, Callable[[ModelConfig], keras.Model]] = {
    "baseline": build_baseline,
    "s1": build_rlc,
    "s2": build_rlc,
    "s3": build_rlc,
    "xia_dnn": build_xia_dnn,
    "poria_cnn_mkl": build_poria_cnn,
    "poria_lstm": build_poria_lstm,
    "mirsamadi_attention": build_mirsamadi_attention,
}

# Systems that the paper does not have, by name as in `SYSTEMS`.
ABLATIONS: dict[str, Callable[[ModelConfig], keras.Model]] = {
    **dict.fromkeys(VARIANTS, build_variant),
    "poria_cnn": build_poria_cnn,  # the softmax alone, without kernels
    "poria_cnn_160ms": functools.partial(build_poria_cnn, acoustic_pool_size=16),  # with steps as long as S3's
}


def build_model(
    system: str, num_classes: int = 4, modality: str = "acoustic", width: float = 1.0, **fields: Any
) -> keras.Model:
    """The model of one system with random weights.

    Args:
        system: a name in `SYSTEMS` or `ABLATIONS`.
        num_classes: emotions to tell apart.
        modality: "acoustic", "acoustic+lexical" or "lexical".
        width: factor on the size of every layer.
        **fields: other fields of `ModelConfig`.

    Returns:
        A Keras model from {"llds": [B, T, 17], "num_frames": [B], "words": [B, K, 300], "num_words": [B]}, T and K at
        least 1, to logits [B, num_classes]. It reads the keys of its modality and ignores the others. What an utterance
        gets does not depend on the padding or the batch it sits in.

    Raises:
        ValueError: if the system is unknown or a field is out of range.
    """
    return build_model_from_config(
        ModelConfig(system=system, num_classes=num_classes, modality=modality, width=width, **fields)
    )


def build_model_from_config(config: ModelConfig) -> keras.Model:
    """As `build_model`, from a whole configuration."""
    builders = SYSTEMS | ABLATIONS
    if config.system not in builders:
        raise ValueError(f"`system` must be one of {tuple(builders)}. Received: system={config.system!r}")
    return builders[config.system](config)


__all__ = [
    "ABLATIONS",
    "KERNEL_SYSTEMS",
    "SYSTEMS",
    "balanced_units",
    "build_model",
    "build_model_from_config",
    "kernel_features",
]
