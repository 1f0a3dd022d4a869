import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import GCALSTM, GCALSTMCell
from drl4ser.layers.equations import normalize_gates
from drl4ser.layers.fast import normalize_gates as fast_normalize_gates
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_reload,
    check_three_ways,
    gradients,
    needs_bfloat16,
    padded_batch,
    random,
    randomize,
)
from tests.reference import gca_lstm as reference
from tests.reference.lstm import lstm


def built(dim=8, **kwargs):
    layer = GCALSTM(units=6, **kwargs)
    layer.build((None, None, dim))
    randomize(layer)
    return layer


def by_reference(x, layer):
    hidden = lstm(x, *(np.asarray(w) for w in layer.encoder.weights))
    cell = [np.asarray(w) for w in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)]
    weights = [np.asarray(w) for w in (layer.w_e2, layer.w_e1, layer.w_f)]
    return reference.refine(hidden, cell, *weights, layer.iterations, layer.gate_normalization)


@pytest.mark.parametrize("filler", [0.0, np.nan])
@pytest.mark.parametrize("normalization", ["minmax", "softmax"])
def test_matches_the_equations_utterance_by_utterance(normalization, filler):
    layer = built(gate_normalization=normalization)
    x, mask = padded_batch(num_steps=9, filler=filler)
    y, r = layer(x, mask=mask, return_informativeness=True)
    assert r.shape == (4, 3, 9)
    for b, n in enumerate(LENGTHS):
        expected, gates = by_reference(x[b, :n], layer)
        np.testing.assert_allclose(y[b], expected, atol=1e-5)
        np.testing.assert_allclose(r[b, :, :n], gates, atol=1e-5)
        assert np.all(r[b, :, n:] == 0)


def test_without_mask_all_steps_are_real():
    layer, x = built(), random(2, 5, 8)
    for row, y in zip(x, np.array(layer(x)), strict=True):
        np.testing.assert_allclose(y, by_reference(row, layer)[0], atol=1e-5)


def test_gradients_of_a_padded_batch_are_the_sum_over_its_utterances():
    layer = built()
    x, mask = padded_batch(num_steps=9, filler=np.nan)
    weight = random(4, 6, seed=3)
    batch = gradients(layer, x, weight, mask=mask)
    assert np.all(np.asarray(batch[0])[~mask] == 0)
    total = 0.0
    for b, n in enumerate(LENGTHS):
        alone = gradients(layer, x[b : b + 1, :n], weight[b : b + 1])
        np.testing.assert_allclose(batch[0][b, :n], alone[0][0], atol=1e-5)
        total = [t + g for t, g in zip(total, alone[1:], strict=True)] if total else alone[1:]
    for a, b in zip(batch[1:], total, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_second_layer_is_the_cell_in_a_keras_rnn():
    layer = built(iterations=1)
    x, mask = padded_batch(num_steps=9)
    _, r = layer(x, mask=mask, return_informativeness=True)
    hidden, memory, _ = layer.encoder(x, mask=mask)
    attention = keras.layers.RNN(layer.cell)(np.concatenate([hidden, np.array(r)[:, 0, :, None]], -1), mask=mask)
    expected = np.maximum(np.concatenate([attention, memory], -1) @ np.asarray(layer.w_f), 0)
    np.testing.assert_allclose(layer(x, mask=mask), expected, atol=1e-5)


def test_cell_matches_the_equations():
    cell = GCALSTMCell(6)
    inputs, r = random(2, 5, 8), np.random.default_rng(0).random((2, 5, 1)).astype("float32")
    rnn = keras.layers.RNN(cell)
    rnn(np.concatenate([inputs, r], -1))
    randomize(cell)
    weights = [np.asarray(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    assert [w.shape for w in weights] == [(8, 24), (6, 24), (24,)]
    for b, y in enumerate(np.array(rnn(np.concatenate([inputs, r], -1)))):
        np.testing.assert_allclose(y, reference.second_layer(inputs[b], r[b, :, 0], *weights), atol=1e-5)


def test_cell_starts_with_a_forget_bias_of_one():
    cell = GCALSTMCell(2)
    cell.build((None, 4))
    np.testing.assert_array_equal(cell.bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_a_fully_informative_step_forgets_all_before_it():
    cell = GCALSTMCell(3)
    state = [random(1, 3, seed=1), random(1, 3, seed=2)]
    other = [state[0], state[1] + 7.0]
    inputs = np.concatenate([random(1, 4), np.ones((1, 1), "float32")], -1)
    np.testing.assert_allclose(cell(inputs, state)[0], cell(inputs, other)[0], atol=1e-6)


@pytest.mark.parametrize("normalize", [normalize_gates, fast_normalize_gates])
def test_gates_of_ties_and_single_steps_are_one(normalize):
    e = tf.constant([[0.3, 0.3, 0.3], [2.0, 7.0, 8.0], [1.0, 1.0, 5.0]])
    mask = np.array([[True, True, True], [True, False, False], [True, True, False]])
    np.testing.assert_array_equal(normalize(e, mask), [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(normalize(e[:1], None), [[1, 1, 1]])
    with tf.GradientTape() as tape:
        tape.watch(e)
        y = tf.reduce_sum(normalize(e, mask) ** 2)
    np.testing.assert_array_equal(tape.gradient(y, e), np.zeros((3, 3)))


def test_gates_are_exact_for_scores_that_hardly_differ():
    e = np.array([[1e-6, 2e-6, 4e-6]], "float32")
    np.testing.assert_allclose(fast_normalize_gates(tf.constant(e), None), [[0, 1 / 3, 1]], atol=1e-4)
    e = np.array([[-200.0, 0.0, 200.0]], "float32")
    np.testing.assert_array_equal(fast_normalize_gates(tf.constant(e), None), [[0, 0, 1]])


def test_an_utterance_without_real_steps_is_zero_with_finite_gradients():
    layer = built()
    x, mask = padded_batch(lengths=(3, 0), filler=np.nan)
    assert np.all(layer(x, mask=mask)[1] == 0)
    assert all(np.all(np.isfinite(g)) for g in gradients(layer, x, mask=mask))


def test_conventions():
    x, mask = padded_batch()
    check_three_ways(lambda: GCALSTM(6, 2, "softmax"), x, mask=mask)
    check_every_weight_learns(GCALSTM(6), x, mask=mask)
    check_three_ways(lambda: GCALSTM(6), x)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_reload(tmp_path):
    x, mask = padded_batch()
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, GCALSTM(6, 2)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)


def test_one_trace_serves_all_lengths():
    layer = built()
    traced = tf.function(layer, input_signature=[tf.TensorSpec([None, None, 8])])
    for shape in ((2, 5, 8), (1, 1, 8), (3, 11, 8)):
        np.testing.assert_allclose(traced(random(*shape)), layer(random(*shape)), atol=1e-6)
    assert traced.experimental_get_tracing_count() == 1


@needs_bfloat16
def test_gates_are_float32_under_bfloat16():
    x, mask = padded_batch()
    y, r = GCALSTM(6, dtype="mixed_bfloat16")(x, mask=mask, return_informativeness=True)
    assert y.dtype == "bfloat16"
    assert r.dtype == tf.float32
    np.testing.assert_array_equal(np.max(r, axis=-1), 1.0)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"iterations": 0}, "`iterations` must be at least 1. Received: iterations=0"),
        ({"gate_normalization": "sigmoid"}, "gate_normalization='sigmoid'"),
        ({"units": 0}, "units"),
    ],
)
def test_errors(kwargs, message):
    with pytest.raises(ValueError, match=message):
        GCALSTM(**kwargs)
