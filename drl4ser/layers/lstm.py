"""LSTM layers over padded sequences: stacked ones (Eqs. 4-8) and a bidirectional one."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers import fast
from drl4ser.layers.masking import SequenceLayer, mask_padding


def build_lstm(units: int, name: str, dtype: Any) -> keras.layers.LSTM:
    """A `keras.layers.LSTM` as `encode_sequence` takes it."""
    lstm = keras.layers.LSTM(units, return_sequences=True, return_state=True, name=name, dtype=dtype)
    lstm.supports_jit = False  # so that Keras does not let XLA compile a model: it cannot size our loops' gradients
    return lstm


def has_gpu() -> bool:
    """Whether cuDNN can be used."""
    return bool(tf.config.list_logical_devices("GPU"))


def encode_sequence(
    lstms: list[keras.layers.LSTM], x: tf.Tensor, mask: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs stacked LSTM layers, Eqs. (4)-(8): by `fast.run_lstm` or, on a GPU and without `fast`, as Keras does.

    On a GPU Keras uses cuDNN.

    Args:
        lstms: built `keras.layers.LSTM`, the lowest first, see `build_lstm`.
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        Of the highest layer, hidden states [B, T, u], of no meaning but finite in the padding, and that of the last
        real step, [B, u], zeros for a sequence without any real step.
    """
    run = _run_fast if fast.enabled() and not has_gpu() else _run_keras
    hidden, last = run(lstms, mask_padding(x, mask), mask)
    return hidden, last if mask is None else tf.where(mask[:, :1], last, tf.zeros([], last.dtype))


def _run_keras(lstms, x, mask):
    if mask is not None:
        # cuDNN rejects a sequence without any real step: it gets one, of zeros.
        mask = tf.logical_or(mask, tf.equal(tf.range(tf.shape(x)[1]), 0))
    for lstm in lstms:
        x, last, _ = lstm(x, mask=mask)
    return x, last


def _run_fast(lstms, x, mask):
    x = tf.transpose(x, [1, 0, 2])
    for lstm in lstms:
        cell = lstm.cell
        x = fast.run_lstm(x, *(tf.convert_to_tensor(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)))
    return tf.transpose(x, [1, 0, 2]), fast.gather_last(x, mask)


@keras.saving.register_keras_serializable(package="drl4ser")
class StackedLSTM(SequenceLayer):
    """Encodes a sequence into the hidden state that the last of its LSTM layers has at the last real step.

    Implements Eqs. (4)-(8), for the layer of the lexical branch (paper, section 3.4) and for the stacked layers that
    GCA-LSTM replaces (Poria et al., 2017). Padding is skipped; a sequence without any real step gives zeros.

    Args:
        units: size of every layer.
        num_layers: LSTM layers, each reading all hidden states of the one below.

    Call arguments:
        x: [B, T, D].
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        [B, units].

    Raises:
        ValueError: if `num_layers` is less than 1.

    Example:
        >>> StackedLSTM(4, num_layers=2)(tf.ones([1, 7, 3])).shape.as_list()
        [1, 4]
    """

    arguments = ("units", "num_layers")
    steps_per_output = None

    def __init__(self, units: int, num_layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be at least 1. Received: num_layers={num_layers}")
        self.units = units
        self.num_layers = num_layers
        self.lstms = [build_lstm(units, f"lstm_{i + 1}", self.dtype_policy) for i in range(num_layers)]

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds the layers."""
        for lstm in self.lstms:
            lstm.build(input_shape)
            input_shape = (None, None, self.units)

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        return encode_sequence(self.lstms, x, mask)[1]

    def compute_output_spec(self, x: keras.KerasTensor, mask: keras.KerasTensor | None = None) -> keras.KerasTensor:
        """See `SequenceLayer.spec`."""
        return self.spec(x.shape[0], self.units)


@keras.saving.register_keras_serializable(package="drl4ser")
class BidirectionalLSTM(SequenceLayer):
    """One LSTM layer from the first real step to the last and one from the last to the first.

    The real steps are reversed in place for the second, so that the padding stays on the right and neither layer
    ever reads it. Padding comes out as zeros.

    Args:
        units: size of each layer.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real, padding on the right; None if all are.

    Returns:
        [B, T, 2 units]: for each step the hidden state of the forward and that of the backward layer.

    References:
        - [Schuster and Paliwal, 1997](https://doi.org/10.1109/78.650093)
    """

    arguments = ("units",)

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.forward, self.backward = (build_lstm(units, name, self.dtype_policy) for name in ("forward", "backward"))

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds both layers."""
        self.forward.build(input_shape)
        self.backward.build(input_shape)

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """See the class."""
        real = tf.ones(tf.shape(x)[:2], "bool") if mask is None else mask
        lengths = tf.reduce_sum(tf.cast(real, tf.int32), axis=1)
        forward, _ = encode_sequence([self.forward], x, mask)
        backward, _ = encode_sequence([self.backward], tf.reverse_sequence(x, lengths, seq_axis=1), mask)
        backward = tf.reverse_sequence(backward, lengths, seq_axis=1)
        return mask_padding(tf.concat([forward, backward], axis=-1), mask)
