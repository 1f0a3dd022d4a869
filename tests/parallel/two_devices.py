"""Training steps on one replica and on two logical CPU devices; a process of its own, since devices come first.

Writes an archive of "CASE/one" and "CASE/two" arrays: `python -m tests.parallel.two_devices FILE CASE...`.
"""

import functools
import sys

import keras
import numpy as np
import tensorflow as tf

from drl4ser.config import ModelConfig, TrainConfig
from drl4ser.layers import DownsampleMask, Dropout, MaskedBatchNormalization, MeanPooling, NormalizedConv, SequenceMask
from drl4ser.models import build_model_from_config
from drl4ser.parallel.replicas import ONE_REPLICA, SeveralReplicas
from drl4ser.training.step import make_optimizer, make_train_step
from tests.conftest import SHALLOW

TRAIN = TrainConfig(learning_rate=3e-3, clip_norm=0.5, ema_momentum=0.9, weight_decay=0.01)
SIZES = (5, 4, 1)  # of the batches: one that does not divide evenly, one that does, one that leaves a replica nothing
WORD_DIM = 10


def batch(size, seed):
    """Inputs and labels of utterances of 20 to 40 frames and up to 5 words."""
    rng = np.random.default_rng(seed)
    num_frames, num_words = (rng.integers(*limits, size, np.int32) for limits in ((20, 41), (0, 6)))
    inputs = {"num_frames": num_frames, "num_words": num_words}
    for name, steps, dim, lengths in (("llds", 40, 17, num_frames), ("words", 5, WORD_DIM, num_words)):
        real = np.arange(steps) < lengths[:, np.newaxis]
        inputs[name] = (rng.normal(size=(size, steps, dim)) * real[:, :, np.newaxis]).astype(np.float32)
    return tf.nest.map_structure(tf.constant, inputs), tf.constant(rng.integers(0, 4, size), tf.int32)


def signature():
    def spec(tensor):
        return tf.TensorSpec([None, None, tensor.shape[2]] if tensor.shape.ndims == 3 else [None], tensor.dtype)

    return tf.nest.map_structure(spec, batch(1, 0))


def small_model():
    inputs = {
        "llds": keras.Input([None, 17], name="llds"),
        "num_frames": keras.Input([], dtype="int32", name="num_frames"),
        "words": keras.Input([None, WORD_DIM], name="words"),
        "num_words": keras.Input([], dtype="int32", name="num_words"),
    }
    mask = SequenceMask(name="frames")(inputs["num_frames"], inputs["llds"])
    x = NormalizedConv(6, 5, strides=2, name="conv")(inputs["llds"], mask=mask)
    x = Dropout(0.3, name="drop")(keras.layers.ReLU(name="relu")(x))
    x = MeanPooling(name="mean_frame")(x, mask=DownsampleMask(name="half")(mask))
    known = SequenceMask(name="known")(inputs["num_words"], inputs["words"])
    x = keras.layers.Concatenate(name="both")([x, MeanPooling(name="mean_word")(inputs["words"], mask=known)])
    return keras.Model(inputs, keras.layers.Dense(4, name="logits")(x))


def normalize(replicas):
    """Outputs, gradients and moving statistics of the masked batch normalisation, for a batch of each size."""
    with replicas.scope():
        layer = MaskedBatchNormalization()
        layer.build([None, None, 17])

    def step(inputs, labels):
        own, _ = replicas.share(inputs, labels)
        mask = tf.sequence_mask(own["num_frames"], 40)
        with tf.GradientTape() as tape:
            tape.watch(own["llds"])
            y = layer(own["llds"], mask=mask, training=True)
            loss = tf.reduce_sum(tf.sin(y) * tf.cast(mask, tf.float32)[:, :, tf.newaxis])
        d_x, d_gamma, d_beta = tape.gradient(loss, [own["llds"], *layer.trainable_variables])
        # filler rows come back as zeros, on top of the row that they are a copy of
        shape = tf.shape(inputs["llds"])
        whole = [tf.scatter_nd(own["row"][:, tf.newaxis], part, shape) for part in (y, d_x)]
        return replicas.all_reduce([*whole, d_gamma, d_beta])

    results = []
    inputs, labels = signature()
    run = replicas.compile(step, ({**inputs, "row": tf.TensorSpec([None], tf.int32)}, labels))
    for size in SIZES:
        inputs, labels = batch(size, seed=size)
        results += run({**inputs, "row": tf.range(size)}, labels)
    return results + layer.non_trainable_variables


def train(replicas, build):
    """Losses and gradient norms of a step on a batch of each size, the weights after them and their averages."""
    keras.utils.set_random_seed(7)
    with replicas.scope():
        model = build()
        optimizer = make_optimizer(TRAIN, steps_per_epoch=3)
        optimizer.build(model.trainable_variables)
        averages = [tf.Variable(variable, trainable=False) for variable in model.weights]
    weights = tf.constant([1.0, 2.0, 1.0, 0.5])
    step = make_train_step(model, optimizer, TRAIN, weights, averages, signature(), replicas)
    results = [value for size in SIZES for value in step(*batch(size, seed=size))]
    return results + model.variables + averages


def xia_dnn():
    return build_model_from_config(
        ModelConfig("xia_dnn", "acoustic+lexical", width=0.02, word_dim=WORD_DIM, dropout=0.3)
    )


def s3():
    """Attention and GCA-LSTM."""
    return build_model_from_config(
        ModelConfig("s3", "acoustic+lexical", width=0.02, word_dim=WORD_DIM, dropout=0.3, **SHALLOW)
    )


CASES = {
    "batch_norm": normalize,
    "small_model": functools.partial(train, build=small_model),
    "xia_dnn": functools.partial(train, build=xia_dnn),
    # Five to ten steps of GCA-LSTM: of two, its min-max makes 0 and 1, and gradients are mere rounding.
    "s3": functools.partial(train, build=s3),
}


def main():
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    two = SeveralReplicas(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    arrays = {"agreed": np.array([two.broadcast(3.0)])}
    for case in sys.argv[2:]:
        for side, replicas in (("one", ONE_REPLICA), ("two", two)):
            values = CASES[case](replicas)
            arrays[f"{case}/{side}"] = np.concatenate([np.ravel(value).astype(np.float64) for value in values])
    np.savez(sys.argv[1], **arrays)


if __name__ == "__main__":
    main()
