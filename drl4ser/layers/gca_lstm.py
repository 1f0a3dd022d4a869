"""The global context-aware attention LSTM (paper, section 3.3, Eqs. 4-12)."""

from typing import Any

import keras
import tensorflow as tf

from drl4ser.layers import equations, fast
from drl4ser.layers.lstm import build_lstm, encode_sequence
from drl4ser.layers.masking import SequenceLayer, project, widen

GATE_NORMALIZATIONS = ("minmax", "softmax")


@keras.saving.register_keras_serializable(package="drl4ser")
class GCALSTMCell(keras.layers.Layer):
    """An LSTM cell that learns more from informative inputs and blocks the others.

    Implements Eqs. (4)-(6), (8) and (11) for one step, as a cell for `keras.layers.RNN`. A step with r = 1 forgets
    all that came before it, one with r = 0 learns nothing from its input.

    Args:
        units: size u of the state.

    Call arguments:
        inputs: [B, D + 1] = [h_n, r_n]: the input of the step and, last, its informativeness in [0, 1].
        states: [hidden [B, u], cell [B, u]] of the step before.

    Returns:
        (hidden, [hidden, cell]).

    References:
        - [Liu et al., 2017](https://arxiv.org/abs/1707.05740)

    Example:
        >>> keras.layers.RNN(GCALSTMCell(6))(tf.ones([2, 5, 8 + 1])).shape.as_list()
        [2, 6]
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be at least 1. Received: units={units}")
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Creates the weights for inputs of D + 1 features, with Keras' LSTM initialisers (forget bias 1)."""
        u = self.units
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1] - 1, 4 * u), initializer="glorot_uniform")
        self.recurrent_kernel = self.add_weight(name="recurrent_kernel", shape=(u, 4 * u), initializer="orthogonal")
        self.bias = self.add_weight(name="bias", shape=(4 * u,), initializer=_unit_forget_bias)

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See the class."""
        hidden, cell = states
        z = self.project(inputs[:, :-1]) + hidden @ self.recurrent_kernel
        i, f, g, o = equations.compute_gates(z)  # Eqs. (4)-(6)
        cell = equations.update_cell_by_informativeness(f, widen(cell), i, g, widen(inputs[:, -1:]))  # Eq. (11)
        hidden = equations.update_hidden(o, cell)  # Eq. (8)
        hidden, cell = (tf.cast(state, z.dtype) for state in (hidden, cell))
        return hidden, [hidden, cell]

    def project(self, x: tf.Tensor) -> tf.Tensor:
        """W x + b, the part of the gates that does not depend on the state: [..., D] -> [..., 4u]."""
        return project(x, self.kernel) + self.bias

    def get_initial_state(self, batch_size: int | None = None) -> list[tf.Tensor]:
        """Zeros."""
        return [tf.zeros((batch_size, self.units), self.compute_dtype) for _ in range(2)]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units}


def _unit_forget_bias(shape, dtype=None):
    units = shape[0] // 4
    return tf.concat([tf.zeros(units, dtype), tf.ones(units, dtype), tf.zeros(2 * units, dtype)], axis=0)


@keras.saving.register_keras_serializable(package="drl4ser")
class GCALSTM(SequenceLayer):
    """Reads a sequence again and again, with a better idea each time of which steps matter.

    The first LSTM layer gives h_1..h_N and, as its last real hidden state, the global context memory F(0),
    Eqs. (4)-(8). Each iteration scores every step against the memory, Eq. (9), turns the scores into informativeness
    gates r_n in [0, 1], Eq. (10), runs the second LSTM layer through h with Eq. (11), and refines the memory with its
    last real hidden state, Eq. (12).

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

    Example:
        >>> memory, r = GCALSTM(units=6)(tf.ones([2, 5, 8]), return_informativeness=True)
        >>> memory.shape.as_list(), r.shape.as_list()
        ([2, 6], [2, 3, 5])
    """

    arguments = ("units", "iterations", "gate_normalization")
    steps_per_output = None

    def __init__(
        self, units: int = 256, iterations: int = 3, gate_normalization: str = "minmax", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
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
        self.encoder = build_lstm(units, "encoder", self.dtype_policy)
        self.cell = GCALSTMCell(units, name="cell", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Builds both layers and creates the weights of Eqs. (9) and (12)."""
        u = self.units
        self.encoder.build(input_shape)
        self.cell.build((None, u + 1))
        self.w_e2 = self.add_weight(name="w_e2", shape=(2 * u, u), initializer="glorot_uniform")
        self.w_e1 = self.add_weight(name="w_e1", shape=(u, 1), initializer="glorot_uniform")
        self.w_f = self.add_weight(name="w_f", shape=(2 * u, u), initializer="glorot_uniform")

    def call(
        self, x: tf.Tensor, mask: tf.Tensor | None = None, return_informativeness: bool = False
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        """See the class."""
        h, memory = self.encode(x, mask)
        score, attend = (self._prepare_fast if fast.enabled() else self._prepare)(h, mask)
        informativeness = []
        for _ in range(self.iterations):
            r = self._normalize(score(memory), mask)  # Eqs. (9) and (10)
            memory = equations.refine_memory(attend(r), memory, self.w_f)  # Eqs. (11) and (12)
            informativeness.append(r)
        if not return_informativeness:
            return memory
        return memory, tf.stack(informativeness, axis=1)

    def compute_output_spec(
        self, x: keras.KerasTensor, mask: keras.KerasTensor | None = None, return_informativeness: bool = False
    ) -> keras.KerasTensor | tuple[keras.KerasTensor, keras.KerasTensor]:
        """See `SequenceLayer.spec`."""
        batch, steps, _ = x.shape
        memory = self.spec(batch, self.units)
        return (memory, self.spec(batch, self.iterations, steps, wide=True)) if return_informativeness else memory

    def encode(self, x: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """The first layer, Eqs. (4)-(8): h_1..h_N, [B, N, u], and the memory F(0), [B, u]."""
        return encode_sequence([self.encoder], x, mask)

    def _prepare(self, h, mask):
        """Eq. (9), memory -> e [B, N]; and the second layer, r -> the last real step's hidden state [B, u]."""

        def attend(r):
            steps = tf.concat([h, tf.cast(r, h.dtype)[:, :, tf.newaxis]], axis=-1)
            return keras.layers.RNN(self.cell, dtype=self.dtype_policy)(steps, mask=mask)

        return lambda memory: equations.score_steps(h, memory, self.w_e2, self.w_e1), attend

    def _prepare_fast(self, h, mask):
        """As `_prepare`: products of `h` do not depend on the memory and are made once for all iterations."""
        gates = tf.transpose(self.cell.project(h), [1, 0, 2])  # steps are cut off the first axis
        scores = project(h, self.w_e2[: self.units])
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)

        def score(memory):
            context = memory @ self.w_e2[self.units :]
            return widen(tf.squeeze(project(tf.tanh(scores + context[:, tf.newaxis]), self.w_e1), axis=-1))

        def attend(r):
            return fast.gather_last(fast.run_gca_lstm(gates, tf.transpose(r)[:, :, tf.newaxis], kernel), mask)

        return score, attend

    def _normalize(self, e, mask):
        if self.gate_normalization == "softmax":
            return equations.softmax_steps(e, mask)
        return (fast.normalize_gates if fast.enabled() else equations.normalize_gates)(e, mask)
