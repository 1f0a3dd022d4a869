import keras
import numpy as np
import pytest

from drl4ser.layers import MaskedBatchNormalization
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_three_ways,
    gradients,
    needs_bfloat16,
    padded_batch,
    random,
    randomize,
)
from tests.reference.batch_norm import batch_norm


def built(dim=8, **kwargs):
    layer = MaskedBatchNormalization(**kwargs)
    layer.build((None, None, dim))
    randomize(layer)
    return layer


def test_training_uses_the_statistics_of_the_real_frames():
    layer = built(momentum=0.8)
    x, mask = padded_batch(filler=3.0)
    old = [np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)]
    utterances = [row[:n] for row, n in zip(x, LENGTHS, strict=True)]
    expected, mean, variance = batch_norm(utterances, np.asarray(layer.gamma), np.asarray(layer.beta), 1e-3)
    y = np.array(layer(x, mask=mask, training=True))
    for row, want, n in zip(y, expected, LENGTHS, strict=True):
        np.testing.assert_allclose(row[:n], want, atol=1e-5)
        assert np.all(row[n:] == 0)
    np.testing.assert_allclose(layer.moving_mean, 0.8 * old[0] + 0.2 * mean, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.8 * old[1] + 0.2 * variance, atol=1e-5)


def test_inference_uses_the_moving_statistics():
    layer = built()
    x, mask = padded_batch()
    scale = np.asarray(layer.gamma) / np.sqrt(np.asarray(layer.moving_variance) + 1e-3)
    expected = (x - np.asarray(layer.moving_mean)) * scale + np.asarray(layer.beta)
    np.testing.assert_allclose(layer(x, mask=mask), np.where(mask[:, :, None], expected, 0), atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_without_mask_it_is_keras_batch_normalization(training):
    layer, x = built(), random(3, 5, 8)
    peer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    peer.build(x.shape)
    peer.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x, training=training), peer(x, training=training), atol=1e-5)
    for ours, theirs in zip(layer.weights, peer.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for ours, theirs in zip(gradients(layer, x, training=training), gradients(peer, x, training=training), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_padding_changes_neither_values_nor_gradients():
    short, mask = padded_batch()
    long, long_mask = padded_batch(num_steps=12, filler=9.0)
    weight = random(*short.shape, seed=3) * mask[:, :, None]
    long_weight = np.pad(weight, [(0, 0), (0, 5), (0, 0)])
    a, b = built(), built()
    a_gradients = gradients(a, short, weight, mask=mask, training=True)
    b_gradients = gradients(b, long, long_weight, mask=long_mask, training=True)
    np.testing.assert_allclose(b_gradients[0][:, :7], a_gradients[0], atol=1e-5)
    np.testing.assert_array_equal(b_gradients[0][~long_mask], 0)
    for x, y in zip(a_gradients[1:], b_gradients[1:], strict=True):
        np.testing.assert_allclose(x, y, atol=1e-5)


def test_statistics_survive_a_large_mean():
    x = 100.0 + random(8, 50, 8)
    y = np.array(MaskedBatchNormalization(epsilon=0.0)(x, mask=np.ones((8, 50), bool), training=True))
    np.testing.assert_allclose(y.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(y.std(axis=(0, 1)), 1, atol=1e-3)


def test_batch_without_real_frames_is_finite():
    x = random(2, 3, 8)
    assert np.all(built()(x, mask=np.zeros((2, 3), bool), training=True) == 0)


def test_conventions():
    x, mask = padded_batch()
    check_three_ways(lambda: MaskedBatchNormalization(momentum=0.7, epsilon=0.01), x, mask=mask)
    check_every_weight_learns(MaskedBatchNormalization(), x, mask=mask, training=True)


@needs_bfloat16
def test_statistics_are_float32_under_bfloat16():
    layer = MaskedBatchNormalization(dtype="mixed_bfloat16")
    y = layer(random(2, 3, 8), training=True)
    assert y.dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in layer.weights)
