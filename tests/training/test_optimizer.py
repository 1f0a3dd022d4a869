import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.training.optimizer import FusedAdam


def run_steps(optimizer, num_steps=5):
    rng = np.random.default_rng(0)
    variables = [tf.Variable(rng.normal(size=shape).astype("f4")) for shape in ((7, 5), (5,), (1,))]
    optimizer.build(variables)

    @tf.function
    def step(*gradients):
        optimizer.apply(gradients, variables)

    for _ in range(num_steps):
        step(*(tf.constant(rng.normal(size=v.shape), tf.float32) for v in variables))
    return [v.numpy() for v in (*variables, *optimizer.variables)]


@pytest.mark.parametrize("weight_decay", [None, 0.1])
def test_every_weight_and_moment_is_that_of_keras(weight_decay):
    rate = keras.optimizers.schedules.CosineDecay(0.05, decay_steps=10)
    peer = keras.optimizers.Adam(rate) if weight_decay is None else keras.optimizers.AdamW(rate, weight_decay)
    for ours, theirs in zip(run_steps(FusedAdam(rate, weight_decay=weight_decay)), run_steps(peer), strict=True):
        # The kernel has 1 - beta_2 from float32's 0.999, a relative difference of 5e-5 in the second moments.
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-6)


def test_the_variables_are_named_and_ordered_as_keras_has_them():
    variables = [tf.Variable(tf.zeros([2, 3]))]
    optimizers = [FusedAdam(0.1), keras.optimizers.Adam(0.1)]
    for optimizer in optimizers:
        optimizer.build(variables)
    ours, theirs = ([(v.name, v.shape) for v in optimizer.variables] for optimizer in optimizers)
    assert ours == theirs
    assert type(keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizers[0]))) is FusedAdam
