import numpy as np
import pytest

from drl4ser.config import TrainConfig
from drl4ser.data import pipeline
from drl4ser.data.pipeline import evaluation_batches, fit_normalizer, load_part, training_batches
from drl4ser.data.records import num_bytes, positions, read_in_order, read_shuffled


@pytest.fixture(scope="module")
def labels(store):
    """Two thirds of the corpus."""
    return {item.id: number % 4 for number, item in enumerate(store.utterances) if number % 3}


def ids_of(dataset):
    return [element["id"].decode() for element, _ in dataset.as_numpy_iterator()]


def test_positions_follow_the_store(store, labels):
    found = positions(store, labels)
    assert found.tolist() == [labels.get(item.id, -1) for item in store.utterances]
    assert num_bytes(store) == 17 * 4 * sum(store.num_frames.values())


def test_in_order_every_wanted_record_comes_with_its_own_label(store, labels):
    pairs = list(read_in_order(store, positions(store, labels)).as_numpy_iterator())
    assert [(element["id"].decode(), label) for element, label in pairs] == list(labels.items())


def test_shuffled_is_a_permutation_that_the_seed_fixes(store, labels):
    wanted = positions(store, labels)
    orders = [ids_of(read_shuffled(store, wanted, seed, 10**9)) for seed in (1, 1, 2)]
    assert all(sorted(order) == sorted(labels) for order in orders)
    assert orders[0] == orders[1] != orders[2]
    for element, label in read_shuffled(store, wanted, 3, 10**9).as_numpy_iterator():
        assert label == labels[element["id"].decode()]


def test_neighbours_in_the_corpus_are_not_neighbours_in_an_epoch(store):
    """Even with a buffer of the smallest size: how far apart neighbours land, against a true shuffle's mean."""
    number = {item.id: place for place, item in enumerate(store.utterances)}
    gaps = []
    for seed in range(20):
        order = [number[name] for name in ids_of(read_shuffled(store, positions(store, number), seed, 1))]
        gaps.extend(np.abs(np.diff(order)))
    count = len(number)
    assert np.mean(gaps) > 0.85 * (count + 1) / 3


def test_streamed_batches_hold_what_cached_ones_hold(store, labels, monkeypatch):
    normalizer = fit_normalizer(store, tuple(labels))
    train = TrainConfig(batch_size=4)

    def epoch(part):
        rows = {}
        for inputs, label, ids in training_batches(part, train, seed=1, epochs=[1]):
            for row, name in enumerate(ids.numpy()):
                length = int(inputs["num_frames"][row])
                assert name not in rows  # no utterance comes twice
                rows[name] = (int(label[row]), inputs["llds"][row, :length].numpy().tobytes())
        return rows

    cached = load_part(store, labels, normalizer)
    monkeypatch.setattr(pipeline, "CACHE_BYTES", 1000)
    streamed = load_part(store, labels, normalizer)
    assert epoch(streamed) == epoch(cached)
    for left, right in zip(evaluation_batches(streamed, 5), evaluation_batches(cached, 5), strict=True):
        np.testing.assert_array_equal(left[0]["llds"], right[0]["llds"])
        np.testing.assert_array_equal(left[2], right[2])
