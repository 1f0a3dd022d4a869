"""How wide the systems are: "units are balanced to ensure parameters consistency" (paper, section 4.2 and Table 2).

Each but S3 has one free number of units. The acoustic+lexical system of four classes is counted, and the number is
the one whose count comes nearest to the paper's. The counts are closed forms; a test compares them with the built
models.
"""

import dataclasses
import itertools
from collections.abc import Callable

from drl4ser.config import ModelConfig
from drl4ser.models.assembly import scale_width

# Table 2, column "Parameters"; the comparisons of Table 1 have the size of the proposed system, S3.
PAPER_PARAMETERS = {
    "baseline": 9_270_000,
    "s1": 9_150_000,
    "s2": 9_070_000,
    "s3": 9_110_000,
    "xia_dnn": 9_110_000,
    "poria_cnn_mkl": 9_110_000,
    "poria_lstm": 9_110_000,
    "mirsamadi_attention": 9_110_000,
}

# The two convolutions of Poria et al. (2016) for each modality: their kernels, stride and pooling of the first.
# Frames of 5 ms become steps of 40 ms, of which the second kernel covers three; words become pairs.
CNN_LAYERS = {"acoustic": ((10, 3), 2, 4), "lexical": ((3, 2), 1, 2)}


def balance_units(count_parameters: Callable[[int], int], target: int) -> int:
    """The number of units whose parameter count is nearest to `target`; of two equally near ones the smaller.

    Args:
        count_parameters: parameters of the system with that many units, growing with the units.
        target: parameters to come near to.

    Returns:
        At least 1.
    """
    low, high = 1, 2
    while count_parameters(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count_parameters(middle) < target else (low, middle)
    return min(low, high, key=lambda units: abs(count_parameters(units) - target))


def balanced_units(config: ModelConfig) -> int:
    """The units that balance `config.system`, at `config.width`; for S3 those of the paper.

    They are found for the full acoustic+lexical system of four classes and scaled with the width afterwards, so
    that all modalities and data sets share one acoustic branch.
    """
    if config.system == "s3":
        return scale_width(config).units
    full = dataclasses.replace(config, width=1.0, num_classes=4, modality="acoustic+lexical")
    units = balance_units(lambda u: COUNTS[config.system](full, u), PAPER_PARAMETERS[config.system])
    return max(1, round(units * config.width))


def classifier_units(config: ModelConfig, units: int) -> tuple[int, ...]:
    """The dense layers before the softmax in `config.system` of `units`, `config.width` being worked in."""
    layers = {
        "xia_dnn": (units, units, units),
        "poria_cnn_mkl": (),
        "poria_lstm": config.dense_units[:1],
        "mirsamadi_attention": (),
    }
    return layers.get(config.system, config.dense_units)


def count_baseline(config: ModelConfig, units: int) -> int:
    """Trainable parameters of the acoustic+lexical baseline with a stacked LSTM of `units`."""
    return count_stacked_lstm(config.lld_dim, units) + count_shared(config, units)


def count_rlc(config: ModelConfig, units: int) -> int:
    """Trainable parameters of acoustic+lexical S1 or S2 with a stacked LSTM of `units`."""
    encoder = count_stacked_lstm(config.filters[-1], units)
    return count_groups(config, attention=config.system != "s1") + encoder + count_shared(config, units)


def count_xia_dnn(config: ModelConfig, units: int) -> int:
    """Trainable parameters of `build_xia_dnn` with both modalities and dense layers of `units`."""
    sizes = (24 * config.lld_dim + config.word_dim, *classifier_units(config, units), config.num_classes)
    return count_dense(*sizes)


def count_poria_cnn(config: ModelConfig, units: int) -> int:
    """Trainable parameters of `build_poria_cnn` with both modalities and `units` acoustic filters."""
    lexical = config.lexical_units
    return (
        count_cnn("acoustic", config.lld_dim, units, 2 * units, 10 * units)
        + count_cnn("lexical", config.word_dim, lexical, lexical, lexical)
        + count_dense(10 * units + lexical, config.num_classes)
    )


def count_poria_lstm(config: ModelConfig, units: int) -> int:
    """Trainable parameters of `build_poria_lstm` with both modalities and an LSTM of `units`."""
    return count_lstm(config.lld_dim, units) + count_shared(config, units)


def count_mirsamadi_attention(config: ModelConfig, units: int) -> int:
    """Trainable parameters of `build_mirsamadi_attention` with both modalities and `units` each way."""
    frames = count_dense(config.lld_dim, 4 * units, 4 * units)
    return frames + 2 * count_lstm(4 * units, units) + 2 * units + count_shared(config, 2 * units)


COUNTS = {
    "baseline": count_baseline,
    "s1": count_rlc,
    "s2": count_rlc,
    "xia_dnn": count_xia_dnn,
    "poria_cnn_mkl": count_poria_cnn,
    "poria_lstm": count_poria_lstm,
    "mirsamadi_attention": count_mirsamadi_attention,
}


def count_shared(config: ModelConfig, acoustic_dim: int) -> int:
    """The lexical LSTM and the classifier behind an acoustic representation of `acoustic_dim`."""
    dense_units = classifier_units(config, acoustic_dim)
    dense = count_dense(acoustic_dim + config.lexical_units, *dense_units, config.num_classes)
    return count_lstm(config.word_dim, config.lexical_units) + dense


def count_groups(config: ModelConfig, attention: bool) -> int:
    """The convolutional groups of Figure 2, (b) with or (a) without attention."""
    first, *others = zip(config.kernel_sizes, config.filters, strict=True)
    total = first[0] * config.lld_dim * first[1] + 2 * first[1]
    dim = first[1]
    for kernel_size, filters in others:
        inner = 3 * kernel_size * filters**2 + 4 * 2 * filters  # three convolutions, four normalisations
        total += (kernel_size + 1) * dim * filters + inner + attention * 2 * 4 * filters**2
        dim = filters
    return total


def count_cnn(modality: str, input_dim: int, first: int, second: int, features: int) -> int:
    """Two normalised convolutions of `first` and `second` filters and a dense layer of `features`."""
    kernels = CNN_LAYERS[modality][0]
    convolutions = (kernels[0] * input_dim + 2) * first + (kernels[1] * first + 2) * second
    return convolutions + count_dense(second, features)


def count_dense(*sizes: int) -> int:
    """Dense layers with biases, each reading the one before; the first of the `sizes` is the input's."""
    return sum((size + 1) * units for size, units in itertools.pairwise(sizes))


def count_stacked_lstm(input_dim: int, units: int) -> int:
    """Two LSTM layers, one on the other."""
    return count_lstm(input_dim, units) + count_lstm(units, units)


def count_lstm(input_dim: int, units: int) -> int:
    """One LSTM layer."""
    return 4 * units * (input_dim + units + 1)
