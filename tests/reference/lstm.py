"""An LSTM layer, Eqs. (4)-(8), one utterance and step at a time."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm(x, kernel, recurrent_kernel, bias):
    """x [N, D], all steps real; gates i, f, c, o in the weights -> hidden states [N, u]."""
    units = recurrent_kernel.shape[0]
    w_i, w_f, w_c, w_o = np.split(kernel.astype(np.float64), 4, axis=1)
    u_i, u_f, u_c, u_o = np.split(recurrent_kernel.astype(np.float64), 4, axis=1)
    b_i, b_f, b_c, b_o = np.split(bias.astype(np.float64), 4)
    h, c, hidden = np.zeros(units), np.zeros(units), []
    for m in x.astype(np.float64):
        f = sigmoid(m @ w_f + h @ u_f + b_f)  # Eq. (4)
        i = sigmoid(m @ w_i + h @ u_i + b_i)  # Eq. (5)
        o = sigmoid(m @ w_o + h @ u_o + b_o)  # Eq. (6)
        c = f * c + i * np.tanh(m @ w_c + h @ u_c + b_c)  # Eq. (7)
        h = o * np.tanh(c)  # Eq. (8)
        hidden.append(h)
    return np.array(hidden)
