"""The TFRecord schema of one utterance, both directions side by side.

A record holds what training needs of an utterance: its LLDs as raw little-endian float32 bytes and its labels as
text. Class numbers are not stored: they belong to an experiment, not to the corpus.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from drl4ser.corpora import Utterance
from drl4ser.files import atomic_path, file_sha256

NUM_LLDS = 17

_SCHEMA = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "llds": tf.io.FixedLenFeature([], tf.string),
    "emotion": tf.io.FixedLenFeature([], tf.string),
    "speaker": tf.io.FixedLenFeature([], tf.string),
    "session": tf.io.FixedLenFeature([], tf.string),
    "text": tf.io.FixedLenFeature([], tf.string),
}


def serialize_utterance(utterance: Utterance, llds: np.ndarray) -> bytes:
    """One utterance as the bytes of a `tf.train.Example`.

    Args:
        utterance: the corpus's record.
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
    """The inverse of `serialize_utterance` as TensorFlow operations.

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
