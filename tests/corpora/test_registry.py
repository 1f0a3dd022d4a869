import subprocess
import sys

import pytest

from drl4ser.corpora import CORPORA, CorpusError, read_corpus


@pytest.fixture
def actor(tmp_path, touch):
    for emotion in ("03", "05"):
        touch(tmp_path / "Actor_01" / f"03-01-{emotion}-01-01-01-01.wav")
    return tmp_path


def test_names():
    assert tuple(CORPORA) == ("synthetic", "iemocap", "ravdess", "emodb", "crema_d", "manifest")


def test_emotions_have_the_same_names_everywhere():
    known = {
        "angry", "happy", "neutral", "sad", "calm", "fearful", "disgusted", "surprised", "bored", "excited",
        "frustrated", "other",
    }  # fmt: skip
    for corpus in CORPORA.values():
        assert set(corpus.classes or ()) <= known


def test_unknown_corpus():
    with pytest.raises(CorpusError, match="unknown corpus 'timit'; choose one of synthetic, iemocap, ravdess"):
        read_corpus("timit", ".")


def test_unknown_emotion(actor):
    with pytest.raises(CorpusError, match="unknown emotion 'furious': ravdess has neutral, calm, happy"):
        read_corpus("ravdess", actor, ("angry", "furious"))


def test_emotions_as_one_string(actor):
    with pytest.raises(CorpusError, match="`emotions` must be 'all' or a tuple of names"):
        read_corpus("ravdess", actor, "angry")


def test_emotion_asked_for_but_absent(actor):
    with pytest.raises(CorpusError, match="ravdess has no sad utterance; complete it or leave this emotion out"):
        read_corpus("ravdess", actor, ("angry", "sad"))


def test_nothing_left(tmp_path, touch):
    touch(tmp_path / "Actor_01" / "03-01-02-01-01-01-01.wav")
    with pytest.raises(CorpusError, match="ravdess has no utterance that is angry or happy or neutral or sad"):
        read_corpus("ravdess", tmp_path)


@pytest.mark.parametrize("name", [name for name in CORPORA if name != "manifest"])
def test_wrong_data_dir(tmp_path, name):
    with pytest.raises(CorpusError, match="nowhere does not exist; set DATA_DIR"):
        read_corpus(name, tmp_path / "nowhere")


def test_root_may_be_a_string(actor):
    assert [item.emotion for item in read_corpus("ravdess", str(actor))] == ["happy", "angry"]


def test_no_tensorflow_is_imported():
    code = "import sys, drl4ser.corpora; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
