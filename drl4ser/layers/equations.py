"""The equations of the paper as plain functions, in its order, to be checked against it line by line.

They are the whole arithmetic of the proposed system with DRL4SER_FAST=0; by default `drl4ser.layers.fast` computes
the same in fewer passes over memory. Symbols are the paper's. Every sequence is padded, so what a sum, a softmax or
a maximum reads is chosen by a mask, boolean [B, T], True = real, None if all steps are.
"""

import tensorflow as tf

from drl4ser.layers.masking import mask_logits, mask_padding, project, widen
from drl4ser.layers.shared_batch import add_replicas


def convolve(x: tf.Tensor, kernel: tf.Tensor, strides: int = 1) -> tf.Tensor:
    """The convolution of all groups. Implements Eq. (1): the sum over all places of the filter.

    Output step n is centred on frame `strides` n whatever the length; frames before the first and after the last are
    zero. (TensorFlow's SAME pads a strided convolution by the parity of T: the result would depend on the batch.)

    Args:
        x: [B, T, D], zeros in the padding.
        kernel: [K, D, F].
        strides: frames from one output step to the next.

    Returns:
        [B, ceil(T / strides), F].

    Example:
        >>> x, kernel = tf.constant([[[1.0], [2.0], [3.0]]]), tf.ones([3, 1, 1])
        >>> convolve(x, kernel)[0, :, 0].numpy().tolist()
        [3.0, 6.0, 5.0]
    """
    size, num_frames = kernel.shape[0], tf.shape(x)[1]
    padded = tf.pad(x, [[0, 0], [(size - 1) // 2, size // 2], [0, 0]])
    return tf.add_n([project(padded[:, k : k + num_frames : strides], kernel[k]) for k in range(size)])


def normalize_batch(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, mask: tf.Tensor | None, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Batch normalisation with the statistics of the real frames (section 3.1; Ioffe and Szegedy, 2015).

    Where several replicas share a batch, the statistics are those of the whole batch.

    Args:
        x: [B, T, D] float32, finite in the padding.
        gamma: [D] scale.
        beta: [D] shift.
        mask: [B, T] boolean, or None.
        epsilon: added to the variance.

    Returns:
        The normalised [B, T, D], zero in the padding; mean [D] and (biased) variance [D], which pass no gradient.
    """
    real = tf.ones_like(x[:, :, :1]) if mask is None else tf.cast(mask, x.dtype)[:, :, tf.newaxis]
    total, count = add_replicas(tf.reduce_sum(real * x, axis=[0, 1]), tf.reduce_sum(real))
    count = tf.maximum(count, 1.0)
    mean = total / count
    (squares,) = add_replicas(tf.reduce_sum(real * tf.square(x - mean), axis=[0, 1]))
    variance = squares / count
    y = gamma * (x - mean) / tf.sqrt(variance + epsilon) + beta
    return mask_padding(y, mask), tf.stop_gradient(mean), tf.stop_gradient(variance)


def correlate(queries: tf.Tensor, keys: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """The correlation matrix of Eq. (2): softmax(Q K^T / sqrt(d)).

    Args:
        queries: [B, heads, T, d], finite.
        keys: [B, heads, T, d], finite.
        mask: [B, T] boolean, or None.

    Returns:
        [B, heads, T, T], float32 at least; a row, one query, sums to 1; padded keys have weight zero.
    """
    scores = widen(tf.matmul(queries, keys, transpose_b=True)) / queries.shape[-1] ** 0.5
    return tf.nn.softmax(mask_logits(scores, None if mask is None else mask[:, tf.newaxis, tf.newaxis]))


def attend(queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Implements Eq. (2): Attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V. All are [B, heads, T, d].

    Example:
        >>> attend(tf.zeros([1, 1, 2, 1]), tf.zeros([1, 1, 2, 1]), tf.constant([[[[1.0], [3.0]]]])).numpy().tolist()
        [[[[2.0], [2.0]]]]
    """
    return tf.cast(correlate(queries, keys, mask), values.dtype) @ values


def project_heads(x: tf.Tensor, kernel: tf.Tensor, num_heads: int) -> tf.Tensor:
    """x W cut into heads: [B, T, D] and [D, D] -> [B, heads, T, D / heads]."""
    shape = tf.shape(x)  # of x, since tf2onnx mistakes the shape of `project`'s product
    split = tf.reshape(project(x, kernel), [shape[0], shape[1], num_heads, kernel.shape[-1] // num_heads])
    return tf.transpose(split, [0, 2, 1, 3])


def attend_by_heads(
    x: tf.Tensor,
    w_q: tf.Tensor,
    w_k: tf.Tensor,
    w_v: tf.Tensor,
    w_o: tf.Tensor,
    num_heads: int,
    mask: tf.Tensor | None = None,
) -> tf.Tensor:
    """Implements Eq. (3): Concat(head_1, ..., head_r) W^O, head_i being Eq. (2) of x W_i^Q, x W_i^K and x W_i^V.

    Args:
        x: [B, T, D], zeros in the padding.
        w_q: [D, D], all heads' W_i^Q side by side; `w_k` and `w_v` alike.
        w_k: [D, D].
        w_v: [D, D].
        w_o: [D, D].
        num_heads: r.
        mask: [B, T] boolean, or None.

    Returns:
        [B, T, D], of no meaning but finite in the padding.
    """
    queries, keys, values = (project_heads(x, kernel, num_heads) for kernel in (w_q, w_k, w_v))
    heads = attend(queries, keys, values, mask)
    return project(tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), tf.shape(x)), w_o)


def compute_gates(z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Implements Eqs. (4), (5) and (6), and the candidate tanh(...) of Eqs. (7) and (11).

    Args:
        z: [..., 4u], W m_n + U h_{n-1} + b of the input gate, forget gate, cell and output gate, in Keras' order.

    Returns:
        (i, f, g, o), each [..., u], float32 at least; g is the candidate.
    """
    z_i, z_f, z_c, z_o = tf.split(widen(z), 4, axis=-1)
    f = tf.sigmoid(z_f)  # Eq. (4)
    i = tf.sigmoid(z_i)  # Eq. (5)
    o = tf.sigmoid(z_o)  # Eq. (6)
    g = tf.tanh(z_c)
    return i, f, g, o


def update_cell(f: tf.Tensor, c: tf.Tensor, i: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
    """Implements Eq. (7): c_n = f_n c_{n-1} + i_n tanh(...). All are [B, u]."""
    return f * c + i * g


def update_hidden(o: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
    """Implements Eq. (8): h_n = o_n tanh(c_n). All are [B, u]."""
    return o * tf.tanh(c)


def score_steps(h: tf.Tensor, memory: tf.Tensor, w_e2: tf.Tensor, w_e1: tf.Tensor) -> tf.Tensor:
    """Implements Eq. (9): e_n = W_e1 tanh(W_e2 [h_n; F]), no biases.

    Args:
        h: [B, N, u], hidden states of the first layer.
        memory: [B, u], the global context memory F.
        w_e2: [2u, u].
        w_e1: [u, 1].

    Returns:
        [B, N], float32 at least.
    """
    memory = tf.repeat(memory[:, tf.newaxis], tf.shape(h)[1], axis=1)
    return widen(project(tf.tanh(project(tf.concat([h, memory], axis=-1), w_e2)), w_e1)[:, :, 0])


def softmax_steps(e: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Implements Eq. (10): r_n = exp(e_n) / sum over the real steps; [B, N], zero in the padding."""
    return mask_padding(tf.nn.softmax(mask_logits(e, mask)), mask)


def normalize_gates(e: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Implements Eq. (10) and, as the text below it has it, the min-max normalisation to [0, 1].

    Where all real scores are the same, every r_n is 1, never 0/0. `fast.normalize_gates` keeps more digits where
    the scores hardly differ.

    Args:
        e: [B, N] scores.
        mask: [B, N] boolean, or None.

    Returns:
        [B, N] in [0, 1], zero in the padding.

    Example:
        >>> normalize_gates(tf.constant([[-9.0, 1.0, -9.0], [2.0, 2.0, 2.0]])).numpy().tolist()
        [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    """
    r = softmax_steps(e, mask)
    highest = tf.reduce_max(r, axis=1, keepdims=True)
    lowest = tf.reduce_min(r if mask is None else tf.where(mask, r, highest), axis=1, keepdims=True)
    tied, one = lowest >= highest, tf.ones([], r.dtype)
    r = tf.where(tied, one, (r - lowest) / tf.where(tied, one, highest - lowest))
    return mask_padding(r, mask)


def update_cell_by_informativeness(f: tf.Tensor, c: tf.Tensor, i: tf.Tensor, g: tf.Tensor, r: tf.Tensor) -> tf.Tensor:
    """Implements Eq. (11): c_n = f_n c_{n-1} (1 - r_n) + i_n tanh(...) r_n. All are [B, u], r [B, 1].

    By this equation a step with r = 1 forgets all that came before it, and one with r = 0 adds nothing.
    """
    return f * c * (1.0 - r) + i * g * r


def refine_memory(attention: tf.Tensor, memory: tf.Tensor, w_f: tf.Tensor) -> tf.Tensor:
    """Implements Eq. (12): F = ReLU(W_F [attention; F]), no bias; [B, u], [B, u] and [2u, u] -> [B, u]."""
    return tf.nn.relu(tf.concat([attention, memory], axis=-1) @ w_f)
