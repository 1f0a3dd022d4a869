"""How wide the stacked LSTMs are: "units are balanced to ensure parameters consistency" (paper, Table 2).

The acoustic+lexical system of four classes is counted, and the units are those whose count comes nearest to the
paper's. The counts are closed forms; a test compares them with the built models.
"""

import dataclasses
import itertools
from collections.abc import Callable

from drl4ser.config import ModelConfig
from drl4ser.models.assembly import scale_width

# Table 2, column "Parameters".
PAPER_PARAMETERS = {"baseline": 9_270_000, "s1": 9_150_000, "s2": 9_070_000, "s3": 9_110_000}


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


def balanced_lstm_units(config: ModelConfig) -> int:
    """Units of each layer of the stacked LSTM in `config.system`, at `config.width`.

    They are found for the full acoustic+lexical system of four classes and scaled with the width afterwards, so
    that all modalities and data sets share one acoustic branch.
    """
    full = dataclasses.replace(config, width=1.0, num_classes=4, modality="acoustic+lexical")
    count = count_baseline if config.system == "baseline" else count_rlc
    units = balance_units(lambda u: count(full, u), PAPER_PARAMETERS[config.system])
    return max(1, round(units * config.width))


def recurrent_units(config: ModelConfig) -> int:
    """Units of the layer that makes the acoustic representation, as trained: GCA-LSTM's or the stacked LSTM's."""
    return scale_width(config).units if config.system == "s3" else balanced_lstm_units(config)


def count_baseline(config: ModelConfig, units: int) -> int:
    """Trainable parameters of the acoustic+lexical baseline with a stacked LSTM of `units`."""
    return count_stacked_lstm(config.lld_dim, units) + count_shared(config, units)


def count_rlc(config: ModelConfig, units: int) -> int:
    """Trainable parameters of acoustic+lexical S1 or S2 with a stacked LSTM of `units`."""
    encoder = count_stacked_lstm(config.filters[-1], units)
    return count_groups(config, attention=config.system != "s1") + encoder + count_shared(config, units)


def count_shared(config: ModelConfig, acoustic_dim: int) -> int:
    """The lexical LSTM and the classifier behind an acoustic representation of `acoustic_dim`."""
    sizes = (acoustic_dim + config.lexical_units, *config.dense_units, config.num_classes)
    dense = sum((size + 1) * units for size, units in itertools.pairwise(sizes))
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


def count_stacked_lstm(input_dim: int, units: int) -> int:
    """Two LSTM layers, one on the other."""
    return count_lstm(input_dim, units) + count_lstm(units, units)


def count_lstm(input_dim: int, units: int) -> int:
    """One LSTM layer."""
    return 4 * units * (input_dim + units + 1)
