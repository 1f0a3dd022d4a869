"""The shapes and types that layers declare are those that they return."""

import keras
import pytest
import tensorflow as tf

from drl4ser.layers import GCALSTM, ResidualConvGroup, SkipGCALSTM, StackedLSTM
from tests.layers.harness import needs_bfloat16, padded_batch, policy

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
