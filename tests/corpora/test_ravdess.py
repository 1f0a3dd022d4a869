from collections import Counter
from pathlib import Path

import pytest

from drl4ser.corpora import CorpusError, check_audio, make_folds, read_corpus

REAL = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"
needs_ravdess = pytest.mark.skipif(not REAL.is_dir(), reason="RAVDESS is not in ../shared")


@pytest.fixture
def small(tmp_path, touch):
    for emotion in range(1, 9):
        touch(tmp_path / "Actor_12" / f"03-01-0{emotion}-01-02-01-12.wav")
    touch(tmp_path / "Actor_01" / "03-01-03-02-01-02-01.wav")
    for skipped in ("01-01-03-01-01-01-01.wav", "03-02-03-01-01-01-01.wav", "._03-01-03-02-01-02-01.wav", "notes.txt"):
        touch(tmp_path / "Actor_01" / skipped)
    return tmp_path


def test_four_classes_without_calm(small):
    utterances = read_corpus("ravdess", small)
    assert Counter(item.emotion for item in utterances) == {"neutral": 1, "happy": 2, "sad": 1, "angry": 1}


def test_all_classes(small):
    emotions = [item.emotion for item in read_corpus("ravdess", small, "all") if item.speaker == "12"]
    assert emotions == ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]


def test_fields(small):
    first, second = read_corpus("ravdess", small, ("happy",))
    assert (first.id, first.speaker, first.session) == ("03-01-03-01-02-01-12", "12", "")
    assert first.text == "Dogs are sitting by the door"
    assert second.text == "Kids are talking by the door"
    assert second.path == small / "Actor_01" / "03-01-03-02-01-02-01.wav"


@pytest.mark.parametrize("archive", ["Audio_Speech_Actors_01-24", "audio_speech_actors_01-24"])
def test_archive_folder(tmp_path, touch, archive):
    touch(tmp_path / archive / "Actor_01" / "03-01-03-02-01-02-01.wav")
    assert len(read_corpus("ravdess", tmp_path)) == 1


def test_copy_with_both_layouts_counts_once(small, touch):
    touch(small / "audio_speech_actors_01-24" / "Actor_01" / "03-01-03-02-01-02-01.wav")
    assert len(read_corpus("ravdess", small)) == 5


def test_no_ravdess_inside(tmp_path):
    with pytest.raises(CorpusError, match="no RAVDESS inside it: expected the folders Actor_01 to Actor_24"):
        read_corpus("ravdess", tmp_path)


@pytest.mark.parametrize("name", ["take1.wav", "03-01-09-01-01-01-01.wav", "03-01-03-01-01-01.wav"])
def test_unknown_name_is_reported(small, touch, name):
    touch(small / "Actor_01" / name)
    with pytest.raises(CorpusError, match=rf"{name} is not named as RAVDESS names its files: expected seven"):
        read_corpus("ravdess", small)


@needs_ravdess
def test_real_counts():
    utterances = read_corpus("ravdess", REAL)
    counts = Counter(item.emotion for item in utterances)
    assert counts == {"angry": 192, "happy": 192, "neutral": 96, "sad": 192}
    everything = read_corpus("ravdess", REAL, "all")
    assert len(everything) == 1440
    assert len({item.speaker for item in everything}) == 24


@needs_ravdess
def test_real_duplicate_is_found_and_the_first_kept():
    actor = [item for item in read_corpus("ravdess", REAL) if item.speaker == "07"]
    usable, problems = check_audio(actor)
    assert [path.stem for path, _ in problems] == ["03-01-03-01-02-02-07"]
    assert problems[0][1].startswith("duplicate: the same recording as")
    assert "03-01-03-01-02-01-07" in problems[0][1]
    assert len(usable) == 27


@needs_ravdess
def test_real_folds_by_speaker_share_no_actor():
    utterances = read_corpus("ravdess", REAL)
    speakers = {item.id: item.speaker for item in utterances}
    for fold in make_folds(utterances, "speaker"):
        train, validation, test = ({speakers[i] for i in part} for part in (fold.train, fold.validation, fold.test))
        assert not (train & validation or train & test or validation & test)
        assert len(test) in (2, 3)
