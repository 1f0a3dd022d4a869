import keras
import numpy as np

from drl4ser.layers import FrameDense
from tests.layers.harness import (
    check_every_weight_learns,
    check_reload,
    check_three_ways,
    gradients,
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


def test_padding_changes_no_gradient():
    x, mask = padded_batch(num_steps=9, filler=np.nan)
    layer = FrameDense(5)
    layer(x, mask=mask)
    randomize(layer)
    found = [np.asarray(gradient) for gradient in gradients(layer, x, mask=mask)]
    assert np.all(found[0][~mask] == 0) and all(np.all(np.isfinite(gradient)) for gradient in found)


def test_conventions(tmp_path):
    x, mask = padded_batch()
    check_three_ways(lambda: FrameDense(5), x, mask=mask)
    check_every_weight_learns(FrameDense(5), x, mask=mask)
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, FrameDense(5)(inputs[0], mask=inputs[1]), [x, mask], tmp_path)
