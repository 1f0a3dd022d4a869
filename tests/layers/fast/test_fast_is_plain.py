"""Each function of `fast` gives what the plain equations give: outputs and gradients, and so does a whole model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import GCALSTM, BidirectionalLSTM, ResidualConvGroup, SkipGCALSTM, StackedLSTM, equations, fast
from drl4ser.models import build_model
from tests.layers.harness import gradients, padded_batch, policy, random, randomize

MASK = tf.sequence_mask([7, 4, 1, 0], 9)
# Of the largest number of a tensor: what another order of the sums changes in float32. In float64 the equations agree.
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(params=TOLERANCES, autouse=True)
def dtype(request):
    with policy(request.param):
        yield request.param


def check_equal(ours, plain, tolerance):
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def check_functions(ours, plain, tensors, dtype):
    """The same first output of two functions, and the same gradients of it."""
    found, tensors = [], [tf.constant(tensor, dtype) for tensor in tensors]
    for function in (ours, plain):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            values = tf.nest.flatten(function(*tensors))
            loss = tf.reduce_sum(tf.sin(values[0]))
        found.append([*values, *tape.gradient(loss, tensors)])
    check_equal(*found, TOLERANCES[dtype])


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_convolve(size, strides, dtype):
    ours, plain = (lambda *tensors, f=f: f(*tensors, strides) for f in (fast.convolve, equations.convolve))
    check_functions(ours, plain, [random(2, 11, 3), random(size, 3, 4, seed=1)], dtype)


@pytest.mark.parametrize("mask", [MASK, None])
def test_normalize_batch(mask, dtype):
    functions = fast.normalize_batch, equations.normalize_batch
    ours, plain = (lambda *tensors, f=f: f(*tensors, mask, 1e-3) for f in functions)
    check_functions(ours, plain, [random(4, 9, 8), random(8, seed=1), random(8, seed=2)], dtype)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_attend_by_heads(batch, masked, dtype):
    mask = MASK[:batch] if masked else None
    functions = fast.attend_by_heads, equations.attend_by_heads
    ours, plain = (lambda *tensors, f=f: f(*tensors, 4, mask) for f in functions)
    check_functions(ours, plain, [random(batch, 9, 8), *(random(8, 8, seed=i) / 2 for i in range(1, 5))], dtype)


@pytest.mark.parametrize("mask", [MASK, None])
def test_normalize_gates(mask, dtype):
    functions = fast.normalize_gates, equations.normalize_gates
    ours, plain = (lambda e, f=f: f(e, mask) for f in functions)
    check_functions(ours, plain, [3 * random(4, 9)], dtype)


LAYERS = {
    "stacked LSTM": lambda: StackedLSTM(6, num_layers=2),
    "bidirectional LSTM": lambda: BidirectionalLSTM(6),
    "GCA-LSTM": lambda: GCALSTM(6),
    "GCA-LSTM without min-max": lambda: GCALSTM(6, gate_normalization="softmax"),
    "GCA-LSTM with shortcut": lambda: SkipGCALSTM(6),
    "group with attention": lambda: ResidualConvGroup(8, 3, num_heads=4),
    "group that keeps its steps": lambda: ResidualConvGroup(8, 3, num_heads=4, strides=1),
}


@pytest.mark.parametrize("lengths", [(7, 4, 1, 6), (40, 0, 33)])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_either_kind_gives_the_same(name, lengths, dtype, monkeypatch):
    layer, (x, mask) = LAYERS[name](), padded_batch(lengths, num_steps=max(lengths) + 3, filler=np.nan)
    layer.build((None, None, 8))
    randomize(layer, scale=0.3)
    found = {}
    for kind in "01":
        monkeypatch.setenv("DRL4SER_FAST", kind)
        found[kind] = [layer(x.astype(dtype), mask=mask), *gradients(layer, x.astype(dtype), mask=mask)]
    check_equal(found["1"], found["0"], TOLERANCES[dtype])


def test_a_plain_s3_gives_the_logits_loss_and_gradients_of_a_fast_one(dtype, monkeypatch):
    keras.utils.set_random_seed(0)
    model = build_model("s3", modality="acoustic+lexical", width=1 / 16)
    rng = np.random.default_rng(0)
    batch = {"llds": rng.normal(size=(3, 200, 17)), "words": rng.normal(size=(3, 5, 300))}
    batch = {name: tf.constant(value, dtype) for name, value in batch.items()}
    batch |= {"num_frames": tf.constant([200, 97, 150]), "num_words": tf.constant([5, 0, 3])}
    found, weights = {}, model.get_weights()
    for kind in "01":
        monkeypatch.setenv("DRL4SER_FAST", kind)
        model.set_weights(weights)
        with tf.GradientTape() as tape:
            logits = model(batch, training=True)
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 2, 3], logits))
        found[kind] = [logits, loss, *tape.gradient(loss, model.trainable_variables), *model.non_trainable_variables]
        found[kind] = [np.array(value) for value in found[kind]]
    assert fast.enabled() and logits.dtype == dtype
    check_equal(found["1"], found["0"], TOLERANCES[dtype])
