"""RAVDESS, EmoDB and CREMA-D: small trees with the names of the originals, and the real RAVDESS."""

from collections import Counter
from pathlib import Path

import pytest

from drl4ser.corpora import CorpusError, make_folds, read_corpus
from drl4ser.corpora.acted import ACTED

REAL_RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"
needs_ravdess = pytest.mark.skipif(not REAL_RAVDESS.is_dir(), reason="RAVDESS is not in ../shared")


@pytest.fixture
def ravdess(tmp_path, touch):
    for emotion in range(1, 9):
        touch(tmp_path / "Actor_12" / f"03-01-0{emotion}-01-02-01-12.wav")
    touch(tmp_path / "Actor_01" / "03-01-03-02-01-02-01.wav")
    for skipped in ("01-01-03-01-01-01-01.wav", "03-02-03-01-01-01-01.wav", "._03-01-03-02-01-02-01.wav", "notes.txt"):
        touch(tmp_path / "Actor_01" / skipped)
    return tmp_path


@pytest.fixture
def emodb(tmp_path, touch):
    for sentence, emotion in zip(ACTED["emodb"].texts, "WLEAFTNWFT", strict=True):
        touch(tmp_path / "wav" / f"03{sentence}{emotion}a.wav")
    touch(tmp_path / "wav" / "._03a01Wa.wav")
    touch(tmp_path / "wav" / "readme.txt")
    return tmp_path


@pytest.fixture
def crema_d(tmp_path, touch):
    for i, sentence in enumerate(ACTED["crema_d"].texts):
        emotion, intensity = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")[i % 6], ("XX", "LO", "MD", "HI")[i % 4]
        touch(tmp_path / "AudioWAV" / f"1001_{sentence}_{emotion}_{intensity}.wav")
    touch(tmp_path / "AudioWAV" / "._1001_IEO_ANG_XX.wav")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("ravdess", {"neutral": 1, "happy": 2, "sad": 1, "angry": 1}),
        ("emodb", {"angry": 2, "happy": 2, "sad": 2, "neutral": 1}),
        ("crema_d", {"angry": 2, "happy": 2, "sad": 2, "neutral": 2}),
    ],
)
def test_four_classes(request, name, counts):
    root = request.getfixturevalue(name)
    assert Counter(item.emotion for item in read_corpus(name, root)) == counts


def test_all_classes_texts_and_speakers(ravdess):
    emotions = [item.emotion for item in read_corpus("ravdess", ravdess, "all") if item.speaker == "12"]
    assert emotions == ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
    first, second = read_corpus("ravdess", ravdess, ("happy",))
    assert (first.id, first.speaker, first.session) == ("03-01-03-01-02-01-12", "12", "")
    assert first.text == "Dogs are sitting by the door"
    assert second.text == "Kids are talking by the door"
    assert second.path == ravdess / "Actor_01" / "03-01-03-02-01-02-01.wav"


def test_all_classes_texts_and_speaker_of_emodb(emodb):
    utterances = read_corpus("emodb", emodb, "all")
    assert {item.emotion for item in utterances} == {
        "angry", "bored", "disgusted", "fearful", "happy", "sad", "neutral",
    }  # fmt: skip
    assert {item.text for item in utterances} == set(ACTED["emodb"].texts.values())
    first = utterances[0]
    assert (first.id, first.speaker, first.session) == ("03a01Wa", "03", "")
    assert first.text == "Der Lappen liegt auf dem Eisschrank."
    assert first.path == emodb / "wav" / "03a01Wa.wav"


def test_all_classes_texts_and_speaker_of_crema_d(crema_d):
    utterances = read_corpus("crema_d", crema_d, "all")
    assert {item.emotion for item in utterances} == {"angry", "disgusted", "fearful", "happy", "sad", "neutral"}
    assert {item.text for item in utterances} == set(ACTED["crema_d"].texts.values())
    first = utterances[0]
    assert (first.id, first.speaker, first.session) == ("1001_DFA_FEA_XX", "1001", "")
    assert first.text == "Don't forget a jacket"


