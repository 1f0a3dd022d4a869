import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from drl4ser.layers import Functionals
from tests.layers.harness import LENGTHS, check_reload, padded_batch
from tests.reference.functionals import functionals


@pytest.mark.parametrize("filler", [0.0, np.nan])
@pytest.mark.parametrize("lengths", [LENGTHS, (1, 2, 3), (5, 400)])
def test_matches_the_reference_utterance_by_utterance(lengths, filler):
    x, mask = padded_batch(lengths, dim=17, num_steps=max(lengths) + 3, filler=filler)
    values = Functionals()(x, mask=mask)
    for b, n in enumerate(lengths):
        np.testing.assert_allclose(values[b], functionals(x[b, :n]), rtol=2e-5, atol=2e-5)


@given(arrays.arrays(np.float32, st.tuples(st.just(9), st.just(2)), elements=st.integers(-50, 50)), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_matches_the_reference_also_where_values_repeat(x, length):
    values = Functionals()(x[np.newaxis], mask=np.arange(9)[np.newaxis] < length)
    np.testing.assert_allclose(values[0], functionals(x[:length]), rtol=1e-4, atol=1e-4)


def test_constant_contours_far_from_zero():
    x = np.full((1, 50, 3), 1234.567, "float32")
    np.testing.assert_allclose(Functionals()(x)[0], functionals(x[0]), rtol=1e-6, atol=1e-3)


def test_an_utterance_without_frames_gives_zeros():
    x, mask = padded_batch((3, 0), filler=np.nan)
    assert np.all(np.asarray(Functionals()(x, mask=mask))[1] == 0)


def test_float32_whatever_the_policy():
    x, mask = padded_batch()
    layer = Functionals(dtype="mixed_bfloat16")
    np.testing.assert_array_equal(layer(x, mask=mask), Functionals()(x, mask=mask))
    assert layer(x, mask=mask).dtype == "float32"


def test_conventions(tmp_path):
    x, mask = padded_batch()
    layer = Functionals.from_config(Functionals(name="other").get_config())
    traced = tf.function(lambda x, mask: layer(x, mask=mask))(x, mask)
    np.testing.assert_allclose(traced, layer(x, mask=mask), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(layer(x), layer(x, mask=np.ones_like(mask)))
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    outputs = Functionals()(inputs[0], mask=inputs[1])
    assert outputs.shape == (None, 192)
    check_reload(inputs, outputs, [x, mask], tmp_path)
