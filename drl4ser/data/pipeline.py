"""tf.data pipelines: LLD records in, padded batches of utterances of like length out.

A part of a fold is read once (`load_part`: filter, normalise, look up words, cache); every epoch then shuffles,
groups and pads the cached utterances (`training_batches`), or pads them as they come (`evaluation_batches`).
A corpus that does not fit into `CACHE_BYTES` is read again from its shards in every epoch (`records.py`).
"""

import dataclasses
import os
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from drl4ser.config import LENGTH_STEP, FrameConfig, TrainConfig
from drl4ser.data.augmentation import augment
from drl4ser.data.records import (
    PARALLEL_CALLS,
    UNWANTED,
    num_bytes,
    positions,
    read_in_order,
    read_shuffled,
    without_autotuning,
)
from drl4ser.data.store import RecordStore
from drl4ser.features import LLD_NAMES, Normalizer
from drl4ser.features.input_range import InputRange
from drl4ser.text import WordVectors, tokenize

POOL_BATCHES = 16
SHUFFLE_BUFFER = 16_384
# LLDs of a whole corpus beyond this are not kept in memory. A corpus that is streamed is shuffled in another order.
CACHE_BYTES = int(float(os.environ.get("DRL4SER_CACHE_GIB", "2")) * 2**30)
_BATCHES_AHEAD = 2


