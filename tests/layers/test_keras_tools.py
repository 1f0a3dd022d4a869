"""What Keras and TensorFlow offer for any layer works with these: exports, frozen layers, Jacobians."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import MeanPooling, TemporalConv
from tests.layers.harness import ON_SEQUENCES, make_layer, random, randomize

WITHOUT_WEIGHTS = ("MaxPooling", "MeanPooling", "Functionals")


def make_model(name):
    """The layer and a dense layer on the mean of its output."""
    inputs = keras.Input((None, 4))
    layer = make_layer(name)
    outputs = layer(inputs)
    if len(outputs.shape) == 3:
        outputs = MeanPooling()(outputs)
    return keras.Model(inputs, keras.layers.Dense(2)(outputs)), layer


@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_keras_exports_a_model_of_the_layer(name, tmp_path):
    model, _ = make_model(name)
    randomize(model)
    model.export(tmp_path / "served", verbose=False)
    x = random(3, 7, 4)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(x), model(x), atol=1e-5)


@pytest.mark.parametrize("name", [name for name in ON_SEQUENCES if name not in WITHOUT_WEIGHTS])
def test_a_frozen_layer_stays_as_it_is(name):
    """Its moving statistics too: who trains a classifier on it gets the features that it had."""
    model, layer = make_model(name)
    layer.trainable = False
    before, x = layer.get_weights(), 3 + 2 * random(8, 7, 4)
    model.compile("sgd", "mse")
    features = layer(x)
    np.testing.assert_array_equal(layer(x, training=True) if layer._call_has_training_arg else layer(x), features)
    model.fit(x, np.ones((8, 2)), verbose=0)
    for weight, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    layer.trainable = True
    model.compile("sgd", "mse")
    model.fit(x, np.ones((8, 2)), verbose=0)
    assert any((weight != old).any() for weight, old in zip(layer.get_weights(), before, strict=True))


@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_a_jacobian_is_as_one_made_row_by_row(name):
    """`tf.GradientTape.jacobian` vectorises the gradient, which was made by an eager call."""
    layer, x = make_layer(name), tf.constant(random(2, 5, 4))
    layer(x)
    randomize(layer)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.reshape(layer(x), [-1])[:6]
        rows = tf.unstack(y)
    zero = tf.UnconnectedGradients.ZERO  # positions of extremes have no gradient
    expected = [tape.gradient(row, x, unconnected_gradients=zero) for row in rows]
    np.testing.assert_allclose(tape.jacobian(y, x, unconnected_gradients=zero), tf.stack(expected), atol=1e-5)


@pytest.mark.parametrize(
    "chosen",
    [
        {"dilation_rate": 2},
        {"activation": "relu"},
        {"padding": "causal"},
        {"groups": 2},
        {"use_bias": True},
        {"data_format": "channels_first"},
    ],
)
def test_what_the_convolution_would_ignore_is_refused(chosen):
    (argument,) = chosen
    with pytest.raises(ValueError, match=f"`{argument}` cannot be chosen for the convolution of Eq. .1.. Received"):
        TemporalConv(2, 3, **chosen)


def test_the_convolution_reads_channels_last_whatever_keras_is_set_to():
    expected = TemporalConv(2, 3, kernel_initializer="ones")(random(1, 9, 1))
    keras.config.set_image_data_format("channels_first")
    try:
        found = TemporalConv(2, 3, kernel_initializer="ones")(random(1, 9, 1))
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(found, expected)
