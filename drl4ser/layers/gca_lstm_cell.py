"""The second layer of the global context-aware attention LSTM, one step (paper, Eqs. 4-6, 8 and 11)."""

import keras
import tensorflow as tf

from drl4ser.layers.projection import project
from drl4ser.layers.recurrence import compute_gates


def step_gca_lstm(z, r, c):
    """One step of an LSTM whose cell state is updated by the informativeness of its input.

    Implements Eqs. (4)-(6) and (8), and for the cell state Eq. (11):
    c_n = f_n c_{n-1} (1 - r_n) + i_n tanh(W_c h_n + U_c h_{n-1} + b_c) r_n.

    Args:
        z: [B, 4u], W h_n + U h_{n-1} + b, gates i, f, c, o.
        r: [B, 1] float32 informativeness in [0, 1].
        c: [B, u] float32, cell state of the step before.

    Returns:
        (h_n, c_n), each [B, u] float32.
    """
    i, f, g, o = compute_gates(z)
    c = f * c * (1.0 - r) + i * g * r
    return o * tf.tanh(c), c


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
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be at least 1. Received: units={units}")
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Creates the weights for inputs of D + 1 features, with Keras' LSTM initialisers (forget bias 1)."""
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1] - 1, 4 * self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, 4 * self.units), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(4 * self.units,), initializer=_unit_forget_bias)

    def call(self, inputs, states):
        """See the class."""
        z = self.project(inputs[:, :-1]) + states[0] @ self.recurrent_kernel
        r, c = (tf.cast(value, "float32") for value in (inputs[:, -1:], states[1]))
        h, c = (tf.cast(state, z.dtype) for state in step_gca_lstm(z, r, c))
        return h, [h, c]

    def project(self, x):
        """W x + b, the part of the gates that does not depend on the state: [..., D] -> [..., 4u]."""
        return project(x, self.kernel) + self.bias

    def get_initial_state(self, batch_size=None):
        """Zeros."""
        return [tf.zeros((batch_size, self.units), self.compute_dtype) for _ in range(2)]

    def get_config(self):
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units}


def _unit_forget_bias(shape, dtype=None):
    units = shape[0] // 4
    return tf.concat([tf.zeros(units, dtype), tf.ones(units, dtype), tf.zeros(2 * units, dtype)], axis=0)
