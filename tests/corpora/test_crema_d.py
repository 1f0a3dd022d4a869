from collections import Counter

import pytest

from drl4ser.corpora import CorpusError, read_corpus
from drl4ser.corpora.crema_d import SENTENCES

EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")


@pytest.fixture
def small(tmp_path, touch):
    for i, sentence in enumerate(SENTENCES):
        intensity = ("XX", "LO", "MD", "HI")[i % 4]
        touch(tmp_path / "AudioWAV" / f"1001_{sentence}_{EMOTIONS[i % 6]}_{intensity}.wav")
    touch(tmp_path / "AudioWAV" / "._1001_IEO_ANG_XX.wav")
    return tmp_path


def test_four_classes(small):
    counts = Counter(item.emotion for item in read_corpus("crema_d", small))
    assert counts == {"angry": 2, "happy": 2, "sad": 2, "neutral": 2}


def test_all_classes_texts_and_speaker(small):
    utterances = read_corpus("crema_d", small, "all")
    assert {item.emotion for item in utterances} == {"angry", "disgusted", "fearful", "happy", "neutral", "sad"}
    assert {item.text for item in utterances} == set(SENTENCES.values())
    first = utterances[0]
    assert (first.id, first.speaker, first.session) == ("1001_DFA_FEA_XX", "1001", "")
    assert first.text == "Don't forget a jacket"


def test_published_file_with_a_single_x(small, touch):
    touch(small / "AudioWAV" / "1040_ITH_SAD_X.wav")
    assert any(item.speaker == "1040" for item in read_corpus("crema_d", small))


def test_root_may_be_the_audio_folder(small):
    assert len(read_corpus("crema_d", small / "AudioWAV", "all")) == 12


def test_no_crema_d_inside(tmp_path):
    with pytest.raises(CorpusError, match="no CREMA-D inside it: expected files such as AudioWAV/1001_DFA_ANG_XX"):
        read_corpus("crema_d", tmp_path)


@pytest.mark.parametrize("name", ["1001_DFA_JOY_XX.wav", "1001_ABC_ANG_XX.wav", "1001_DFA_ANG.wav", "a.wav"])
def test_unknown_name_is_reported(small, touch, name):
    touch(small / "AudioWAV" / name)
    with pytest.raises(CorpusError, match=f"{name} is not named as CREMA-D names its files"):
        read_corpus("crema_d", small)
