"""Folders of LLD records: the JSON files, with their checksums made to match or not, and the TFRecord shards."""

import json
from pathlib import Path

import numpy as np

from drl4ser.corpora import Utterance, make_folds
from drl4ser.data import extraction
from drl4ser.data.store import open_store, verify_shards
from drl4ser.files import CHECKSUM_KEY, add_checksum
from tests.fuzz.kinds import READ, Kind
from tests.fuzz.strategies import damaged_bytes, damaged_json, one_damaged

_SHARD = "shard-00000"


def _make_store(folder: Path) -> Path:
    """Make records of two utterances whose LLDs come from no audio: only the format matters here."""
    utterances = [Utterance(name, folder / name, "sad", "s", "1", "So be it.") for name in ("a", "b")]
    directory = folder / "records"
    llds = np.random.default_rng(0).normal(size=(2, 9, 17)).astype(np.float32)
    described = {name: extraction.Description(values, digest=name) for name, values in zip("ab", llds, strict=True)}
    original, extraction.describe = extraction.describe, lambda utterance, frame: described[utterance.id]
    try:
        extraction.make_records(utterances, directory, "manifest")
    finally:
        extraction.describe = original
    return directory


def json_with_checksum(original: bytes):
    """A strategy for damaged JSON with a checksum that matches, as an attacker would write it."""

    def correct_checksum(content: bytes) -> bytes:
        values = json.loads(content)
        values.pop(CHECKSUM_KEY, None)
        try:
            return json.dumps(add_checksum(values)).encode()
        except ValueError:
            return content

    return damaged_json(json.loads(original)).map(correct_checksum)


def _prepare_index(folder: Path):
    directory = _make_store(folder)
    originals = {name: (directory / name).read_bytes() for name in ("index.json", f"{_SHARD}.json")}

    def read(case: tuple[str, bytes]) -> str:
        name, content = case
        (directory / name).write_bytes(content)
        try:
            store = open_store(directory)
            verify_shards(store)
            if len({utterance.id for utterance in store.utterances}) >= 3:
                make_folds(store.utterances)
            return READ
        finally:
            (directory / name).write_bytes(originals[name])

    return one_damaged(originals, json_with_checksum), read


def _prepare_shard(folder: Path):
    """Damage a shard: its checksums must find it. Forged checksums can crash TensorFlow's parser."""
    import tensorflow as tf

    from drl4ser.data.records import parse_utterance

    store = open_store(_make_store(folder))
    (path,) = store.shards
    original = path.read_bytes()
    parse = tf.function(parse_utterance, input_signature=[tf.TensorSpec([], tf.string)])

    def read_llds() -> list[bytes]:
        # `TFRecordDataset` starts threads at every iteration.
        records = tf.compat.v1.io.tf_record_iterator(str(path))
        return [parse(tf.constant(record))["llds"].numpy().tobytes() for record in records]

    wanted = read_llds()

    def read(content: bytes) -> str:
        path.write_bytes(content)
        try:
            found = read_llds()
        except tf.errors.OpError as error:
            verify_shards(store)  # as training/fold.py does
            raise AssertionError("the checksum fits a shard that cannot be read") from error
        if found != wanted:
            verify_shards(store)
            raise AssertionError("the checksum fits a shard of other values")
        return READ

    return damaged_bytes([original]), read


KINDS = (
    Kind("record_index", _prepare_index, ("index.json", _SHARD, "records was made with", "records")),
    Kind("record", _prepare_shard, (_SHARD,)),
)
