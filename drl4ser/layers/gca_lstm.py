"""The global context-aware attention LSTM (paper, section 3.3, Eqs. 4-12)."""

import keras
import tensorflow as tf

from drl4ser.layers.gca_lstm_cell import GCALSTMCell
from drl4ser.layers.gca_recurrence import run_gca_lstm
from drl4ser.layers.masking import mask_logits, mask_padding
from drl4ser.layers.projection import project
from drl4ser.layers.recurrence import encode_sequence, gather_last

GATE_NORMALIZATIONS = ("minmax", "softmax")


def normalize_minmax(e, mask):
    """Softmax over the real steps, then min-max over the real steps to [0, 1]. Implements Eq. (10).

    The sum below the softmax's fraction bar cancels in the min-max, and what is left is written with expm1, exact
    also where the scores hardly differ: r_n = 1 - (exp(e_n - max e) - 1) / (exp(min e - max e) - 1).

    Args:
        e: [B, N] float32 scores.
        mask: [B, N] boolean, True = real, or None.

    Returns:
        [B, N] in [0, 1], zero in the padding. Where all real scores are the same every one is 1, never 0/0.
    """
    highest = tf.reduce_max(mask_logits(e, mask), axis=1, keepdims=True)
    lowest = tf.reduce_min(e if mask is None else tf.where(mask, e, highest), axis=1, keepdims=True)
    tied = lowest >= highest
    span = tf.where(tied, -1.0, tf.math.expm1(lowest - highest))
    distance = mask_padding(e - highest, mask)
    return mask_padding(tf.where(tied, 1.0, 1.0 - tf.math.expm1(distance) / span), mask)


@keras.saving.register_keras_serializable(package="drl4ser")
class GCALSTM(keras.layers.Layer):
    """Reads a sequence again and again, each time knowing better which steps matter.

    The first LSTM layer gives h_1..h_N and, as its last real hidden state, the global context memory F(0),
    Eqs. (4)-(8). Each iteration scores every step against the memory, e_n = W_e1 tanh(W_e2 [h_n; F]), Eq. (9),
    turns the scores into informativeness gates r_n in [0, 1], Eq. (10), runs the second LSTM layer through h with
    Eq. (11), and refines the memory with its last real hidden state, F = ReLU(W_F [attention; F]), Eq. (12).

    The min-max of Eq. (10) gives the most informative step r = 1, and by Eq. (11) a step with r = 1 forgets
    all that came before it. This is the paper's equation, kept as it is.

    Padding gets r = 0 and is skipped by both layers; an utterance without any real step gives zeros.

    Args:
        units: u, size of both layers and of the memory.
        iterations: how often the memory is refined; all iterations share their weights.
        gate_normalization: "minmax" for Eq. (10) as the paper has it, "softmax" to leave the min-max out.

    Call arguments:
        x: [B, N, D].
        mask: [B, N] boolean, True = real, padding on the right; None if all are.
        return_informativeness: whether to return the gates as well.

    Returns:
        The memory after the last iteration, [B, units], at least 0; with `return_informativeness` a pair, the second
        [B, iterations, N] float32 in [0, 1].

    Raises:
        ValueError: if an argument is out of range.

    References:
        - [Liu et al., 2017](https://arxiv.org/abs/1707.05740)
    """

    def __init__(self, units=256, iterations=3, gate_normalization="minmax", **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        if iterations < 1:
            raise ValueError(f"`iterations` must be at least 1. Received: iterations={iterations}")
        if gate_normalization not in GATE_NORMALIZATIONS:
            raise ValueError(
                f"`gate_normalization` must be one of {GATE_NORMALIZATIONS}. "
                f"Received: gate_normalization={gate_normalization!r}"
            )
        self.units = units
        self.iterations = iterations
        self.gate_normalization = gate_normalization
        policy = {"dtype": self.dtype_policy}
        self.encoder = keras.layers.LSTM(units, return_sequences=True, return_state=True, name="encoder", **policy)
        self.cell = GCALSTMCell(units, name="cell", **policy)

    def build(self, input_shape):
        """Builds both layers and creates the weights of Eqs. (9) and (12)."""
        u = self.units
        self.encoder.build(input_shape)
        self.cell.build((None, u + 1))
        self.w_e2 = self.add_weight(name="w_e2", shape=(2 * u, u), initializer="glorot_uniform")
        self.w_e1 = self.add_weight(name="w_e1", shape=(u, 1), initializer="glorot_uniform")
        self.w_f = self.add_weight(name="w_f", shape=(2 * u, u), initializer="glorot_uniform")

    def call(self, x, mask=None, return_informativeness=False):
        """See the class."""
        h, memory = encode_sequence([self.encoder], x, mask)  # Eqs. (4)-(8)
        # Neither product depends on the memory: once for all steps and iterations. Steps are cut off the first axis.
        gates = tf.transpose(self.cell.project(h), [1, 0, 2])
        scores = project(h, self.w_e2[: self.units])
        informativeness = []
        for _ in range(self.iterations):
            r = self._informativeness(scores, memory, mask)
            attention = self._attend(gates, r, mask)
            memory = tf.nn.relu(tf.concat([attention, memory], axis=-1) @ self.w_f)  # Eq. (12)
            informativeness.append(r)
        if not return_informativeness:
            return memory
        return memory, tf.stack(informativeness, axis=1)

    def _informativeness(self, scores, memory, mask):
        """Eqs. (9) and (10): [B, N] float32. `scores` is the part of W_e2 that meets h."""
        context = memory @ self.w_e2[self.units :]
        e = tf.squeeze(project(tf.tanh(scores + context[:, tf.newaxis]), self.w_e1), axis=-1)
        e = tf.cast(e, "float32")
        if self.gate_normalization == "minmax":
            return normalize_minmax(e, mask)
        return mask_padding(tf.nn.softmax(mask_logits(e, mask)), mask)

    def _attend(self, gates, r, mask):
        """Eq. (11) through the sequence of `gates` [N, B, 4u]: the last real step's hidden state, [B, u]."""
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        hidden = run_gca_lstm(gates, tf.transpose(r)[:, :, tf.newaxis], kernel)
        return gather_last(hidden, mask)

    def compute_mask(self, inputs, previous_mask=None):
        """None: the output has no time axis."""
        return None

    def get_config(self):
        """The arguments of the constructor."""
        names = ("units", "iterations", "gate_normalization")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
