import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import BidirectionalLSTM
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_padding_gets_no_gradient,
    check_reload,
    check_three_ways,
    gradients,
    needs_bfloat16,
    padded_batch,
    randomize,
)
from tests.reference.lstm import lstm


def built(dim=8):
    layer = BidirectionalLSTM(6)
    layer.build((None, None, dim))
    randomize(layer)
    return layer


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_the_backward_layer_begins_at_the_last_real_step(filler):
    layer = built()
    x, mask = padded_batch(num_steps=9, filler=filler)
    y = np.asarray(layer(x, mask=mask))
    weights = [np.asarray(weight) for weight in layer.weights]
    for b, n in enumerate(LENGTHS):
        np.testing.assert_allclose(y[b, :n, :6], lstm(x[b, :n], *weights[:3]), atol=1e-5)
        np.testing.assert_allclose(y[b, :n, 6:], lstm(x[b, :n][::-1], *weights[3:])[::-1], atol=1e-5)
        assert np.all(y[b, n:] == 0)


def test_values_and_gradients_are_those_of_keras():
    layer = built()
    x, mask = padded_batch(num_steps=9)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    both = keras.layers.Bidirectional(keras.layers.LSTM(6, return_sequences=True))
    peer = keras.Model(inputs, both(inputs[0], mask=inputs[1]))
    peer.set_weights(layer.get_weights())
    theirs = peer([tf.constant(x), tf.constant(mask)])
    np.testing.assert_allclose(np.asarray(layer(x, mask=mask))[mask], np.asarray(theirs)[mask], atol=1e-5)
    weight = np.where(mask[:, :, None], np.random.default_rng(3).normal(size=theirs.shape), 0)
    weight = weight.astype("float32")
    ours = gradients(layer, x, weight, mask=mask)
    theirs = gradients(lambda x: peer([x, tf.constant(mask)]), x, weight, variables=peer.trainable_variables)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_padding_gets_no_gradient_also_in_an_utterance_without_real_steps():
    check_padding_gets_no_gradient(built(), *padded_batch((3, 0), num_steps=5, filler=np.nan))


def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: BidirectionalLSTM(6), x, mask=mask)
    check_three_ways(lambda: BidirectionalLSTM(6), x)
    check_every_weight_learns(BidirectionalLSTM(6), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, BidirectionalLSTM(6)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)


@needs_bfloat16
def test_bfloat16_stays_close():
    x, mask = padded_batch()
    layer, half = built(), BidirectionalLSTM(6, dtype="mixed_bfloat16")
    half(x, mask=mask)
    half.set_weights(layer.get_weights())
    y = half(x, mask=mask)
    assert y.dtype == "bfloat16"
    np.testing.assert_allclose(tf.cast(y, tf.float32), layer(x, mask=mask), atol=0.03)
