"""The convolutions over time: bare, with batch normalisation (paper, section 3.1), and with pooling."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers import equations, fast
from drl4ser.layers.masking import SequenceLayer, downsample_mask, mask_padding
from drl4ser.layers.normalization import MaskedBatchNormalization

_EQUATION_1 = {
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": (1,),
    "groups": 1,
    "activation": "linear",
    "use_bias": False,
}


@keras.saving.register_keras_serializable(package="drl4ser")
class TemporalConv(keras.layers.Conv1D):
    """`keras.layers.Conv1D` without bias or activation, whose zeros around a sequence depend on the kernel alone.

    Implements Eq. (1), see `equations.convolve`.

    Args:
        filters: output channels.
        kernel_size: K, frames under the kernel.
        strides: frames from one output step to the next.
        **kwargs: how the kernel begins and is regularised, name and type, as for `keras.layers.Conv1D`.

    Call arguments:
        x: [B, T, D], zeros in the padding.

    Returns:
        [B, ceil(T / strides), filters].

    Raises:
        ValueError: for what Eq. (1) does not have, such as dilation or an activation.
    """

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, strides, **{"use_bias": False, "data_format": "channels_last", **kwargs})
        config = self.get_config()
        for argument, value in _EQUATION_1.items():
            if config[argument] != value:
                raise ValueError(
                    f"`{argument}` cannot be chosen for the convolution of Eq. (1). Received: "
                    f"{argument}={config[argument]!r}"
                )
        self.supports_masking = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """See the class."""
        convolve = fast.convolve if fast.enabled() else equations.convolve
        return convolve(x, tf.convert_to_tensor(self.kernel), self.strides[0])

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """[B, ceil(T / strides), filters]."""
        batch, steps, _ = input_shape
        return batch, steps and -(-steps // self.strides[0]), self.filters

    def compute_mask(self, inputs: tf.Tensor, previous_mask: tf.Tensor | None = None) -> tf.Tensor | None:
        """That of the frames on which the output steps are centred."""
        return downsample_mask(previous_mask, self.strides[0])


@keras.saving.register_keras_serializable(package="drl4ser")
class NormalizedConv(SequenceLayer):
    """A convolution over time without bias, then batch normalisation: what all groups are made of.

    Implements Eq. (1). Output step n is centred on frame `strides` n whatever the length. Padding must be zeros and
    comes out as zeros.

    Args:
        filters: output channels.
        kernel_size: frames under the kernel.
        strides: 1 or 2.
        momentum: of the normalisation's moving statistics.

    Call arguments:
        x: [B, T, D], zeros in the padding.
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics.

    Returns:
        [B, ceil(T / strides), filters].

    Raises:
        ValueError: if `strides` is neither 1 nor 2.
    """

    arguments = ("filters", "kernel_size", "strides", "momentum")

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if strides not in (1, 2):
            raise ValueError(f"`strides` must be 1 or 2. Received: strides={strides}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = self.steps_per_output = strides
        self.momentum = momentum
        self.conv = TemporalConv(filters, kernel_size, strides, name="conv", dtype=self.dtype_policy)
        self.norm = MaskedBatchNormalization(momentum, name="norm", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds the two sublayers."""
        self.conv.build((None, None, input_shape[-1]))  # without T, which padding changes
        self.norm.build((None, None, self.filters))

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """See the class."""
        return self.norm(self.conv(x), mask=downsample_mask(mask, self.strides), training=training)


def pool_maximum(x: tf.Tensor, size: int | None = None) -> tf.Tensor:
    """The maximum over `size` steps at a time, or over all.

    Args:
        x: [B, T, D] at least 0, zeros in the padding, which thus never exceed what is real.
        size: steps in a window, the first begins at step 0 and the last may hold fewer; None for all steps.

    Returns:
        [B, ceil(T / size), D], or [B, D] for all.

    Example:
        >>> pool_maximum(tf.constant([[[1.0], [4.0], [2.0]]]), size=2).numpy().tolist()
        [[[4.0], [2.0]]]
    """
    if size is None:
        return tf.reduce_max(x, axis=1)
    num_steps = tf.shape(x)[1]
    rest = (size - num_steps % size) % size  # not -num_steps % size: ONNX would take the remainder of 0
    x = tf.pad(x, [[0, 0], [0, rest], [0, 0]])
    shape = tf.shape(x)
    windows = tf.reshape(x, [shape[0], shape[1] // size, size, x.shape[-1]])
    return tf.reduce_max(windows, axis=2)


@keras.saving.register_keras_serializable(package="drl4ser")
class PooledConv(SequenceLayer):
    """Convolution, batch normalisation, ReLU and max pooling, all over the real steps (Poria et al., 2016).

    Args:
        filters: output channels.
        kernel_size: steps under the kernel.
        strides: of the convolution, 1 or 2.
        pool_size: steps of the convolution's output that are pooled; None for all of them.
        momentum: of the normalisation's moving statistics.

    Call arguments:
        x: [B, T, D]; the padding may hold anything.
        mask: [B, T] boolean, True = real; None if all are.
        training: whether to normalise with the batch's statistics.

    Returns:
        [B, ceil(T / (strides pool_size)), filters], whose mask `downsample_mask` gives, or [B, filters] where all is
        pooled (zeros for an utterance without any real step). At least 0.
    """

    arguments = ("filters", "kernel_size", "strides", "pool_size", "momentum")

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        pool_size: int | None = None,
        momentum: float = 0.9,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if pool_size is not None and pool_size < 1:
            raise ValueError(f"`pool_size` must be at least 1. Received: pool_size={pool_size}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.pool_size = pool_size
        self.momentum = momentum
        self.steps_per_output = strides * pool_size if pool_size else None
        self.conv = NormalizedConv(filters, kernel_size, strides, momentum, name="conv", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds the convolution."""
        self.conv.build(input_shape)

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """See the class."""
        y = tf.nn.relu(self.conv(mask_padding(x, mask), mask=mask, training=training))
        return pool_maximum(y, self.pool_size)
