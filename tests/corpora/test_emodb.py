from collections import Counter

import pytest

from drl4ser.corpora import CorpusError, read_corpus
from drl4ser.corpora.emodb import SENTENCES


@pytest.fixture
def small(tmp_path, touch):
    for sentence, emotion in zip(SENTENCES, "WLEAFTNWFT", strict=True):
        touch(tmp_path / "wav" / f"03{sentence}{emotion}a.wav")
    touch(tmp_path / "wav" / "._03a01Wa.wav")
    touch(tmp_path / "wav" / "readme.txt")
    return tmp_path


def test_four_classes(small):
    counts = Counter(item.emotion for item in read_corpus("emodb", small))
    assert counts == {"angry": 2, "happy": 2, "sad": 2, "neutral": 1}


def test_all_classes_texts_and_speaker(small):
    utterances = read_corpus("emodb", small, "all")
    assert {item.emotion for item in utterances} == {
        "angry", "bored", "disgusted", "fearful", "happy", "sad", "neutral",
    }  # fmt: skip
    assert {item.text for item in utterances} == set(SENTENCES.values())
    first = utterances[0]
    assert (first.id, first.speaker, first.session) == ("03a01Wa", "03", "")
    assert first.text == "Der Lappen liegt auf dem Eisschrank."
    assert first.path == small / "wav" / "03a01Wa.wav"


def test_root_may_be_the_wav_folder(small):
    assert len(read_corpus("emodb", small / "wav", "all")) == 10


def test_no_emodb_inside(tmp_path):
    with pytest.raises(CorpusError, match=r"no EmoDB inside it: expected files such as wav/03a01Fa\.wav"):
        read_corpus("emodb", tmp_path)


@pytest.mark.parametrize("name", ["03a01Xa.wav", "03a03Fa.wav", "03a01F.wav", "take 1.wav"])
def test_unknown_name_is_reported(small, touch, name):
    touch(small / "wav" / name)
    with pytest.raises(CorpusError, match=f"{name} is not named as EmoDB names its files"):
        read_corpus("emodb", small)
