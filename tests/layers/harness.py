"""What every layer must stand: three ways to run it, gradients, padding (see ARCHITECTURE.md, Tests)."""

import contextlib
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser import layers
from drl4ser.layers.masking import SequenceLayer

LENGTHS = (7, 4, 1, 6)
ARGUMENTS = {
    "BidirectionalLSTM": {"units": 3},
    "FrameDense": {"units": 3},
    "GCALSTM": {"units": 3},
    "MultiHeadSelfAttention": {"num_heads": 2},
    "NormalizedConv": {"filters": 4, "kernel_size": 2, "strides": 2},
    "PooledConv": {"filters": 4, "kernel_size": 3, "pool_size": 2},
    "ResidualBlock": {"filters": 4, "kernel_size": 3},
    "ResidualConvGroup": {"filters": 4, "kernel_size": 3, "num_heads": 2},
    "SkipGCALSTM": {"units": 3},
    "StackedLSTM": {"units": 3},
    "TemporalConv": {"filters": 4, "kernel_size": 3, "strides": 2},
}
# All public layers that read sequences.
ON_SEQUENCES = [
    name
    for name in layers.__all__
    if isinstance(getattr(layers, name), type)
    and issubclass(getattr(layers, name), (SequenceLayer, keras.layers.Conv1D))
]


def make_layer(name):
    """One of `ON_SEQUENCES`, small."""
    return getattr(layers, name)(**ARGUMENTS.get(name, {}))


# TensorFlow asks the processor and oneDNN obeys the variable: bfloat16 products then end the process.
needs_bfloat16 = pytest.mark.skipif(
    "ONEDNN_MAX_CPU_ISA" in os.environ, reason="oneDNN is told to be a processor that TensorFlow does not see"
)


@contextlib.contextmanager
def policy(name):
    """Layers made within compute in this type. In float64 no order of summation shows, so tolerances can be tight."""
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def padded_batch(lengths=LENGTHS, dim=8, num_steps=None, filler=0.0, seed=0):
    """x [B, T, dim] with `filler` in the padding, and its mask [B, T]."""
    num_steps = num_steps or max(lengths)
    mask = np.arange(num_steps) < np.array(lengths)[:, None]
    x = random(len(lengths), max(lengths), dim, seed=seed)
    x = np.pad(x, [(0, 0), (0, num_steps - max(lengths)), (0, 0)])
    return np.where(mask[:, :, None], x, np.float32(filler)), mask


def randomize(layer, seed=1, scale=0.5):
    """Gives all weights random values, so that no zero initialiser hides an error; variances stay positive."""
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        value = rng.normal(scale=scale, size=weight.shape)
        weight.assign(np.abs(value) + 0.5 if weight.name in ("moving_variance", "gamma") else value)


def check_three_ways(make, *args, **kwargs):
    """Eager = tf.function = saved and loaded, and `get_config` gives the same layer."""
    layer = make()
    expected = layer(*args, **kwargs)
    randomize(layer)
    expected = layer(*args, **kwargs)
    traced = tf.function(lambda *a: layer(*a, **kwargs))(*args)
    np.testing.assert_allclose(traced, expected, atol=1e-6)
    clone = type(layer).from_config(layer.get_config())
    clone(*args, **kwargs)
    clone.set_weights(layer.get_weights())
    np.testing.assert_allclose(clone(*args, **kwargs), expected, atol=1e-6)


def check_reload(inputs, outputs, values, directory):
    """A functional model of the layer gives the same after a trip through a .keras file."""
    model = keras.Model(inputs, outputs)
    randomize(model)
    model.save(directory / "layer.keras")
    loaded = keras.saving.load_model(directory / "layer.keras")
    np.testing.assert_array_equal(loaded(values), model(values))


def gradients(layer, x, weight_of_output=None, variables=None, **kwargs):
    """Gradients of a random linear function of the output with respect to x and to every weight."""
    variables = layer.trainable_variables if variables is None else variables
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **kwargs)
        weight = random(*y.shape, seed=5) if weight_of_output is None else weight_of_output
        weight = tf.cast(weight, y.dtype)
        # tf.where and not a product: the function must not read what stands in the padding.
        loss = tf.reduce_sum(tf.where(weight != 0, y * weight, 0.0))
    return tape.gradient(loss, [x, *variables])


def check_padding_gets_no_gradient(layer, x, mask):
    """Nor do the weights get anything from NaN in it."""
    layer(x, mask=mask)
    randomize(layer)
    found = [np.asarray(gradient) for gradient in gradients(layer, x, mask=mask)]
    assert np.all(found[0][~mask] == 0) and all(np.all(np.isfinite(gradient)) for gradient in found)


def check_every_weight_learns(layer, x, **kwargs):
    layer(x, **kwargs)
    randomize(layer)
    names = [variable.path for variable in layer.trainable_variables]
    for name, gradient in zip(names, gradients(layer, x, **kwargs)[1:], strict=True):
        assert gradient is not None, name
        assert np.all(np.isfinite(gradient)), name
        assert np.any(np.asarray(gradient) != 0), name
