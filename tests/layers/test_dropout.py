import keras
import numpy as np

from drl4ser.layers import BatchNormalization, Dropout
from tests.layers.harness import random


def test_dropout_draws_what_keras_draws():
    x = random(3, 5, 8)
    ours, theirs = Dropout(0.4, seed=3), keras.layers.Dropout(0.4, seed=3)
    for _ in range(2):
        np.testing.assert_array_equal(ours(x, training=True), theirs(x, training=True))
    np.testing.assert_array_equal(ours(x), x)


def test_weights_files_know_the_layers_by_keras_names(tmp_path):
    """Runs of earlier versions, with Keras' own layers, load."""
    path = tmp_path / "model.weights.h5"
    theirs = keras.Sequential([keras.Input([4]), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)])
    for seed, weight in enumerate(theirs.layers[0].weights):
        weight.assign(random(4, seed=seed))
    theirs.save_weights(path)
    ours = keras.Sequential([keras.Input([4]), BatchNormalization(), Dropout(0.5)])
    ours.load_weights(path)
    for left, right in zip(theirs.weights, ours.weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_batch_normalization_is_keras_own():
    x = random(6, 4)
    ours, theirs = BatchNormalization(), keras.layers.BatchNormalization()
    mask = np.arange(6) < 5
    np.testing.assert_array_equal(ours(x, training=True, mask=mask), theirs(x, training=True))
    for left, right in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(left, right)