@dataclasses.dataclass(frozen=True)
class LabelledPart:
    """One part (train, validation or test) of a fold and what batching needs.

    Attributes:
        dataset: its utterances in the order of the store.
        labels: class numbers, int32 [N], in the same order.
        word_vectors: None for acoustic systems.
        shuffle: seed -> its utterances in an order that the seed fixes.
    """

    dataset: tf.data.Dataset
    labels: np.ndarray
    word_vectors: WordVectors | None
    shuffle: Callable[[tf.Tensor], tf.data.Dataset]
    pipelines: dict[int, tf.data.Dataset] = dataclasses.field(init=False, default_factory=dict)
    """Evaluation pipelines by batch size: to build one takes as long as a short step, and every epoch wants one."""

    @property
    def num_utterances(self) -> int:
        """How many there are."""
        return len(self.labels)

    def num_batches(self, batch_size: int) -> int:
        """How many batches an epoch has, the smaller last one included."""
        return -(-self.num_utterances // batch_size)


def fit_normalizer(
    store: RecordStore, ids: tuple[str, ...], trim_db: float = 0.0, subtract_mean: bool = False
) -> Normalizer:
    """Compute z-score statistics over the frames of the utterances `ids`: the training part, nothing else."""
    selected = read_in_order(store, positions(store, dict.fromkeys(ids, 0)))
    return Normalizer.fit((element["llds"] for element, _ in selected.as_numpy_iterator()), trim_db, subtract_mean)


def fit_input_range(store: RecordStore, ids: tuple[str, ...], frame: FrameConfig) -> InputRange:
    """Measure the range of the recordings of the utterances `ids`, the training part."""
    selected = read_in_order(store, positions(store, dict.fromkeys(ids, 0)))
    rates = [store.sample_rates[name] for name in ids if name in store.sample_rates]
    return InputRange.fit((element["llds"] for element, _ in selected.as_numpy_iterator()), frame, rates)


def load_part(
    store: RecordStore, labels: dict[str, int], normalizer: Normalizer, word_vectors: WordVectors | None = None
) -> LabelledPart:
    """Load the utterances that `labels` names, normalised, in the order of the store; cached in memory if they fit.

    Args:
        store: opened LLD records.
        labels: class number of each wanted utterance, by id.
        normalizer: fitted on the training part.
        word_vectors: None for a system without lexical input. Words without a vector are left out.

    Returns:
        Elements are ({"id", "llds" [T, 17], "num_frames", "word_rows" [K], "num_words"}, label).
    """
    # float64, as the normaliser itself computes: prediction must see what training saw
    mean, std = tf.constant(normalizer.mean), tf.constant(normalizer.std)
    rows = _word_rows(store, labels, word_vectors)

    def prepare(element, label):
        word_rows = tf.io.decode_raw(rows.lookup(element["id"]), tf.int32)
        llds = _trim(element["llds"], normalizer.trim_db)
        scores = (tf.cast(llds, tf.float64) - mean) / std
        if normalizer.subtract_mean:
            scores -= tf.reduce_mean(scores, axis=0)
        prepared = {
            "id": element["id"],
            "llds": tf.cast(scores, tf.float32),
            "num_frames": tf.shape(llds)[0],
            "word_rows": word_rows,
            "num_words": tf.size(word_rows),
        }
        return prepared, label

    places = positions(store, labels)
    dataset = read_in_order(store, places).map(prepare, PARALLEL_CALLS)
    wanted = places[places != UNWANTED]
    if num_bytes(store) <= CACHE_BYTES:
        return cache_part(dataset, wanted, word_vectors)

    def shuffle(seed):
        return read_shuffled(store, places, seed, CACHE_BYTES // 4).map(prepare, PARALLEL_CALLS)

    return LabelledPart(dataset, wanted, word_vectors, shuffle)


def cache_part(dataset: tf.data.Dataset, labels: np.ndarray, word_vectors: WordVectors | None = None) -> LabelledPart:
    """Keep a part in memory, read once; see `LabelledPart` for the arguments."""
    cached = dataset.cache()
    buffer = min(len(labels), SHUFFLE_BUFFER)

    def shuffle(seed):
        return cached.shuffle(buffer, seed=seed, reshuffle_each_iteration=False)

    return LabelledPart(cached, labels, word_vectors, shuffle)


def training_batches(part: LabelledPart, train: TrainConfig, seed: int, epochs: Iterable[int]) -> tf.data.Dataset:
    """Build the shuffled, augmented batches of some epochs, one after the other.

    `seed` and its number determine an epoch. All epochs share one dataset: to build one takes as long as some short
    steps, and while an epoch is validated the first batches of the next one are made.

    Utterances are drawn in random order into pools of `POOL_BATCHES` batches, sorted by length within a pool so
    that little is padded, and the batches of a pool are shuffled. Only the epoch's last batch, a random one, is
    smaller than `train.batch_size`.

    Returns:
        Elements as those of `evaluation_batches`.
    """
    states = [np.random.SeedSequence([seed, epoch]).generate_state(3) for epoch in epochs]
    seeds = tf.data.Dataset.from_tensor_slices(np.array(states, np.int64).reshape(-1, 3))
    return _finish(seeds.flat_map(lambda of_epoch: _ragged_batches(part, train, tf.unstack(of_epoch))), part)


def _ragged_batches(part: LabelledPart, train: TrainConfig, seeds: list[tf.Tensor]) -> tf.data.Dataset:
    """The batches of one epoch, before padding; `seeds` are those of utterances, batches and noise."""
    order_seed, batch_seed, noise_seed = seeds
    # That of this graph: else the process's own seed, whatever it is, would matter too.
    tf.random.set_seed(1)
    utterances = part.shuffle(order_seed)
    if train.augments:
        noise = tf.data.Dataset.random(seed=noise_seed).batch(2)
        pairs = tf.data.Dataset.zip(utterances, noise)
        utterances = pairs.map(lambda pair, draw: (augment(pair[0], train, draw), pair[1]), PARALLEL_CALLS)
    pools = utterances.ragged_batch(POOL_BATCHES * train.batch_size)
    sorted_pools = pools.map(lambda features, label: _sort_by_length(features, label, train.batch_size))
    batches = sorted_pools.flat_map(lambda *pool: tf.data.Dataset.from_tensor_slices(pool).batch(train.batch_size))
    return batches.shuffle(POOL_BATCHES, seed=batch_seed, reshuffle_each_iteration=False)


def evaluation_batches(part: LabelledPart, batch_size: int) -> tf.data.Dataset:
    """Build batches of every utterance once, in the order of the store, without augmentation.

    Returns:
        Elements are (inputs, label [B] int32, id [B] string), `inputs` being what a model takes:
        "llds" float32 [B, T, 17], "num_frames" int32 [B] and, with word vectors, "words" float32 [B, K, D] and
        "num_words" int32 [B]. Padding is zeros.
    """
    if batch_size not in part.pipelines:
        part.pipelines[batch_size] = _finish(part.dataset.ragged_batch(batch_size), part)
    return part.pipelines[batch_size]


def _finish(batches: tf.data.Dataset, part: LabelledPart) -> tf.data.Dataset:
    """Ragged batches to padded ones; words become vectors only here, cache and shuffle carry their row numbers."""
    matrix = None if part.word_vectors is None else tf.constant(part.word_vectors.vectors, tf.float32)

    def finish(features, label):
        longest = tf.reduce_max(features["num_frames"])
        shape = [-1, -(-longest // LENGTH_STEP) * LENGTH_STEP, len(LLD_NAMES)]
        llds = tf.ensure_shape(features["llds"].to_tensor(shape=shape), [None, None, len(LLD_NAMES)])
        inputs = {"llds": llds, "num_frames": features["num_frames"]}
        if matrix is not None:
            words = tf.gather(matrix, features["word_rows"]).to_tensor()
            # layers want at least one step, also where no utterance of the batch has a known word
            inputs["words"] = tf.pad(words, [[0, 0], [0, tf.cast(tf.shape(words)[1] == 0, tf.int32)], [0, 0]])
            inputs["num_words"] = features["num_words"]
        return inputs, label, features["id"]

    return without_autotuning(batches.map(finish, PARALLEL_CALLS).prefetch(_BATCHES_AHEAD))


def _sort_by_length(features: dict[str, tf.Tensor], label: tf.Tensor, batch_size: int):
    """Sorts a pool, but for its remainder: else an epoch's small last batch would always be the longest ones."""
    lengths = features["num_frames"]
    whole = tf.size(lengths) // batch_size * batch_size
    order = tf.concat([tf.argsort(lengths[:whole], stable=True), tf.range(whole, tf.size(lengths))], axis=0)
    return tf.nest.map_structure(lambda column: tf.gather(column, order), (features, label))


def _trim(llds: tf.Tensor, trim_db: float) -> tf.Tensor:
    """The frames [T, 17] within `drl4ser.features.speech_span`."""
    if not trim_db:
        return llds
    log_energy = llds[:, LLD_NAMES.index("log_energy")]
    loud = tf.where(log_energy >= tf.reduce_max(log_energy) - np.float32(trim_db * np.log(10) / 10))[:, 0]
    return llds[loud[0] : loud[-1] + 1]


def _word_rows(store: RecordStore, labels: dict[str, int], word_vectors: WordVectors | None):
    """Row numbers of each utterance's known words, as raw int32 bytes by id; empty for acoustic systems."""
    texts = {utterance.id: utterance.text for utterance in store.utterances if utterance.id in labels}
    rows = [
        b"" if word_vectors is None else np.asarray(word_vectors.lookup(tokenize(text)), "<i4").tobytes()
        for text in texts.values()
    ]
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(texts)), tf.constant(rows))
    return tf.lookup.StaticHashTable(initializer, default_value="")
