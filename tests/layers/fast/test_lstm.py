import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import lstm as lstm_module
from drl4ser.layers.fast.lstm import CHUNK, run_lstm
from drl4ser.layers.lstm import encode_sequence
from tests.layers.harness import needs_bfloat16, padded_batch, random, randomize


def built(units=6, dim=8):
    lstm = keras.layers.LSTM(units, return_sequences=True, return_state=True)
    lstm.build((None, None, dim))
    randomize(lstm)
    return lstm


def value_and_gradients(lstm, run, x, weight):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        hidden = run(x)
        loss = tf.reduce_sum(hidden * weight)
    return [hidden, *tape.gradient(loss, [x, *lstm.trainable_variables])]


def run_ours(lstm, x):
    weights = [tf.convert_to_tensor(weight) for weight in lstm.weights]
    return tf.transpose(run_lstm(tf.transpose(x, [1, 0, 2]), *weights), [1, 0, 2])


@pytest.mark.parametrize("num_steps", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_values_and_gradients_are_those_of_keras_at_any_length(num_steps):
    lstm, x, weight = built(), random(3, num_steps, 8), random(3, num_steps, 6, seed=1)
    ours = value_and_gradients(lstm, lambda x: run_ours(lstm, x), x, weight)
    keras_lstm = value_and_gradients(lstm, lambda x: lstm(x)[0], x, weight)
    for a, b in zip(ours, keras_lstm, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5)


def test_one_trace_serves_all_lengths():
    lstm = built()
    signature = [tf.TensorSpec([None, None, 8]), tf.TensorSpec([None, None, 6])]

    @tf.function(input_signature=signature)
    def traced(x, weight):
        return value_and_gradients(lstm, lambda x: run_ours(lstm, x), x, weight)

    for shape in ((2, 5), (1, 1), (3, 2 * CHUNK + 1)):
        x, weight = random(*shape, 8), random(*shape, 6, seed=1)
        eager = value_and_gradients(lstm, lambda x: run_ours(lstm, x), x, weight)
        for a, b in zip(traced(x, weight), eager, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    assert traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("lengths", [(7, 4, 1, 6), (3, 0)])
def test_the_route_by_cudnn_gives_the_same(lengths, monkeypatch):
    x, mask = padded_batch(lengths=lengths, num_steps=9, filler=np.nan)
    lstms = [built(), built(dim=6)]
    hidden, last = encode_sequence(lstms, x, mask)
    monkeypatch.setattr(lstm_module, "has_gpu", lambda: True)
    other_hidden, other_last = encode_sequence(lstms, x, mask)
    np.testing.assert_allclose(last, other_last, atol=1e-6)
    np.testing.assert_allclose(np.asarray(hidden)[mask], np.asarray(other_hidden)[mask], atol=1e-6)
    assert np.all(np.isfinite(hidden))


@needs_bfloat16
def test_bfloat16_keeps_its_type_and_stays_close():
    lstm, x = built(), random(3, 20, 8)
    weights = [tf.cast(weight, tf.bfloat16) for weight in lstm.weights]
    hidden = run_lstm(tf.cast(tf.transpose(x, [1, 0, 2]), tf.bfloat16), *weights)
    assert hidden.dtype == tf.bfloat16
    exact = np.swapaxes(lstm(x)[0], 0, 1)
    np.testing.assert_allclose(tf.cast(hidden, tf.float32), exact, atol=0.05)
