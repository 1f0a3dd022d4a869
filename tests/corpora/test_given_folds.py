"""Folds that come with a corpus: the column of a manifest and EmoBox's folds of RAVDESS."""

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drl4ser.config import VALIDATION_SHARE
from drl4ser.corpora import Utterance, describe_overlap, make_folds, read_corpus
from drl4ser.corpora.given_folds import EMOBOX_TEST_SPEAKERS
from drl4ser.data.extraction import make_records
from drl4ser.data.store import open_store
from drl4ser.runs.content import describe_changes

EMOTIONS = ("angry", "happy", "sad")
REAL_RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"


def corpus(num_speakers=9, num_folds=3, per_speaker=6, first=1, together=True):
    """Every speaker has all emotions; a fold tests whole speakers, or utterances of each."""
    return [
        Utterance(f"{speaker}-{i}", Path("x.wav"), EMOTIONS[i % 3], f"spk{speaker}", text=f"{i}",
                  fold=str((speaker if together else i // 3 + speaker) % num_folds + first))
        for speaker in range(num_speakers)
        for i in range(per_speaker)
    ]  # fmt: skip


@given(
    utterances=st.builds(
        corpus,
        num_speakers=st.integers(6, 20),
        num_folds=st.integers(2, 3),
        first=st.integers(0, 1),
        together=st.booleans(),
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_utterance_is_tested_once_in_its_fold_and_no_tested_speaker_trains(utterances, seed):
    folds = make_folds(utterances, "given", num_folds=7, seed=seed)
    assert folds == make_folds(utterances[::-1], "given", seed=seed)
    by_id = {item.id: item for item in utterances}
    assert Counter(i for fold in folds for i in fold.test) == Counter(by_id.keys())
    numbers = [{int(by_id[i].fold) for i in fold.test} for fold in folds]
    assert numbers == [{number} for number in sorted({int(item.fold) for item in utterances})]
    together = all(len({item.fold for item in utterances if item.speaker == name}) == 1 for name in ("spk0", "spk1"))
    for fold in folds:
        parts = [set(part) for part in (fold.train, fold.validation, fold.test)]
        assert all(parts) and sum(map(len, parts)) == len(set.union(*parts)) == len(utterances)
        speakers = [{by_id[i].speaker for i in part} for part in parts]
        if together:
            assert sum(map(len, speakers)) == len(set.union(*speakers))
            assert describe_overlap(utterances, fold)["shared_speakers"] == 0
        rest = len(speakers[0] | speakers[1]) if together else len(parts[0] | parts[1])
        cut = len(speakers[1]) if together else len(parts[1])
        assert abs(cut - rest * VALIDATION_SHARE) < 1


def test_the_seed_draws_the_validation_part_alone():
    one, two = (make_folds(corpus(18), "given", seed=seed) for seed in (1, 2))
    assert [fold.test for fold in one] == [fold.test for fold in two]
    assert [fold.validation for fold in one] != [fold.validation for fold in two]


def test_validation_leaves_training_every_class():
    """Only one speaker of each half is ever surprised."""
    rare = [Utterance(f"r{n}", Path("x.wav"), "surprised", f"spk{n}", fold=str(n % 2 + 1)) for n in range(2)]
    for seed in range(10):
        for fold in make_folds(corpus(4, 2) + rare, "given", seed=seed):
            assert not {"r0", "r1"} & set(fold.validation)


def without_fold(utterances, number=1):
    return [dataclasses.replace(item, fold="") if i < number else item for i, item in enumerate(utterances)]


def numbered(*folds):
    names = dict(zip("123", folds, strict=True))
    return [dataclasses.replace(item, fold=names[item.fold]) for item in corpus()]


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        (without_fold(corpus()), "1 of 54 have none, such as '0-0'; fill in the column `fold`"),
        (without_fold(corpus(), 54), "54 of 54 have none"),
        (numbered("1", "2", "4"), "fold 3 has no utterance (there are those of fold 1, 2, 4); number two or more"),
        (numbered("2", "3", "4"), "fold 1 has no utterance"),
        (numbered("0", "1", "9999999"), "fold 2 has no utterance"),
        (numbered("1", "1", "1"), "fold 2 has no utterance (there are those of fold 1)"),
        (numbered("1", "2", "x"), "needs the number of a fold"),
        (corpus(2, 2), "no speaker of spk1 can be set aside for validation"),
        (
            [*corpus(), Utterance("z", Path("z.wav"), "bored", "spk0", fold="1")],
            "split='given': fold 0 tests class 'bored', which its training part does not have",
        ),
        ([], "`utterances` is empty"),
        (corpus() + corpus()[:1], "utterance id '0-0' occurs 2 times"),
    ],
)
def test_folds_that_cannot_be_used(utterances, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make_folds(utterances, "given")


def test_emobox_holds_out_its_actors():
    utterances = [
        Utterance(f"{actor:02d}-{i}", Path("x.wav"), f"emotion{i % 8}", f"{actor:02d}")
        for actor in range(1, 25)
        for i in range(16)
    ]
    folds = make_folds(utterances, "emobox")
    speaker = {item.id: item.speaker for item in utterances}
    assert [{speaker[i] for i in fold.test} for fold in folds] == list(map(set, EMOBOX_TEST_SPEAKERS))
    assert sorted(name for names in EMOBOX_TEST_SPEAKERS for name in names) == sorted(set(speaker.values()))
    assert all(len({speaker[i] for i in fold.validation}) == 2 for fold in folds)
    with pytest.raises(ValueError, match=r"is that of RAVDESS's actors 01 to 24. Received: '0-0' of speaker 'spk0'"):
        make_folds(corpus(), "emobox")
    with pytest.raises(ValueError, match="fold 3 has no utterance"):
        make_folds([item for item in utterances if item.speaker not in EMOBOX_TEST_SPEAKERS[2]], "emobox")


@pytest.mark.skipif(not REAL_RAVDESS.is_dir(), reason="RAVDESS is not in ../shared")
def test_emobox_on_the_real_corpus():
    utterances = read_corpus("ravdess", REAL_RAVDESS, "all")
    folds = make_folds(utterances, "emobox")
    emotions = {item.id: item.emotion for item in utterances}
    assert len(folds) == 6
    for fold in folds:
        assert len({emotions[i] for i in fold.train}) == len({emotions[i] for i in fold.test}) == 8
        overlap = describe_overlap(utterances, fold)
        assert (overlap["test_speakers"], overlap["shared_speakers"], overlap["shared_texts"]) == (4, 0, 2)


@pytest.fixture
def with_column(manifest, tmp_path):
    """Read the shared manifest with a column `fold`, given by the number of the file."""

    def read(fold_of):
        lines = manifest.read_text(encoding="utf-8").splitlines()
        folds = (fold_of(int(re.search(r"_(\d)\.wav", line)[1])) for line in lines[1:])
        path = tmp_path / "folds.csv"
        path.write_text("\n".join([f"fold,{lines[0]}", *map(",".join, zip(folds, lines[1:], strict=True))]) + "\n")
        return read_corpus("manifest", path, audio_root=manifest.parent)

    return read


def test_the_column_goes_through_the_records_into_the_content(with_column, store, tmp_path):
    utterances = with_column(lambda number: f"0{number % 3 + 1}")
    assert make_records(utterances, tmp_path / "records", "manifest", shard_size=5) == []
    opened = open_store(tmp_path / "records")
    assert [item.fold for item in opened.utterances] == [item.fold for item in utterances]
    assert make_folds(opened.utterances, "given") == make_folds(utterances, "given")
    assert {item.fold for item in store.utterances} == {""}
    before, now = (item.content(("angry", "happy", "neutral", "sad")) for item in (store, opened))
    assert describe_changes(before, now) == "fold of 24 utterances changed, such as 'angry_0.wav', none, now 01"
    # Records of manifests without the column stay as they were, so that finished runs keep their data.
    assert all(len(row) == 5 for row in before.values())
    assert '"fold"' not in store.shards[0].with_suffix(".json").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e3", "1234567", "²"])
def test_a_value_that_is_not_a_number_is_refused_with_its_row(with_column, value):
    with pytest.raises(ValueError, match=rf"folds.csv, row 2, column 'fold': '{value}' is not the number of a fold"):
        with_column(lambda number: value)


def test_rows_may_lack_a_fold_for_other_splits(with_column):
    utterances = with_column(lambda number: "1" if number else "")
    assert len(make_folds(utterances, "random", 3)) == 3
    with pytest.raises(ValueError, match=r"4 of 24 have none, such as 'angry_0\.wav'"):
        make_folds(utterances, "given")
