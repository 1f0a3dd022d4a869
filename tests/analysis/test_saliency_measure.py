import numpy as np
import pytest

from drl4ser.analysis.saliency import measure
from drl4ser.analysis.saliency.steps import label_steps, roc_area
from drl4ser.corpora import Word
from drl4ser.inference.inspection import inspect_recording
from drl4ser.inference.predictor import Predictor
from drl4ser.models.inspector import Inspector

WORDS = [Word("a", 0.0, 0.15), Word("sad", 0.15, 0.35, True), Word("sentence", 0.35, 2.0)]


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor(trained_run[0])


@pytest.fixture(scope="module")
def measured(predictor, store):
    utterances = [item for item in store.utterances if item.id in ("neutral_5.wav", "sad_0.wav")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "read_words", lambda path: [] if "neutral" in str(path) else WORDS)
        return utterances, list(measure.measure_fold(predictor, utterances))


def test_utterances_without_salient_words_are_passed_over(measured):
    utterances, rows = measured
    assert len(utterances) == 2 and [row["id"] for row in rows] == ["sad_0.wav"]


def test_areas_are_of_what_the_layers_return(measured, predictor):
    utterances, rows = measured
    utterance = next(item for item in utterances if item.id == rows[0]["id"])
    seen = inspect_recording(predictor, Inspector(predictor.run.model), utterance.path, utterance.text).seen
    block = seen.blocks[0]
    labels = label_steps(block.times, WORDS)
    received = block.weights.sum(axis=1).mean(axis=0)
    assert rows[0]["roc"]["attention, group 2, block 1"] == pytest.approx(roc_area(received, labels))
    assert rows[0]["salient"]["attention, group 2, block 1"] == pytest.approx(received[labels == 1].mean(), rel=1e-5)
    labels = label_steps(seen.times, WORDS)
    name = "r, iteration 3"
    assert rows[0]["roc"][name] == pytest.approx(roc_area(seen.informativeness[2], labels))
    assert rows[0]["other"][name] == pytest.approx(seen.informativeness[2][labels == 0].mean())
    names = [f"r, iteration {i}" for i in (1, 2, 3)]
    assert set(names) < set(rows[0]["roc"]) and f"untrained {name}" in rows[0]["roc"]
    assert rows[0]["roc"]["log energy"] > 0


def test_probabilities_are_those_of_the_silenced_recordings(measured, predictor):
    utterances, rows = measured
    utterance = next(item for item in utterances if item.id == rows[0]["id"])
    whole = predictor.predict(utterance.path, utterance.text).probabilities
    label = predictor.run.config.classes.index("sad")
    assert rows[0]["probability"]["none"] == pytest.approx(whole[label], abs=1e-6)
    said = 0.15 + 0.2 + 1.65
    assert rows[0]["silenced"]["salient"] == pytest.approx(0.2 / said)
    assert rows[0]["silenced"]["none"] == 0 < rows[0]["silenced"]["random"]
    assert all(0 <= value <= 1 for value in rows[0]["probability"].values())
    assert rows[0]["probability"]["salient"] != rows[0]["probability"]["none"]
    assert np.ptp([rows[0]["probability"][f"r, iteration {i}"] for i in (1, 2, 3)]) < 1
