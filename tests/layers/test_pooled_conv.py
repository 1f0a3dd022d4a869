import keras
import numpy as np
import pytest

from drl4ser.layers import PooledConv, downsample_mask
from drl4ser.layers.conv import pool_maximum
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_padding_gets_no_gradient,
    check_reload,
    check_three_ways,
    padded_batch,
    random,
    randomize,
)
from tests.reference.pooling import max_pooling


@pytest.mark.parametrize("num_steps", [1, 3, 4, 9])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_maximum_of_every_window(num_steps, size):
    x = np.abs(random(3, num_steps, 5))
    pooled = pool_maximum(x, size)
    for b in range(3):
        np.testing.assert_array_equal(pooled[b], max_pooling(x[b], size))
        np.testing.assert_array_equal(pool_maximum(x)[b], x[b].max(axis=0))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("strides", "pool_size"), [(1, None), (2, 4), (1, 2)])
def test_nothing_in_the_padding_counts(strides, pool_size, training):
    layer = PooledConv(6, 3, strides, pool_size)
    x, mask = padded_batch()
    layer(x, mask=mask)
    randomize(layer)
    weights = layer.get_weights()
    short = np.asarray(layer(x, mask=mask, training=training))
    layer.set_weights(weights)
    x, mask = padded_batch(num_steps=23, filler=np.nan)
    long = np.asarray(layer(x, mask=mask, training=training))
    if pool_size is None:
        np.testing.assert_allclose(long, short, atol=1e-5)
        return
    real = np.asarray(downsample_mask(mask, strides * pool_size))
    np.testing.assert_allclose(long[:, : short.shape[1]], short, atol=1e-5)
    assert np.all(long[~real] == 0) and real.shape == long.shape[:2]


def test_alone_as_in_a_batch():
    layer = PooledConv(6, 3, 2, 2)
    x, mask = padded_batch(num_steps=11, filler=np.nan)
    layer(x, mask=mask)
    randomize(layer)
    together = layer(x, mask=mask)
    for b, n in enumerate(LENGTHS):
        alone = layer(x[b : b + 1, :n])[0]
        np.testing.assert_allclose(together[b, : len(alone)], alone, atol=1e-5)


def test_padding_gets_no_gradient():
    check_padding_gets_no_gradient(PooledConv(6, 3, 1, 2), *padded_batch((5, 0), num_steps=8, filler=np.nan))


def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: PooledConv(6, 3, 2, 2), x, mask=mask)
    check_every_weight_learns(PooledConv(6, 3), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, PooledConv(6, 3, 1, 2)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)
    with pytest.raises(ValueError, match="pool_size=0"):
        PooledConv(6, 3, pool_size=0)
