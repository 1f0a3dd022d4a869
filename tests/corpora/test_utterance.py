import dataclasses
from pathlib import Path

import pytest

from drl4ser.corpora.utterance import CorpusError, Utterance, list_files, require_folder


def test_required_fields_come_first_and_the_rest_is_empty():
    names = [field.name for field in dataclasses.fields(Utterance)]
    assert names[:6] == ["id", "path", "emotion", "speaker", "session", "text"]
    utterance = Utterance("a", Path("a.wav"), "happy")
    assert (utterance.speaker, utterance.session, utterance.text, utterance.valence) == ("", "", "", None)


def test_frozen_with_slots():
    utterance = Utterance("a", Path("a.wav"), "happy")
    with pytest.raises(dataclasses.FrozenInstanceError):
        utterance.emotion = "sad"
    assert not hasattr(utterance, "__dict__")


def test_corpus_error_is_a_value_error():
    assert issubclass(CorpusError, ValueError)


def test_missing_folder(tmp_path):
    with pytest.raises(CorpusError, match="nowhere does not exist; set DATA_DIR"):
        require_folder(tmp_path / "nowhere")


def test_file_in_place_of_a_folder(tmp_path, touch):
    with pytest.raises(CorpusError, match="is a file, not a folder"):
        require_folder(touch(tmp_path / "corpus.zip"))


def test_list_files_is_sorted_and_skips_hidden_and_other_files(tmp_path, touch):
    for name in ("b.wav", "a.WAV", "._a.wav", ".DS_Store", "readme.txt"):
        touch(tmp_path / name)
    assert [path.name for path in list_files(tmp_path, ".wav")] == ["a.WAV", "b.wav"]
