import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import LENGTH_STEP, TrainConfig
from drl4ser.data.augmentation import augment, mask_span, stretch_time
from drl4ser.data.pipeline import evaluation_batches, fit_normalizer, load_part, training_batches
from drl4ser.features import Normalizer, extract_llds, load_audio
from drl4ser.text import WordVectors

TRAIN = TrainConfig(batch_size=4)


@pytest.fixture(scope="module")
def llds(store):
    return {item.id: extract_llds(*load_audio(item.path)) for item in store.utterances}


@pytest.fixture(scope="module")
def labels(store):
    return {item.id: index % 4 for index, item in enumerate(store.utterances)}


@pytest.fixture(scope="module")
def normalizer(store):
    return fit_normalizer(store, tuple(item.id for item in store.utterances[:9]))


@pytest.fixture(scope="module")
def part(store, labels, normalizer):
    return load_part(store, labels, normalizer)


def epoch(part, number, seed=1, train=TRAIN):
    return [
        (ids.numpy().tolist(), inputs["llds"].numpy(), inputs["num_frames"].numpy(), label.numpy())
        for inputs, label, ids in training_batches(part, train, seed, [number])
    ]


def test_the_normalizer_knows_the_training_part_only(store, normalizer, llds):
    frames = np.concatenate([llds[item.id] for item in store.utterances[:9]]).astype(np.float64)
    np.testing.assert_allclose(normalizer.mean, frames.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(normalizer.std, frames.std(axis=0), rtol=1e-9)


def test_trimming_gives_what_the_normalizer_gives(store, labels, llds):
    trimming = fit_normalizer(store, tuple(labels), trim_db=0.05)
    part = load_part(store, labels, trimming)
    for inputs, _, ids in evaluation_batches(part, batch_size=1):
        wanted = trimming(llds[ids.numpy()[0].decode()])
        assert int(inputs["num_frames"][0]) == len(wanted)
        np.testing.assert_array_equal(inputs["llds"][0, : len(wanted)], wanted)
    assert sum(map(len, map(trimming, llds.values()))) < sum(map(len, llds.values()))


def test_taking_off_means_gives_what_the_normalizer_gives(store, labels, llds):
    taking = fit_normalizer(store, tuple(labels), trim_db=0.05, subtract_mean=True)
    for inputs, _, ids in evaluation_batches(load_part(store, labels, taking), batch_size=1):
        wanted = taking(llds[ids.numpy()[0].decode()])
        np.testing.assert_allclose(inputs["llds"][0, : len(wanted)], wanted, rtol=1e-6, atol=1e-6)
        assert not np.any(inputs["llds"][0, len(wanted) :])


def test_evaluation_gives_every_utterance_once_in_order(part, store, labels, normalizer, llds):
    found = []
    for inputs, label, ids in evaluation_batches(part, batch_size=5):
        for row, (name, number) in enumerate(zip(ids.numpy(), label.numpy(), strict=True)):
            name = name.decode()
            length = int(inputs["num_frames"][row])
            assert length == len(llds[name]) and number == labels[name]
            np.testing.assert_allclose(inputs["llds"][row, :length], normalizer(llds[name]), atol=1e-5)
            assert not np.any(inputs["llds"][row, length:])
            found.append(name)
        assert "words" not in inputs
    assert found == [item.id for item in store.utterances]


def test_a_part_holds_only_what_its_labels_name(store, normalizer, labels):
    some = dict(list(labels.items())[3:8])
    (batch,) = evaluation_batches(load_part(store, some, normalizer), batch_size=100)
    assert [name.decode() for name in batch[2].numpy()] == list(some)


def test_an_epoch_is_a_permutation_fixed_by_seed_and_number(part, labels):
    first, again, second, other = epoch(part, 1), epoch(part, 1), epoch(part, 2), epoch(part, 1, seed=2)
    ids = [[name for batch in run for name in batch[0]] for run in (first, again, second, other)]
    for run in ids:
        assert sorted(name.decode() for name in run) == sorted(labels)
    assert ids[0] == ids[1] and ids[0] != ids[2] and ids[0] != ids[3]
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left[1], right[1])


def test_epochs_in_a_row_are_what_each_is_alone(part):
    train = TrainConfig(batch_size=4, time_masks=1, gain_jitter=0.1)
    row = [batch[0] for batch in training_batches(part, train, seed=1, epochs=range(3, 6))]
    alone = [batch[0] for number in (3, 4, 5) for batch in training_batches(part, train, 1, [number])]
    for left, right in zip(row, alone, strict=True):
        np.testing.assert_array_equal(left["llds"], right["llds"])


@pytest.mark.parametrize("seed", [0, 7])
def test_the_seed_of_the_process_does_not_matter(part, seed):
    before = [batch[0] for batch in epoch(part, 1)]
    keras.utils.set_random_seed(seed)
    assert [batch[0] for batch in epoch(part, 1)] == before


def test_batches_are_full_but_one_and_of_like_length(store, normalizer, labels):
    # 23 utterances: five batches of 4 and a remainder of 3
    part = load_part(store, dict(list(labels.items())[:23]), normalizer)
    batches = epoch(part, 1)
    assert sorted(len(batch[0]) for batch in batches) == [3, 4, 4, 4, 4, 4]
    whole = sorted((batch[2] for batch in batches if len(batch[2]) == 4), key=lambda lengths: lengths.min())
    for shorter, longer in itertools.pairwise(whole):
        assert shorter.max() <= longer.min()
    for _, llds, lengths in (batch[:3] for batch in batches):  # few lengths, for each of which oneDNN has kernels
        assert llds.shape[1] % LENGTH_STEP == 0 <= llds.shape[1] - lengths.max() < LENGTH_STEP


