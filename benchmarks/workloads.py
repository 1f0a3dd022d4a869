"""What is computed: batches of noise with the sizes of the paper's, compiled training steps, their multiply-adds."""

import itertools

import numpy as np
import tensorflow as tf

from drl4ser.config import ModelConfig, TrainConfig
from drl4ser.data.pipeline import LabelledPart, cache_part
from drl4ser.training.step import make_optimizer, make_train_step

NUM_CLASSES = 4
NUM_LLDS = 17
SIGNATURE = (
    {"llds": tf.TensorSpec([None, None, NUM_LLDS]), "num_frames": tf.TensorSpec([None], tf.int32)},
    tf.TensorSpec([None], tf.int32),
)


def make_batch(lengths, seed: int = 0):
    """Make inputs {"llds" [B, T, 17], "num_frames" [B]} and labels [B] of noise as NumPy arrays; padding is zero."""
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths, np.int32)
    llds = rng.normal(size=(len(lengths), lengths.max(), NUM_LLDS)).astype(np.float32)
    llds *= (np.arange(lengths.max()) < lengths[:, None])[:, :, None]
    labels = rng.integers(0, NUM_CLASSES, len(lengths)).astype(np.int32)
    return {"llds": llds, "num_frames": lengths}, labels


def make_part(lengths, seed: int = 0) -> LabelledPart:
    """Make a cached part of noise utterances of the given lengths, as the pipeline has it after reading records."""
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
    """Compile the training step as the trainer does: (inputs, labels) -> (loss, gradient norm)."""
    optimizer = make_optimizer(train, steps_per_epoch=1)
    optimizer.build(model.trainable_variables)
    return make_train_step(model, optimizer, train, tf.ones(NUM_CLASSES), [], SIGNATURE)


def to_tensors(inputs, labels):
    """Return a NumPy batch as TensorFlow's tensors."""
    return {name: tf.constant(value) for name, value in inputs.items()}, tf.constant(labels)


def to_torch(inputs, labels):
    """Return a NumPy batch as (llds, num_frames, labels) of PyTorch.

    `num_frames` is None if nothing is padded, which spares PyTorch its masks.
    """
    import torch

    is_padded = len(set(inputs["num_frames"])) > 1
    num_frames = torch.from_numpy(inputs["num_frames"]).long() if is_padded else None
    return torch.from_numpy(inputs["llds"]), num_frames, torch.from_numpy(labels).long()


def count_forward(config: ModelConfig, num_frames: int) -> tuple[int, int]:
    """Count the multiply-adds of the products in acoustic S3's forward pass: what no implementation can do without.

    Element-wise work (normalisation, softmax, gates) is left out: it is small, and hidden by the products at best.

    Args:
        config: of S3, width 1.
        num_frames: of one utterance.

    Returns:
        All of them, and those of the first convolution.
    """
    steps = (num_frames + 1) // 2
    first = total = steps * config.kernel_sizes[0] * config.lld_dim * config.filters[0]
    dim = config.filters[0]
    for kernel_size, filters in zip(config.kernel_sizes[1:], config.filters[1:], strict=True):
        steps = (steps + 1) // 2
        convolutions = kernel_size * filters * (dim + 3 * filters) + dim * filters  # and the shortcut
        attention = 4 * filters**2 + 2 * steps * filters
        total += steps * (convolutions + 2 * attention)
        dim = filters
    u = config.units
    encoder = 4 * u * (dim + u)
    second = 4 * u * u + u * u + config.iterations * (4 * u * u + u)
    total += steps * (encoder + second) + config.iterations * 3 * u * u
    sizes = (u, *config.dense_units, config.num_classes)
    return total + sum(a * b for a, b in itertools.pairwise(sizes)), first


def count_training_step(config: ModelConfig, lengths) -> int:
    """Count the multiply-adds of forward and backward pass for utterances of these lengths.

    Each product has two in the backward pass, for its two factors; the LLDs need no gradient.
    """
    counts = [count_forward(config, int(num_frames)) for num_frames in lengths]
    return sum(3 * forward - first for forward, first in counts)
