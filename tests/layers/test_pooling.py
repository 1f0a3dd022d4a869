import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import AttentionPooling, MaxPooling, MeanPooling
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_padding_gets_no_gradient,
    check_reload,
    check_three_ways,
    needs_bfloat16,
    padded_batch,
    random,
    randomize,
)
from tests.reference.pooling import attention_pooling, max_pooling

POOLINGS = [MeanPooling, MaxPooling, AttentionPooling]


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_mean_of_the_real_steps(filler):
    x, mask = padded_batch(num_steps=9, filler=filler)
    y = MeanPooling()(x, mask=mask)
    for b, n in enumerate(LENGTHS):
        np.testing.assert_allclose(y[b], x[b, :n].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("filler", [0.0, np.nan, 99.0])
def test_maximum_of_the_real_steps(filler):
    x, mask = padded_batch(num_steps=9, filler=filler)
    y = MaxPooling()(x - 5, mask=mask)
    for b, n in enumerate(LENGTHS):
        np.testing.assert_array_equal(y[b], max_pooling(x[b, :n] - 5, size=n)[0])
    np.testing.assert_array_equal(MaxPooling()(x[:, :1]), x[:, 0])


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_attention_matches_its_equation_utterance_by_utterance(filler):
    layer = AttentionPooling()
    x, mask = padded_batch(num_steps=9, filler=filler)
    layer(x, mask=mask)
    randomize(layer)
    y, alpha = layer(x, mask=mask, return_attention=True)
    for b, n in enumerate(LENGTHS):
        expected, weights = attention_pooling(x[b, :n], np.asarray(layer.u)[:, 0])
        np.testing.assert_allclose(y[b], expected, atol=1e-5)
        np.testing.assert_allclose(alpha[b, :n], weights, atol=1e-6)
        assert np.all(np.asarray(alpha)[b, n:] == 0)


@pytest.mark.parametrize("make", POOLINGS)
def test_without_real_steps_zeros_and_no_gradient_to_the_padding(make):
    x, mask = padded_batch((3, 0), num_steps=5, filler=np.nan)
    assert np.all(np.asarray(make()(x, mask=mask))[1] == 0)
    check_padding_gets_no_gradient(make(), x, mask)


@pytest.mark.parametrize("make", POOLINGS)
def test_conventions(make, tmp_path):
    x, mask = padded_batch()
    check_three_ways(make, x, mask=mask)
    check_three_ways(make, x)
    check_every_weight_learns(make(), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, make()(inputs[0], mask=inputs[1]), [x, mask], tmp_path)


@needs_bfloat16
def test_a_mean_of_many_steps_is_exact_in_bfloat16():
    x = 3 + random(1, 2000, 4)
    pooled = MeanPooling(dtype="mixed_bfloat16")(x)
    assert pooled.dtype == tf.bfloat16
    rounded = np.asarray(tf.cast(tf.cast(x, tf.bfloat16), tf.float32)).mean(axis=1)
    np.testing.assert_allclose(tf.cast(pooled, tf.float32), rounded, rtol=2**-8)
