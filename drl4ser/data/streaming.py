"""Records as a stream: in the order of the store, or shuffled with memory that does not grow with the corpus."""

import os

import numpy as np
import tensorflow as tf

from drl4ser.data.records import NUM_LLDS, parse_utterance
from drl4ser.data.store import RecordStore

SHARDS_AT_ONCE = 16
UNWANTED = -1
PARALLEL_CALLS = os.cpu_count() or 1


def positions(store: RecordStore, labels: dict[str, int]) -> np.ndarray:
    """The class number of each record of `store` in order, int32 [N]; `UNWANTED` where `labels` has none."""
    return np.fromiter((labels.get(item.id, UNWANTED) for item in store.utterances), np.int32)


def num_bytes(store: RecordStore) -> int:
    """What the LLDs of a whole store take in memory."""
    return 4 * NUM_LLDS * sum(store.num_frames.values())


def read_in_order(store: RecordStore, labels: np.ndarray) -> tf.data.Dataset:
    """The wanted records one by one.

    Args:
        store: opened LLD records.
        labels: of `positions`.

    Returns:
        Elements are (parsed record, label int32), in the order of the store.
    """
    records = tf.data.TFRecordDataset([str(shard) for shard in store.shards])
    return _parse(tf.data.Dataset.zip(records, tf.data.Dataset.from_tensor_slices(labels)))


def read_shuffled(store: RecordStore, labels: np.ndarray, seed: tf.Tensor, buffer_bytes: int) -> tf.data.Dataset:
    """The wanted records in an order that `seed` fixes, without holding more than `buffer_bytes` of them.

    The shards are taken in random order, `SHARDS_AT_ONCE` in turn, and what they give passes through a buffer
    from which elements are drawn at random: neighbours in the corpus are neighbours in an epoch by chance only.

    Args:
        store: opened LLD records.
        labels: of `positions`.
        seed: int64, of the order of shards and of the draws.
        buffer_bytes: size of the buffer, as LLDs.

    Returns:
        Elements as those of `read_in_order`.
    """
    order = tf.random.experimental.stateless_shuffle(tf.range(len(store.shards)), tf.stack([seed, 0]))
    paths = tf.constant([str(shard) for shard in store.shards])
    ends, wanted = tf.constant(np.cumsum(store.shard_sizes)), tf.constant(labels)

    def read_shard(number):
        begin = tf.where(number > 0, ends[tf.maximum(number - 1, 0)], 0)
        shard_labels = tf.data.Dataset.from_tensor_slices(wanted[begin : ends[number]])
        pairs = tf.data.Dataset.zip(tf.data.TFRecordDataset(paths[number]), shard_labels)
        return pairs.filter(_is_wanted)

    shards = tf.data.Dataset.from_tensor_slices(order)
    # One record of each shard in turn, read ahead in parallel, in a fixed order all the same.
    records = shards.interleave(
        read_shard, SHARDS_AT_ONCE, block_length=1, num_parallel_calls=PARALLEL_CALLS, deterministic=True
    )
    mean_bytes = max(1, num_bytes(store) // max(1, len(store.utterances)))
    buffer = max(SHARDS_AT_ONCE, buffer_bytes // mean_bytes)
    return _parse(records.shuffle(buffer, seed=seed, reshuffle_each_iteration=False))


def _is_wanted(_, label):
    return label != UNWANTED


def _parse(pairs: tf.data.Dataset) -> tf.data.Dataset:
    parsed = pairs.filter(_is_wanted).map(lambda record, label: (parse_utterance(record), label), PARALLEL_CALLS)
    return without_autotuning(parsed)


def without_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` with as many parallel calls as it says.

    TensorFlow's thread that tunes them is waited for when an iterator ends: 1.2 s an epoch (measured, TensorFlow 2.21).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
