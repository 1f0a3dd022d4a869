from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from drl4ser.corpora import Fold, Utterance, describe_overlap, limit_training, make_folds


def corpus(num_speakers=12, per_speaker=20, emotions=("angry", "happy", "neutral", "sad")):
    """Speakers in pairs, each pair a session; the emotions in turn."""
    return [
        Utterance(f"{speaker:02d}-{i:03d}", Path("x.wav"), emotions[i % len(emotions)], f"spk{speaker:02d}",
                  f"s{speaker // 2}", f"Sentence {i % 7}")
        for speaker in range(num_speakers)
        for i in range(per_speaker)
    ]  # fmt: skip


@st.composite
def corpora(draw):
    """Classes and speakers of uneven sizes, at least five of each."""
    emotions = draw(st.lists(st.integers(5, 30), min_size=1, max_size=4))
    labels = [f"emotion{i}" for i, size in enumerate(emotions) for _ in range(size)]
    num_speakers = draw(st.integers(5, max(5, len(labels) // 2)).filter(lambda n: n <= len(labels)))
    skewed = [i if i < num_speakers else draw(st.integers(0, num_speakers - 1)) for i in range(len(labels))]
    pairs = zip(labels, skewed, strict=True)
    return [
        Utterance(f"u{i:03d}", Path("x.wav"), emotion, f"spk{speaker}", f"s{speaker % 5}")
        for i, (emotion, speaker) in enumerate(pairs)
    ]


def make_folds_or_reject(*arguments):
    """`make_folds`, without the corpora that it refuses because a class has too few speakers or sessions."""
    try:
        return make_folds(*arguments)
    except ValueError as error:
        assert "its training part does not have" in str(error)
        reject()


@settings(max_examples=40, deadline=None)
@given(corpora(), st.sampled_from(["random", "speaker", "session"]), st.integers(3, 5), st.integers(0, 2**32 - 1))
def test_parts_are_disjoint_complete_and_independent_of_the_order(utterances, split, num_folds, seed):
    folds = make_folds_or_reject(utterances, split, num_folds, seed)
    ids = {item.id for item in utterances}
    assert sorted(i for fold in folds for i in fold.test) == sorted(ids)
    assert len(folds) == (5 if split == "session" else num_folds)
    for k, fold in enumerate(folds):
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(ids)
        assert set(fold.train) | set(fold.validation) | set(fold.test) == ids
        assert fold.train
        assert fold.validation == folds[(k + 1) % len(folds)].test
    shuffled = [utterances[i] for i in np.random.default_rng(seed).permutation(len(utterances))]
    assert make_folds(shuffled, split, num_folds, seed) == folds


@settings(max_examples=30, deadline=None)
@given(corpora(), st.integers(3, 5), st.integers(0, 2**32 - 1))
def test_random_parts_are_even_in_size_and_in_every_class(utterances, num_folds, seed):
    folds = make_folds(utterances, "random", num_folds, seed)
    emotions = {item.id: item.emotion for item in utterances}
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for emotion in set(emotions.values()):
        counts = [sum(emotions[i] == emotion for i in fold.test) for fold in folds]
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(("split", "attribute"), [("speaker", "speaker"), ("session", "session")])
@settings(max_examples=30, deadline=None)
@given(utterances=corpora(), num_folds=st.integers(3, 5), seed=st.integers(0, 100))
def test_groups_stay_together(split, attribute, utterances, num_folds, seed):
    group = {item.id: getattr(item, attribute) for item in utterances}
    for fold in make_folds_or_reject(utterances, split, num_folds, seed):
        parts = [{group[i] for i in part} for part in (fold.train, fold.validation, fold.test)]
        assert sum(map(len, parts)) == len(set().union(*parts))


def test_ten_folds_are_eight_to_one_to_one():
    for fold in make_folds(corpus(num_speakers=10)):
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (160, 20, 20)
        assert Counter(i.split("-")[1] for i in fold.test).total() == 20


def test_seed_changes_the_folds():
    for split in ("random", "speaker"):
        assert make_folds(corpus(), split, seed=1) == make_folds(corpus(), split, seed=1)
        assert make_folds(corpus(), split, seed=1) != make_folds(corpus(), split, seed=2)


def test_ten_speakers_in_ten_folds_leave_one_out():
    folds = make_folds(corpus(num_speakers=10), "speaker")
    assert sorted({i[:2] for i in fold.test}.pop() for fold in folds) == [f"{n:02d}" for n in range(10)]
    assert all(len({i[:2] for i in fold.test}) == 1 for fold in folds)


def test_speakers_are_balanced_by_utterances():
    sizes = {"a": 40, "b": 30, "c": 20, "d": 20, "e": 10}
    utterances = [
        Utterance(f"{name}{i}", Path("x.wav"), "sad", name) for name, size in sizes.items() for i in range(size)
    ]
    folds = make_folds(utterances, "speaker", num_folds=3)
    assert [len(fold.test) for fold in folds] == [40, 40, 40]


def test_sessions_are_tested_in_order():
    folds = make_folds(corpus(num_speakers=10), "session", num_folds=3)
    assert [{i[:2] for i in fold.test} for fold in folds] == [
        {"00", "01"}, {"02", "03"}, {"04", "05"}, {"06", "07"}, {"08", "09"},
    ]  # fmt: skip
    assert {i[:2] for i in folds[4].validation} == {"00", "01"}


def without(**changes):
    return [Utterance(item.id, item.path, item.emotion, **changes) for item in corpus()]


@pytest.mark.parametrize(
    ("utterances", "arguments", "message"),
    [
        (corpus(), {"split": "dialogue"}, "`split` must be one of .* Received: split='dialogue'"),
        (corpus(), {"num_folds": 2}, "`num_folds` must be at least 3"),
        ([], {}, "`utterances` is empty"),
        (corpus() + corpus()[:1], {}, "utterance id '00-000' occurs 2 times"),
        (
            [*corpus(), Utterance("z", Path("z.wav"), "bored")],
            {},
            r"class 'bored' has 1 utterances, fewer than the 10 folds; leave this class out \(EMOTIONS\)",
        ),
        (corpus(), {"num_folds": 99}, r"fewer than the 99 folds; use at most \d+ folds \(NUM_FOLDS\) or leave"),
        (corpus(2), {"split": "speaker", "num_folds": 3}, "this corpus has 2; use split='random'"),
        (corpus(8), {"split": "speaker"}, "10 folds needs as many speakers, this corpus has 8; use at most 8 folds"),
        (without(), {"split": "speaker"}, "needs the speaker of every utterance, '00-000' has none; use another split"),
        (without(), {"split": "session"}, "needs the session of every utterance, '00-000' has none; use another split"),
        (without(session="1"), {"split": "session"}, "needs at least 3 sessions, this corpus has 1; use 'speaker'"),
    ],
)
def test_errors(utterances, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_folds(utterances, **arguments)


def test_describe_overlap_counts_speakers_and_texts():
    def utterance(name, speaker, text):
        return Utterance(name, Path("x.wav"), "sad", speaker, text=text)

    utterances = [
        utterance("1", "Ann", "Hello there"),
        utterance("2", "Bob", "Go away"),
        utterance("3", "Cid", "Unheard"),
        utterance("4", "Ann", " hello  There"),
        utterance("5", "Dan", "New"),
        utterance("6", "", ""),
        utterance("7", "", ""),
    ]
    fold = Fold(train=("1", "2", "6"), validation=("3",), test=("4", "5", "7"))
    assert describe_overlap(utterances, fold) == {
        "test_speakers": 2,
        "shared_speakers": 1,
        "test_texts": 2,
        "shared_texts": 1,
        "test_pairs": 2,
        "shared_pairs": 1,
    }
    fold = Fold(train=("2", "3", "5"), validation=(), test=("8", "9", "7"))
    utterances += [utterance("8", "Bob", "Unheard"), utterance("9", "", "Unheard")]
    overlap = describe_overlap(utterances, fold)
    # Bob and the text occur in training, but not together; a pair needs both.
    assert (overlap["shared_speakers"], overlap["shared_texts"]) == (1, 1)
    assert (overlap["test_pairs"], overlap["shared_pairs"]) == (1, 0)


def test_a_tested_class_that_training_lacks_is_refused():
    # Every class has its own two speakers: a part of both leaves none to learn from.
    emotions = ["angry", "happy", "sad", "neutral"]
    utterances = [
        Utterance(f"{speaker}-{i}", Path("x.wav"), emotions[speaker // 2], f"s{speaker}", text="a")
        for speaker in range(8)
        for i in range(6)
    ]
    with pytest.raises(ValueError, match=r"split='speaker': fold \d tests class '\w+', which its training part"):
        make_folds(utterances, "speaker", num_folds=3)
    folds = make_folds(utterances, "random", num_folds=3)
    by_id = {item.id: item.emotion for item in utterances}
    assert all({by_id[i] for i in fold.train} == set(emotions) for fold in folds)


def test_speaker_split_shares_no_speaker():
    utterances = corpus()
    overlaps = [describe_overlap(utterances, fold) for fold in make_folds(utterances, "speaker")]
    assert all(overlap["shared_speakers"] == 0 and overlap["shared_texts"] == 7 for overlap in overlaps)


def test_smaller_training_parts_are_nested_even_and_leave_the_others_alone():
    utterances = corpus()
    fold = make_folds(utterances)[0]
    emotions = {item.id: item.emotion for item in utterances}
    parts = [limit_training(fold, utterances, size, seed=3) for size in (5, 10, 48)]
    for part, size in zip(parts, (5, 10, 48), strict=True):
        assert set(Counter(emotions[name] for name in part.train).values()) == {size}
        assert (part.validation, part.test) == (fold.validation, fold.test)
    five, ten, all_of_them = (set(part.train) for part in parts)
    assert five < ten < all_of_them == set(fold.train)
    assert limit_training(fold, utterances, 5, seed=4).train != parts[0].train
    assert limit_training(fold, utterances[::-1], 5, seed=3) == parts[0]
    assert limit_training(fold, utterances, 0) == fold
    with pytest.raises(ValueError, match=r"'angry' has 48 training utterances.*per_class=49"):
        limit_training(fold, utterances, 49)
