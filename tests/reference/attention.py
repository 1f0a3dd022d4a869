"""Multi-head self-attention, Eqs. (2) and (3), one utterance, head and query at a time."""

import numpy as np


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def self_attention(x, w_q, w_k, w_v, w_o, num_heads):
    """x [T, D], all steps real -> output [T, D], attention [num_heads, T, T]."""
    x = x.astype(np.float64)
    num_steps, dim = x.shape
    size = dim // num_heads
    queries, keys, values = x @ w_q, x @ w_k, x @ w_v
    attention = np.zeros((num_heads, num_steps, num_steps))
    concatenated = np.zeros((num_steps, dim))
    for head in range(num_heads):
        part = slice(head * size, (head + 1) * size)
        for t in range(num_steps):
            scores = np.array([queries[t, part] @ keys[s, part] for s in range(num_steps)]) / np.sqrt(size)
            attention[head, t] = softmax(scores)
            concatenated[t, part] = sum(attention[head, t, s] * values[s, part] for s in range(num_steps))
    return concatenated @ w_o, attention