def test_words_are_vectors_of_the_known_words(store, normalizer, labels, word_vectors_file):
    vectors = WordVectors.load(word_vectors_file)
    part = load_part(store, labels, normalizer, vectors)
    texts = {item.id: item.text for item in store.utterances}
    counts = set()
    for inputs, _, ids in evaluation_batches(part, batch_size=3):
        for row, name in enumerate(ids.numpy()):
            expected = vectors.embed(texts[name.decode()])
            assert inputs["num_words"][row] == len(expected)
            np.testing.assert_allclose(inputs["words"][row, : len(expected)], expected)
            assert not np.any(inputs["words"][row, len(expected) :])
            counts.add(len(expected))
    assert counts == {0, 3}  # "a happy sentence": what is not in the vocabulary is left out


def test_a_batch_without_words_still_has_a_step(store, normalizer, word_vectors_file):
    silent = {item.id: 0 for item in store.utterances if not item.text}
    part = load_part(store, silent, normalizer, WordVectors.load(word_vectors_file))
    (batch,) = evaluation_batches(part, batch_size=100)
    assert batch[0]["words"].shape == (len(silent), 1, 10) and not np.any(batch[0]["num_words"])


def test_augmentation_is_fixed_by_seed_and_epoch(part):
    train = TrainConfig(
        batch_size=4, time_stretch=0.2, gain_jitter=0.1, time_masks=1, time_mask_frames=9, feature_masks=1
    )
    first, again, plain = epoch(part, 1, train=train), epoch(part, 1, train=train), epoch(part, 1)
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left[1], right[1])
    assert {name for batch in first for name in batch[0]} == {name for batch in plain for name in batch[0]}
    assert any(not np.array_equal(left[2], right[2]) for left, right in zip(first, plain, strict=True))


def differences(part, **settings):
    """What each utterance of an epoch differs by from the same one without augmentation, [T, 17], and itself."""
    train = dataclasses.replace(TRAIN, **settings)
    for left, right in zip(epoch(part, 1, train=train), epoch(part, 1), strict=True):
        assert left[0] == right[0]
        for row, length in enumerate(right[2]):
            yield left[1][row, :length] - right[1][row, :length], right[1][row, :length]


def test_gain_jitter_shifts_each_descriptor_of_an_utterance(part):
    shifts = []
    for difference, _ in differences(part, gain_jitter=0.5):
        np.testing.assert_allclose(difference, difference[:1].repeat(len(difference), axis=0), atol=1e-5)
        shifts.append(difference[0])
    assert len(np.unique(np.round(shifts, 6))) == np.size(shifts)  # all are drawn
    assert 0.4 < np.std(shifts) < 0.6


def test_masks_set_whole_frames_or_descriptors_to_zero(part):
    counts = {0: [], 1: []}
    for axis, settings in ((1, {"time_masks": 2, "time_mask_frames": 20}), (0, {"feature_masks": 3})):
        for difference, plain in differences(part, **settings):
            masked = np.all(difference == -plain, axis=axis)
            counts[axis].append(masked.sum())
            kept = difference[~masked] if axis == 1 else difference[:, ~masked]
            assert not np.any(kept)
    assert 5 < np.mean(counts[1]) < 20 and max(counts[1]) <= 40  # two masks of 0 to 20 frames
    assert 2 < np.mean(counts[0]) <= 3  # three descriptors, of which some coincide


def test_stretching_a_line_gives_a_line():
    line = np.linspace(0, 1, 50, dtype=np.float32)[:, np.newaxis] * np.ones((1, 17), np.float32)
    for factor, length in ((1.0, 50), (1.3, 65), (0.5, 25)):
        stretched = stretch_time(tf.constant(line), tf.constant(factor))
        np.testing.assert_allclose(stretched[:, 3], np.linspace(0, 1, length), atol=1e-5)
    assert stretch_time(tf.constant(line[:1]), tf.constant(0.1)).shape == (1, 17)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mask_is_one_span_of_the_wanted_width(axis):
    ones = tf.ones([20, 17])
    starts = set()
    for seed in range(30):
        masked = mask_span(ones, 5, tf.constant([seed, 1], tf.int64), axis).numpy()
        line = masked[:, 0] if axis == 0 else masked[0]
        (zeros,) = np.nonzero(line == 0)
        assert len(zeros) == 5 and np.all(np.diff(zeros) == 1)
        np.testing.assert_array_equal(masked.sum(), ones.numpy().sum() * (1 - 5 / ones.shape[axis]))
        starts.add(int(zeros[0]))
    assert len(starts) > 5
    assert not np.any(mask_span(ones, 99, tf.constant([0, 1], tf.int64), axis))


def test_augment_without_settings_changes_nothing():
    features = {"llds": tf.random.normal([9, 17]), "num_frames": 9, "id": "x"}
    same = augment(features, TrainConfig(), tf.constant([1, 2], tf.int64))
    np.testing.assert_array_equal(same["llds"], features["llds"])
    assert same["num_frames"] == 9 and same["id"] == "x"


def test_normalizers_survive_json(normalizer):
    import json

    again = Normalizer.from_dict(json.loads(json.dumps(normalizer.to_dict())))
    np.testing.assert_array_equal(again.mean, normalizer.mean)
    np.testing.assert_array_equal(again.std, normalizer.std)


def test_an_evaluation_pipeline_is_made_once_a_part_and_batch_size(part):
    assert evaluation_batches(part, 4) is evaluation_batches(part, 4)
    assert evaluation_batches(part, 5) is not evaluation_batches(part, 4)
    few = dataclasses.replace(part, dataset=part.dataset.take(2), labels=part.labels[:2])
    assert sum(len(label) for _, label, _ in evaluation_batches(few, 4)) == 2
    assert sum(len(label) for _, label, _ in evaluation_batches(part, 4)) == part.num_utterances
