import keras
import numpy as np

from drl4ser.layers import FrameDense
from tests.layers.harness import (
    check_every_weight_learns,
    check_padding_gets_no_gradient,
    check_reload,
    check_three_ways,
    padded_batch,
    randomize,
)


def test_every_real_step_gets_what_a_dense_layer_gives_it():
    x, mask = padded_batch(num_steps=9, filler=np.nan)
    layer, dense = FrameDense(5), keras.layers.Dense(5, activation="relu")
    layer(x, mask=mask)
    randomize(layer)
    dense.build((None, 8))
    dense.set_weights(layer.get_weights())
    y = np.asarray(layer(x, mask=mask))
    np.testing.assert_allclose(y[mask], dense(x[mask]), atol=1e-6)
    assert np.all(y[~mask] == 0)


def test_padding_gets_no_gradient():
    check_padding_gets_no_gradient(FrameDense(5), *padded_batch(num_steps=9, filler=np.nan))


def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: FrameDense(5), x, mask=mask)
    check_every_weight_learns(FrameDense(5), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, FrameDense(5)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)