@pytest.mark.parametrize(("name", "folder", "count"), [("emodb", "wav", 10), ("crema_d", "AudioWAV", 12)])
def test_root_may_be_the_audio_folder(request, name, folder, count):
    assert len(read_corpus(name, request.getfixturevalue(name) / folder, "all")) == count


@pytest.mark.parametrize("archive", ["Audio_Speech_Actors_01-24", "audio_speech_actors_01-24"])
def test_archive_folder(tmp_path, touch, archive):
    touch(tmp_path / archive / "Actor_01" / "03-01-03-02-01-02-01.wav")
    assert len(read_corpus("ravdess", tmp_path)) == 1


def test_copy_with_both_layouts_counts_once(ravdess, touch):
    touch(ravdess / "audio_speech_actors_01-24" / "Actor_01" / "03-01-03-02-01-02-01.wav")
    assert len(read_corpus("ravdess", ravdess)) == 5


def test_published_file_with_a_single_x(crema_d, touch):
    touch(crema_d / "AudioWAV" / "1040_ITH_SAD_X.wav")
    assert any(item.speaker == "1040" for item in read_corpus("crema_d", crema_d))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ravdess", "no RAVDESS inside it: expected the folders Actor_01 to Actor_24"),
        ("emodb", r"no EmoDB inside it: expected files such as wav/03a01Fa\.wav"),
        ("crema_d", "no CREMA-D inside it: expected files such as AudioWAV/1001_DFA_ANG_XX"),
    ],
)
def test_no_such_corpus_inside(tmp_path, name, words):
    with pytest.raises(CorpusError, match=words):
        read_corpus(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        *(("ravdess", f"Actor_01/{file}.wav") for file in ("take1", "03-01-09-01-01-01-01", "03-01-03-01-01-01")),
        *(("emodb", f"wav/{file}.wav") for file in ("03a01Xa", "03a03Fa", "03a01F", "take 1")),
        *(("crema_d", f"AudioWAV/{file}.wav") for file in ("1001_DFA_JOY_XX", "1001_ABC_ANG_XX", "1001_DFA_ANG", "a")),
    ],
)
def test_unknown_name_is_reported(request, touch, name, file):
    root, title = request.getfixturevalue(name), ACTED[name].title
    before = read_corpus(name, root)
    touch(root / file)
    named = rf"{file} is not named as {title} names its files \(1 such of \d+\): expected "
    with pytest.raises(CorpusError, match=f"{named}.*ALLOW_PARTIAL=true"):
        read_corpus(name, root)
    with pytest.warns(UserWarning, match=f"left out: .*{named}"):
        assert read_corpus(name, root, allow_partial=True) == before


def test_a_folder_of_other_files_is_no_corpus(tmp_path, touch):
    for name in ("a.wav", "b.wav"):
        touch(tmp_path / "wav" / name)
    with pytest.raises(CorpusError, match=r"a\.wav is not named as EmoDB .*\(2 such of 2\).*set DATA_DIR to a copy of"):
        read_corpus("emodb", tmp_path, allow_partial=True)


@needs_ravdess
def test_real_counts():
    utterances = read_corpus("ravdess", REAL_RAVDESS)
    counts = Counter(item.emotion for item in utterances)
    assert counts == {"angry": 192, "happy": 192, "neutral": 96, "sad": 192}
    everything = read_corpus("ravdess", REAL_RAVDESS, "all")
    assert len(everything) == 1440
    assert len({item.speaker for item in everything}) == 24


@needs_ravdess
def test_real_folds_by_speaker_share_no_actor():
    utterances = read_corpus("ravdess", REAL_RAVDESS)
    speakers = {item.id: item.speaker for item in utterances}
    for fold in make_folds(utterances, "speaker"):
        train, validation, test = ({speakers[i] for i in part} for part in (fold.train, fold.validation, fold.test))
        assert not (train & validation or train & test or validation & test)
        assert len(test) in (2, 3)
