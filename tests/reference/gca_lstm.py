"""The global context-aware attention LSTM, Eqs. (4)-(12), one utterance and step at a time."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def informativeness(h, memory, w_e2, w_e1, normalization="minmax"):
    """h [N, u], memory [u] -> r [N]: Eqs. (9) and (10), and the min-max normalisation to [0, 1]."""
    e = np.array([np.tanh(np.concatenate([h_n, memory]) @ w_e2) @ w_e1 for h_n in h])[:, 0]
    r = np.exp(e) / np.exp(e).sum()
    if normalization == "softmax":
        return r
    if r.max() == r.min():
        return np.ones_like(r)
    return (r - r.min()) / (r.max() - r.min())


def second_layer(inputs, r, kernel, recurrent_kernel, bias):
    """inputs [N, D], r [N] -> last hidden state [u]: Eqs. (4)-(6), (8), and (11) for the cell state."""
    units = recurrent_kernel.shape[0]
    w_i, w_f, w_c, w_o = np.split(kernel.astype(np.float64), 4, axis=1)
    u_i, u_f, u_c, u_o = np.split(recurrent_kernel.astype(np.float64), 4, axis=1)
    b_i, b_f, b_c, b_o = np.split(bias.astype(np.float64), 4)
    h, c = np.zeros(units), np.zeros(units)
    for x, r_n in zip(inputs, r, strict=True):
        f = sigmoid(x @ w_f + h @ u_f + b_f)
        i = sigmoid(x @ w_i + h @ u_i + b_i)
        o = sigmoid(x @ w_o + h @ u_o + b_o)
        c = f * c * (1.0 - r_n) + i * np.tanh(x @ w_c + h @ u_c + b_c) * r_n
        h = o * np.tanh(c)
    return h


def refine(hidden, cell_weights, w_e2, w_e1, w_f, iterations, normalization="minmax"):
    """Hidden states [N, u] of the first layer -> memory F(I) [u] and all gates [I, N]."""
    memory, gates = hidden[-1], []
    for _ in range(iterations):
        r = informativeness(hidden, memory, w_e2, w_e1, normalization)
        attention = second_layer(hidden, r, *cell_weights)
        memory = np.maximum(np.concatenate([attention, memory]) @ w_f, 0.0)  # Eq. (12)
        gates.append(r)
    return memory, np.array(gates)
