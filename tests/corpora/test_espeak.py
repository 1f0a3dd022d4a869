import sys

import numpy as np
import pytest

from drl4ser.corpora import CorpusError
from drl4ser.corpora.synthetic import espeak
from drl4ser.corpora.synthetic.espeak import speak

PLAIN = {"voice": "en-us+m3", "rate": 170, "pitch": 50, "pitch_range": 50, "volume": 40, "seed": 1}


def test_words_come_with_their_beginnings():
    text = "<speak>Hello big house.</speak>"
    speech = speak(text, **PLAIN)
    assert speech.sample_rate == 22_050
    assert speech.samples.dtype == np.int16
    assert [text[word.text_position :].split()[0] for word in speech.words] == ["Hello", "big", "house.</speak>"]
    starts = [word.sample for word in speech.words]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < len(speech.samples)


def test_parameters_change_the_speech():
    def loudness(**changed):
        return np.std(speak("<speak>Hello big house.</speak>", **(PLAIN | changed)).samples.astype(float))

    def length(**changed):
        return len(speak("<speak>Hello big house.</speak>", **(PLAIN | changed)).samples)

    assert loudness(volume=80) / loudness() == pytest.approx(2.0, rel=0.2)
    assert length(rate=340) < 0.7 * length()


def test_unknown_voice():
    with pytest.raises(CorpusError, match="no voice 'elvish'"):
        speak("<speak>Hello</speak>", **(PLAIN | {"voice": "elvish"}))


def test_missing_package_names_the_remedy(monkeypatch):
    espeak._load.cache_clear()
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(CorpusError, match=r"pip install 'drl4ser\[synthetic\]'"):
        espeak.espeak_version()
    espeak._load.cache_clear()
