"""LLD records: the TFRecord schema of one utterance, written in shards, read in order or shuffled.

A record holds what training needs of an utterance: its LLDs as raw little-endian float32 bytes and its labels as
text. Class numbers are not stored: they belong to an experiment, not to the corpus.
"""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from drl4ser.corpora import Utterance
from drl4ser.data.store import RecordStore
from drl4ser.files import atomic_path, file_sha256

NUM_LLDS = 17
SHARDS_AT_ONCE = 16
UNWANTED = -1
PARALLEL_CALLS = os.cpu_count() or 1

_SCHEMA = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "llds": tf.io.FixedLenFeature([], tf.string),
    "emotion": tf.io.FixedLenFeature([], tf.string),
    "speaker": tf.io.FixedLenFeature([], tf.string),
    "session": tf.io.FixedLenFeature([], tf.string),
    "text": tf.io.FixedLenFeature([], tf.string),
}


def serialize_utterance(utterance: Utterance, llds: np.ndarray) -> bytes:
    """Pack one utterance into the bytes of a `tf.train.Example`.

    Args:
        utterance: its labels.
        llds: float32 [num_frames, 17].

    Raises:
        ValueError: if `llds` has another shape.
    """
    if llds.ndim != 2 or llds.shape[1] != NUM_LLDS:
        raise ValueError(f"`llds` must have shape [num_frames, {NUM_LLDS}]. Received: {llds.shape}")
    values = {
        "id": utterance.id.encode(),
        "llds": np.ascontiguousarray(llds, dtype="<f4").tobytes(),
        "emotion": utterance.emotion.encode(),
        "speaker": utterance.speaker.encode(),
        "session": utterance.session.encode(),
        "text": utterance.text.encode(),
    }
    features = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def parse_utterance(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Invert `serialize_utterance` with TensorFlow operations.

    Returns:
        "llds" float32 [num_frames, 17], "num_frames" int32 [] and the other fields as string [] tensors.
    """
    example = tf.io.parse_single_example(serialized, _SCHEMA)
    llds = tf.reshape(tf.io.decode_raw(example["llds"], tf.float32, little_endian=True), [-1, NUM_LLDS])
    return {**example, "llds": llds, "num_frames": tf.shape(llds)[0]}


def write_tfrecords(path: Path, serialized: list[bytes]) -> str:
    """Write one TFRecord file, complete or not at all.

    Returns:
        SHA-256 of the file's bytes.

    Raises:
        OSError: if it cannot be written, such as to a full disk.
    """
    try:
        with atomic_path(path) as temporary:
            with tf.io.TFRecordWriter(str(temporary)) as writer:
                for record in serialized:
                    writer.write(record)
            return file_sha256(temporary)
    except tf.errors.OpError as error:
        raise OSError(f"{path} cannot be written: {error.message}") from error


def positions(store: RecordStore, labels: dict[str, int]) -> np.ndarray:
    """List the class number of each record of `store` in order, int32 [N]; `UNWANTED` where `labels` has none."""
    return np.fromiter((labels.get(item.id, UNWANTED) for item in store.utterances), np.int32)


def num_bytes(store: RecordStore) -> int:
    """Count the bytes that the LLDs of a whole store take in memory."""
    return 4 * NUM_LLDS * sum(store.num_frames.values())


def read_in_order(store: RecordStore, labels: np.ndarray) -> tf.data.Dataset:
    """Read the wanted records in the order of the store.

    Args:
        store: opened LLD records.
        labels: of `positions`.

    Returns:
        Elements are (parsed record, label int32), in the order of the store.
    """
    records = tf.data.TFRecordDataset([str(shard) for shard in store.shards])
    return _parse(tf.data.Dataset.zip(records, tf.data.Dataset.from_tensor_slices(labels)))


def read_shuffled(store: RecordStore, labels: np.ndarray, seed: tf.Tensor, buffer_bytes: int) -> tf.data.Dataset:
    """Read the wanted records in an order that `seed` fixes, without holding more than `buffer_bytes` of them.

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
    """Switch off the tuning of `dataset`'s parallel calls.

    TensorFlow's thread that tunes them is waited for when an iterator ends: 1.2 s an epoch (measured, TensorFlow 2.21).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
