"""A variant of GCA-LSTM that the paper does not have, for the ablation."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers.gca_lstm import GCALSTM
from drl4ser.layers.masking import mask_padding, project


@keras.saving.register_keras_serializable(package="drl4ser")
class SkipGCALSTM(GCALSTM):
    """A GCA-LSTM whose first layer has a shortcut around it and layer normalisation after it; not in the paper.

    With h_n of Eqs. (4)-(8), h'_n = LayerNorm(h_n + W_s x_n) takes its place everywhere, and F(0) is the last real
    h'_n. All else is `GCALSTM`, arguments and calls too.

    Example:
        >>> SkipGCALSTM(units=6)(tf.ones([2, 5, 8])).shape.as_list()
        [2, 6]
    """

    def __init__(
        self, units: int = 256, iterations: int = 3, gate_normalization: str = "minmax", **kwargs: Any
    ) -> None:
        super().__init__(units, iterations, gate_normalization, **kwargs)
        self.norm = keras.layers.LayerNormalization(name="norm", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Adds W_s and the normalisation."""
        super().build(input_shape)
        self.w_s = self.add_weight(name="w_s", shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.norm.build((None, None, self.units))

    def encode(self, x: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """h'_1..h'_N, [B, N, u], and F(0), [B, u]."""
        x = mask_padding(x, mask)
        h, _ = super().encode(x, mask)
        h = self.norm(h + project(x, tf.convert_to_tensor(self.w_s)))
        if mask is None:
            return h, h[:, -1]
        last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
        return h, tf.where(mask[:, :1], tf.gather(h, last, batch_dims=1), tf.zeros([], h.dtype))
