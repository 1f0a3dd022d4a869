"""The convolution against NumPy sums, and its gradients against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import TemporalConv
from drl4ser.layers.fast import convolve
from tests.layers.harness import check_three_ways, needs_bfloat16, random

# Size, strides, frames.
SHAPES = [
    (1, 1, 1),
    (1, 2, 8),
    (1, 2, 7),
    (3, 1, 9),
    (5, 2, 12),
    (5, 2, 3),
    (10, 2, 31),
    (10, 2, 1),
    (4, 3, 4),
    (4, 3, 8),
    (4, 3, 7),
    (3, 4, 9),
]
PLACES = ("size", "strides", "num_frames")


def zeros_around(size):
    """How many go before the first frame and after the last."""
    return (size - 1) // 2, size // 2


@pytest.mark.parametrize(PLACES, SHAPES)
def test_equals_the_sum(size, strides, num_frames):
    x, kernel = random(2, num_frames, 3), random(size, 3, 4, seed=1)
    padded = np.pad(x, [(0, 0), zeros_around(size), (0, 0)])
    wanted = np.stack(
        [np.einsum("bkd,kdf->bf", padded[:, n:][:, :size], kernel) for n in range(0, num_frames, strides)], axis=1
    )
    ours = convolve(tf.constant(x), tf.constant(kernel), strides)
    np.testing.assert_allclose(ours, wanted, atol=1e-5)


@pytest.mark.parametrize(PLACES, SHAPES)
def test_gradients_are_tensorflows(size, strides, num_frames):
    x, kernel = tf.constant(random(2, num_frames, 3)), tf.constant(random(size, 3, 4, seed=1))

    def gradients(function):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            loss = tf.reduce_sum(tf.sin(function(x, kernel, strides)))
        return tape.gradient(loss, [x, kernel])

    def reference(x, kernel, strides):
        return tf.nn.conv1d(tf.pad(x, [[0, 0], zeros_around(size), [0, 0]]), kernel, strides, "VALID")

    for ours, wanted in zip(gradients(convolve), gradients(reference), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-5)


def test_the_layer_runs_in_all_ways():
    check_three_ways(lambda: TemporalConv(4, 5, 2, name="conv"), tf.constant(random(2, 12, 3)))
    layer = TemporalConv(4, 5, 2)
    layer(random(2, 12, 3))
    assert [weight.path.split("/")[-1] for weight in layer.weights] == ["kernel"]


@needs_bfloat16
def test_the_layer_computes_in_the_dtype_of_its_policy():
    layer = TemporalConv(4, 5, dtype="mixed_bfloat16")
    assert layer(random(2, 12, 3)).dtype == tf.bfloat16
    assert layer.kernel.dtype == "float32"
