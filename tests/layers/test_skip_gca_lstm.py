import keras
import numpy as np
import pytest

from drl4ser.layers import SkipGCALSTM
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_padding_gets_no_gradient,
    check_reload,
    check_three_ways,
    padded_batch,
    randomize,
)
from tests.reference import gca_lstm as reference
from tests.reference.lstm import lstm


def by_reference(x, layer):
    hidden = lstm(x, *(np.asarray(w) for w in layer.encoder.weights)) + x.astype(np.float64) @ np.asarray(layer.w_s)
    centred = hidden - hidden.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + layer.norm.epsilon)
    hidden = scaled * np.asarray(layer.norm.gamma) + np.asarray(layer.norm.beta)
    cell = [np.asarray(w) for w in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)]
    weights = [np.asarray(w) for w in (layer.w_e2, layer.w_e1, layer.w_f)]
    return reference.refine(hidden, cell, *weights, layer.iterations, layer.gate_normalization)


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_matches_the_equations_utterance_by_utterance(filler):
    layer, (x, mask) = SkipGCALSTM(6), padded_batch(num_steps=9, filler=filler)
    layer.build((None, None, 8))
    randomize(layer)
    y, r = layer(x, mask=mask, return_informativeness=True)
    for b, n in enumerate(LENGTHS):
        expected, gates = by_reference(x[b, :n], layer)
        np.testing.assert_allclose(y[b], expected, atol=1e-5)
        np.testing.assert_allclose(r[b, :, :n], gates, atol=1e-5)
    np.testing.assert_allclose(layer(x[:1, :7])[0], by_reference(x[0, :7], layer)[0], atol=1e-5)


def test_without_real_steps_zeros_and_no_gradient_to_the_padding():
    x, mask = padded_batch((3, 0), num_steps=5, filler=np.nan)
    assert np.all(np.asarray(SkipGCALSTM(6)(x, mask=mask))[1] == 0)
    check_padding_gets_no_gradient(SkipGCALSTM(6), x, mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: SkipGCALSTM(6, 2, "softmax"), x, mask=mask)
    check_every_weight_learns(SkipGCALSTM(6), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, SkipGCALSTM(6)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)
