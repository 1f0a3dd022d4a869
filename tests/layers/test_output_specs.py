"""The shapes and types that layers declare are those that they return, and Keras' own wrappers can use them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser import layers
from drl4ser.layers import GCALSTM, ResidualConvGroup, SkipGCALSTM, StackedLSTM
from tests.layers.harness import ON_SEQUENCES, make_layer, needs_bfloat16, padded_batch, policy, random

LAYERS = {
    "one convolution": (lambda: ResidualConvGroup(4, 3, num_blocks=0), ""),
    "blocks": (lambda: ResidualConvGroup(4, 3), ""),
    "attention": (lambda: ResidualConvGroup(4, 3, num_heads=2, strides=1), "return_attention"),
    "gca_lstm": (lambda: GCALSTM(3, iterations=2), "return_informativeness"),
    "skip_gca_lstm": (lambda: SkipGCALSTM(3), "return_informativeness"),
    "stacked_lstm": (lambda: StackedLSTM(3, num_layers=2), ""),
}


def describe(tensors):
    """Shapes and types."""
    return tf.nest.map_structure(lambda item: (tuple(item.shape), tf.as_dtype(item.dtype).name), tensors)


@pytest.mark.parametrize("dtype", ["float32", "float64", pytest.param("mixed_bfloat16", marks=needs_bfloat16)])
@pytest.mark.parametrize("name", LAYERS)
def test_a_symbolic_call_is_as_a_real_one(name, dtype):
    make, argument = LAYERS[name]
    x, mask = padded_batch(dim=5)
    for options in ({}, {argument: True}) if argument else ({},):
        with policy(dtype):
            layer = make()
        symbols = keras.KerasTensor(x.shape), keras.KerasTensor(mask.shape, "bool")
        said = layer(symbols[0], mask=symbols[1], **options)
        assert all(variable.shape for variable in layer.trainable_variables)
        real = layer(tf.constant(x), mask=tf.constant(mask), **options)
        assert describe(said) == describe(real)
        open_ended = layer(keras.KerasTensor((None, None, 5)), **options)
        for found, given in zip(tf.nest.flatten(open_ended), tf.nest.flatten(said), strict=True):
            assert found.dtype == given.dtype
            assert all(a in (None, b) for a, b in zip(found.shape, given.shape, strict=True))


@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_layers_read_each_turn_of_a_dialogue(name):
    """`keras.layers.TimeDistributed` declares and gives what the layer gives for each turn alone."""
    turns = random(2, 3, 7, 4)
    for shape in ((3, 7, 4), (None, 7, 4), (None, None, 4)):
        layer = make_layer(name)
        inputs = keras.Input(shape)
        outputs = keras.layers.TimeDistributed(layer)(inputs)
        found = keras.Model(inputs, outputs)(turns)
        alone = np.stack([layer(turns[:, turn]) for turn in range(3)], axis=1)
        np.testing.assert_allclose(found, alone, atol=1e-5)
        assert all(a in (None, b) for a, b in zip(outputs.shape[1:], alone.shape[1:], strict=True))


@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_the_shape_of_the_output_is_known_before_the_layer_is_built(name):
    layer = make_layer(name)
    declared = layer.compute_output_shape((2, 7, 4))
    assert all(a in (None, b) for a, b in zip(declared, layer(random(2, 7, 4)).shape, strict=True))


@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_a_single_utterance_is_refused_with_the_shape_that_is_expected(name):
    with pytest.raises(ValueError, match="ndim=3, found ndim=2"):
        make_layer(name)(random(7, 4))


@pytest.mark.filterwarnings("ignore:Model doesn't support `jit_compile=True`")
@pytest.mark.parametrize("name", ON_SEQUENCES)
def test_a_model_that_is_to_be_compiled_by_xla_trains(name):
    """Keras compiles what can be compiled; layers with loops of their own tell it that they cannot."""
    x, y = random(4, 7, 4), np.array([0, 1, 1, 0])
    weights = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((None, 4))
        outputs = make_layer(name)(inputs)
        if len(outputs.shape) == 3:
            outputs = layers.MeanPooling()(outputs)
        model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(outputs))
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit_compile)
        model.fit(x, y, batch_size=4, verbose=0)
        weights.append(model.get_weights())
    for plain, compiled in zip(*weights, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-5)
