import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import StackedLSTM
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_reload,
    check_three_ways,
    gradients,
    needs_bfloat16,
    padded_batch,
    randomize,
)
from tests.reference.lstm import lstm


def built(num_layers=2, dim=8):
    layer = StackedLSTM(6, num_layers)
    layer.build((None, None, dim))
    randomize(layer)
    return layer


@pytest.mark.parametrize("filler", [0.0, np.nan])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_matches_the_equations_utterance_by_utterance(num_layers, filler):
    layer = built(num_layers)
    x, mask = padded_batch(num_steps=9, filler=filler)
    y = layer(x, mask=mask)
    for b, n in enumerate(LENGTHS):
        hidden = x[b, :n]
        for i in range(num_layers):
            hidden = lstm(hidden, *(np.asarray(w) for w in layer.weights[3 * i : 3 * i + 3]))
        np.testing.assert_allclose(y[b], hidden[-1], atol=1e-5)


def test_values_and_gradients_are_those_of_keras():
    layer = built()
    x, mask = padded_batch(num_steps=9)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    hidden = keras.layers.LSTM(6, return_sequences=True)(inputs[0], mask=inputs[1])
    peer = keras.Model(inputs, keras.layers.LSTM(6)(hidden, mask=inputs[1]))
    peer.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x, mask=mask), peer([tf.constant(x), tf.constant(mask)]), atol=1e-5)
    ours = gradients(layer, x, mask=mask)
    theirs = gradients(lambda x: peer([x, tf.constant(mask)]), x, variables=peer.trainable_variables)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_padding_gets_no_gradient():
    x, mask = padded_batch(num_steps=9, filler=np.nan)
    gradient = gradients(built(), x, mask=mask)
    assert np.all(np.asarray(gradient[0])[~mask] == 0)
    assert all(np.all(np.isfinite(g)) for g in gradient)


def test_an_utterance_without_real_steps_is_zero_with_finite_gradients():
    x, mask = padded_batch(lengths=(3, 0), filler=np.nan)
    layer = built()
    assert np.all(layer(x, mask=mask)[1] == 0)
    assert all(np.all(np.isfinite(g)) for g in gradients(layer, x, mask=mask))


def test_conventions():
    x, mask = padded_batch()
    check_three_ways(lambda: StackedLSTM(6, 2), x, mask=mask)
    check_three_ways(lambda: StackedLSTM(6, 2), x)
    check_every_weight_learns(StackedLSTM(6, 2), x, mask=mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_reload(tmp_path):
    x, mask = padded_batch()
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, StackedLSTM(6, 2)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)


@needs_bfloat16
def test_bfloat16_stays_close():
    x, mask = padded_batch()
    layer, half = built(), StackedLSTM(6, 2, dtype="mixed_bfloat16")
    half(x, mask=mask)
    half.set_weights(layer.get_weights())
    y = half(x, mask=mask)
    assert y.dtype == "bfloat16"
    np.testing.assert_allclose(np.asarray(y).astype("float32"), layer(x, mask=mask), atol=0.03)


def test_errors():
    with pytest.raises(ValueError, match=r"`num_layers` must be at least 1\. Received: num_layers=0"):
        StackedLSTM(4, 0)
    with pytest.raises(ValueError, match="units"):
        StackedLSTM(0)
