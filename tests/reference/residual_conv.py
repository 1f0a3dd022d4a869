"""A convolution over time, Eq. (1), and the groups of Figure 2, for one utterance in inference."""

import numpy as np

from tests.reference.attention import self_attention


def convolve(x, kernel, stride):
    """x [T, D], kernel [k, D, F] -> [ceil(T / stride), F]; output n is centred on frame stride * n."""
    size = len(kernel)
    left = (size - 1) // 2
    outputs = []
    for n in range(-(-len(x) // stride)):
        total = np.zeros(kernel.shape[2])
        for a in range(size):
            frame = n * stride - left + a
            if 0 <= frame < len(x):
                total += x[frame].astype(np.float64) @ kernel[a]
        outputs.append(total)
    return np.array(outputs)


def normalize(x, norm):
    """norm: (gamma, beta, mean, variance, epsilon)."""
    gamma, beta, mean, variance, epsilon = norm
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def residual_block(x, stride, conv_1, norm_1, conv_2, norm_2, shortcut=None, attention=None, num_heads=None):
    """x [T, D] -> [ceil(T / stride), F]. `attention` holds w_q, w_k, w_v, w_o; None leaves it out."""
    y = np.maximum(normalize(convolve(x, conv_1, stride), norm_1), 0.0)
    if attention is not None:
        y = y + self_attention(y, *attention, num_heads)[0]
    y = normalize(convolve(y, conv_2, 1), norm_2)
    return np.maximum(y + (x if shortcut is None else convolve(x, shortcut, stride)), 0.0)
