import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from drl4ser.config import TrainConfig
from drl4ser.training.step import FusedAdam, cross_entropy, make_optimizer, make_train_step

SIGNATURE = (tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.int32))


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return tf.constant(rng.normal(size=(8, 3)), tf.float32), tf.constant(rng.integers(0, 4, 8), tf.int32)


def linear_model():
    return keras.Sequential([keras.Input([3]), keras.layers.Dense(4, kernel_initializer="ones")])


def test_cross_entropy_is_minus_the_log_probability_of_the_true_class():
    logits = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    labels = np.array([0, 1, 2, 3, 3, 0])
    expected = -scipy.special.log_softmax(logits, axis=1)[np.arange(6), labels]
    np.testing.assert_allclose(cross_entropy(logits, labels, tf.ones(4)), expected, rtol=1e-5)
    weights = tf.constant([1.0, 2.0, 0.5, 3.0])
    weighted = expected * weights.numpy()[labels]
    np.testing.assert_allclose(cross_entropy(logits, labels, weights), weighted, rtol=1e-5)
    smooth = 0.9 * expected - 0.1 * scipy.special.log_softmax(logits, axis=1).mean(axis=1)
    np.testing.assert_allclose(cross_entropy(logits, labels, tf.ones(4), 0.1), smooth, rtol=1e-5)


def test_the_first_step_of_adam_moves_every_weight_by_the_learning_rate(batch):
    model, train = linear_model(), TrainConfig(learning_rate=0.01)
    optimizer = make_optimizer(train, steps_per_epoch=1)
    optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in model.trainable_variables]
    loss, norm = make_train_step(model, optimizer, train, tf.ones(4), [], SIGNATURE)(*batch)
    assert loss > 0 and norm > 0
    for old, variable in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_allclose(np.abs(variable.numpy() - old), 0.01, rtol=1e-3)


def test_clipping_bounds_the_gradient_but_reports_its_norm(batch):
    def step(clip_norm):
        model, train = linear_model(), TrainConfig(clip_norm=clip_norm)
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build(model.trainable_variables)
        before = [variable.numpy() for variable in model.trainable_variables]
        _, norm = make_train_step(model, optimizer, train, tf.ones(4), [], SIGNATURE)(*batch)
        moved = [old - new.numpy() for old, new in zip(before, model.trainable_variables, strict=True)]
        return float(norm), np.sqrt(sum(np.sum(np.square(change)) for change in moved))

    free_norm, free_length = step(0.0)
    clipped_norm, clipped_length = step(free_norm / 4)
    np.testing.assert_allclose(free_norm, free_length, rtol=1e-5)
    np.testing.assert_allclose(clipped_norm, free_norm, rtol=1e-6)
    np.testing.assert_allclose(clipped_length, free_norm / 4, rtol=1e-5)


def test_the_average_lags_behind_the_weights_and_statistics(batch):
    model = keras.Sequential([keras.Input([3]), keras.layers.BatchNormalization(momentum=0.5), linear_model()])
    train = TrainConfig(ema_momentum=0.9, learning_rate=0.1)
    optimizer = make_optimizer(train, 1)
    optimizer.build(model.trainable_variables)
    averages = [tf.Variable(variable) for variable in model.weights]
    expected = [variable.numpy() for variable in model.weights]
    step = make_train_step(model, optimizer, train, tf.ones(4), averages, SIGNATURE)
    for number in range(1, 4):
        step(*batch)
        momentum = min(0.9, (1 + number) / (10 + number))
        expected = [
            momentum * old + (1 - momentum) * new.numpy() for old, new in zip(expected, model.weights, strict=True)
        ]
    for average, value in zip(averages, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, rtol=1e-5)


def test_the_cosine_schedule_warms_up_and_ends_at_zero():
    train = TrainConfig(learning_rate=0.01, lr_schedule="cosine", warmup_epochs=2, max_epochs=10)
    rate = make_optimizer(train, steps_per_epoch=5)._learning_rate
    values = np.array([float(rate(step)) for step in range(51)])
    np.testing.assert_allclose(values[[0, 5, 10, 30, 50]], [0.0, 0.005, 0.01, 0.005, 0.0], atol=1e-8)
    assert np.all(np.diff(values[:11]) > 0) and np.all(np.diff(values[10:]) < 0)


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
