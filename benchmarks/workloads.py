"""What is computed: batches of noise with the sizes of the paper's, models and their compiled training step."""

import numpy as np
import tensorflow as tf

from drl4ser.config import TrainConfig
from drl4ser.data.pipeline import LabelledPart, cache_part
from drl4ser.training.step import make_optimizer, make_train_step

NUM_CLASSES = 4
NUM_LLDS = 17
SIGNATURE = (
    {"llds": tf.TensorSpec([None, None, NUM_LLDS]), "num_frames": tf.TensorSpec([None], tf.int32)},
    tf.TensorSpec([None], tf.int32),
)


def make_batch(lengths, seed: int = 0):
    """Inputs and labels of noise: {"llds" [B, T, 17], "num_frames" [B]} and [B], NumPy arrays, padding zero."""
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths, np.int32)
    llds = rng.normal(size=(len(lengths), lengths.max(), NUM_LLDS)).astype(np.float32)
    llds *= (np.arange(lengths.max()) < lengths[:, None])[:, :, None]
    labels = rng.integers(0, NUM_CLASSES, len(lengths)).astype(np.int32)
    return {"llds": llds, "num_frames": lengths}, labels


def make_part(lengths, seed: int = 0) -> LabelledPart:
    """Noise utterances as the pipeline has them after the records were read: cached, one of each length."""
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths, np.int32)
    frames = tf.constant(rng.normal(size=(int(lengths.max()) + len(lengths), NUM_LLDS)), tf.float32)
    labels = rng.integers(0, NUM_CLASSES, len(lengths)).astype(np.int32)

    def utterance(number, num_frames, label):
        features = {
            "id": tf.strings.as_string(number),
            "llds": frames[number : number + num_frames],  # overlapping pieces of the same noise
            "num_frames": num_frames,
            "word_rows": tf.zeros([0], tf.int32),
            "num_words": 0,
        }
        return features, label

    rows = tf.data.Dataset.from_tensor_slices((np.arange(len(lengths), dtype=np.int32), lengths, labels))
    return cache_part(rows.map(utterance), labels)


def make_our_step(model, train: TrainConfig = TrainConfig()):
    """The training step as the trainer compiles it: (inputs, labels) -> (loss, gradient norm)."""
    optimizer = make_optimizer(train, steps_per_epoch=1)
    optimizer.build(model.trainable_variables)
    return make_train_step(model, optimizer, train, tf.ones(NUM_CLASSES), [], SIGNATURE)


def to_tensors(inputs, labels):
    """A NumPy batch as TensorFlow's tensors."""
    return {name: tf.constant(value) for name, value in inputs.items()}, tf.constant(labels)
