"""The convolution that all groups of Figure 2 are made of (paper, section 3.1)."""

import keras

from drl4ser.layers.batch_norm import MaskedBatchNormalization
from drl4ser.layers.masking import downsample_mask
from drl4ser.layers.temporal_conv import TemporalConv


@keras.saving.register_keras_serializable(package="drl4ser")
class NormalizedConv(keras.layers.Layer):
    """A convolution over time without bias, normalised: the building brick of all groups.

    Implements Eq. (1). Output step n is centred on frame `strides` n whatever the length (see `TemporalConv`). Padding
    must be zeros and comes out as zeros.

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
    """

    def __init__(self, filters, kernel_size, strides=1, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if strides not in (1, 2):
            raise ValueError(f"`strides` must be 1 or 2. Received: strides={strides}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.momentum = momentum
        self.conv = TemporalConv(filters, kernel_size, strides, name="conv", dtype=self.dtype_policy)
        self.norm = MaskedBatchNormalization(momentum, name="norm", dtype=self.dtype_policy)

    def build(self, input_shape):
        """Builds the two sublayers."""
        self.conv.build((None, None, input_shape[-1]))  # without T, which padding changes
        self.norm.build((None, None, self.filters))

    def call(self, x, mask=None, training=False):
        """See the class."""
        mask = downsample_mask(mask) if self.strides == 2 else mask
        return self.norm(self.conv(x), mask=mask, training=training)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the output, if the layer halves the number of steps."""
        return downsample_mask(previous_mask) if self.strides == 2 else previous_mask

    def get_config(self):
        """The arguments of the constructor."""
        names = ("filters", "kernel_size", "strides", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
