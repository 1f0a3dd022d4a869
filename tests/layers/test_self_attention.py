import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import MultiHeadSelfAttention
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
from tests.reference.attention import self_attention


def built(num_heads=4, dim=8):
    layer = MultiHeadSelfAttention(num_heads)
    layer.build((None, None, dim))
    randomize(layer)
    return layer


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_matches_the_equations_utterance_by_utterance(filler):
    layer = built()
    x, mask = padded_batch(num_steps=9, filler=filler)
    y, attention = layer(x, mask=mask, return_attention=True)
    weights = [np.asarray(w) for w in (layer.w_q, layer.w_k, layer.w_v, layer.w_o)]
    for b, n in enumerate(LENGTHS):
        expected, expected_attention = self_attention(x[b, :n], *weights, num_heads=4)
        np.testing.assert_allclose(y[b, :n], expected, atol=1e-5)
        np.testing.assert_allclose(attention[b, :, :n, :n], expected_attention, atol=1e-5)
        assert np.all(y[b, n:] == 0)
        assert np.all(attention[b, :, n:] == 0)
        assert np.all(attention[b, :, :, n:] == 0)


def test_weights_are_four_square_matrices():
    layer = built(dim=12)
    assert [w.name for w in layer.weights] == ["w_q", "w_k", "w_v", "w_o"]
    assert {tuple(w.shape) for w in layer.weights} == {(12, 12)}


def test_gradients_of_a_padded_batch_are_the_sum_over_its_utterances():
    layer = built()
    x, mask = padded_batch(num_steps=9, filler=np.nan)
    weight = random(*x.shape, seed=3) * mask[:, :, None]
    batch = gradients(layer, x, weight, mask=mask)
    assert np.all(np.asarray(batch[0])[~mask] == 0)
    total = 0.0
    for b, n in enumerate(LENGTHS):
        alone = gradients(layer, x[b : b + 1, :n], weight[b : b + 1, :n])
        np.testing.assert_allclose(batch[0][b, :n], alone[0][0], atol=1e-5)
        total = [t + g for t, g in zip(total, alone[1:], strict=True)] if total else alone[1:]
    for a, b in zip(batch[1:], total, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_an_utterance_without_real_steps_is_zero_with_finite_gradients():
    layer = built()
    x = np.full((1, 3, 8), np.nan, "float32")
    mask = np.zeros((1, 3), bool)
    assert np.all(layer(x, mask=mask) == 0)
    assert all(np.all(np.asarray(g) == 0) for g in gradients(layer, x, mask=mask))


def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: MultiHeadSelfAttention(2), x, mask=mask)
    check_every_weight_learns(MultiHeadSelfAttention(), x, mask=mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_reload(tmp_path):
    x, mask = padded_batch()
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    outputs = MultiHeadSelfAttention(2)(inputs[0], mask=inputs[1])
    check_reload(inputs, outputs, [x, mask], tmp_path)


@needs_bfloat16
def test_softmax_is_float32_under_bfloat16():
    layer = MultiHeadSelfAttention(dtype="mixed_bfloat16")
    y, attention = layer(random(2, 5, 8), return_attention=True)
    assert y.dtype == "bfloat16"
    assert attention.dtype == tf.float32
    np.testing.assert_allclose(np.sum(attention, axis=-1), 1.0, atol=1e-6)


def test_errors():
    with pytest.raises(ValueError, match=r"multiple of `num_heads`\. Received: 8 features, num_heads=3"):
        MultiHeadSelfAttention(3)(random(1, 2, 8))
    with pytest.raises(ValueError, match="num_heads=0"):
        MultiHeadSelfAttention(0)
