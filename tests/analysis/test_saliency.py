"""The saliency test: steps and words, silencing, and the measures of one utterance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drl4ser.analysis import saliency
from drl4ser.analysis.saliency import highest_steps, label_steps, roc_area, silence_spans, step_spans
from drl4ser.corpora import Word
from drl4ser.inference.inspection import inspect_recording

WORDS = [Word("a", 0.0, 0.15), Word("sad", 0.15, 0.35, True), Word("sentence", 0.35, 2.0)]
SENTENCE = [Word("you", 0.1, 0.3), Word("lied", 0.3, 0.6, True), Word("today", 0.8, 1.0)]


def test_steps_are_labelled_by_what_is_said_at_their_middle():
    times = np.array([0.05, 0.1, 0.29, 0.3, 0.59, 0.6, 0.7, 0.9, 1.0])
    assert label_steps(times, SENTENCE).tolist() == [-1, 0, 0, 1, 1, -1, -1, 0, -1]


def count_pairs(scores, labels):
    pairs = [
        (salient > other) + 0.5 * (salient == other) for salient in scores[labels == 1] for other in scores[labels == 0]
    ]
    return np.mean(pairs)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([-1, 0, 1])), min_size=2, max_size=30))
def test_the_roc_area_counts_pairs(steps):
    scores, labels = np.array(steps, np.float64).T
    if {0, 1} <= set(labels):
        assert roc_area(scores, labels) == pytest.approx(count_pairs(scores, labels))
    else:
        assert roc_area(scores, labels) is None


def test_the_highest_steps_of_speech():
    labels = np.array([-1, 0, 1, 1, 0, 0, -1])
    scores = np.array([9.0, 1.0, 3.0, 5.0, 3.0, 2.0, 9.0])
    assert highest_steps(scores, labels, 0.2).tolist() == [3]
    assert highest_steps(scores, labels, 0.4).tolist() == [2, 3]  # of equal ones the first
    assert highest_steps(scores, labels, 1.0).tolist() == [1, 2, 3, 4, 5]
    assert highest_steps(scores, labels, 0.01).tolist() == [3]
    times = 0.0125 + 0.16 * np.arange(7)
    assert step_spans(np.array([3]), times) == [pytest.approx((0.4125, 0.5725))]


def test_silence_is_the_recordings_own_background():
    rng = np.random.default_rng(1)
    signal = rng.normal(0, 0.001, 32_000).astype(np.float32)
    signal[8_000:24_000] += 0.3 * np.sin(np.arange(16_000) / 7).astype(np.float32)
    silenced = silence_spans(signal, 16_000, [(0.6, 0.9), (1.9, 5.0)], np.random.default_rng(0))
    assert silenced.dtype == np.float32 and len(silenced) == len(signal)
    gone = np.zeros(len(signal), bool)
    gone[9_600:14_400] = gone[30_400:] = True
    np.testing.assert_array_equal(silenced[~gone], signal[~gone])
    assert np.std(silenced[9_600:14_400]) == pytest.approx(0.001, rel=0.15)
    np.testing.assert_array_equal(silence_spans(signal, 16_000, [], rng), signal)
    short = np.full(100, 0.5, np.float32)
    assert silence_spans(short, 16_000, [(0, 1)], np.random.default_rng(0)).std() > 0


@pytest.fixture(scope="module")
def measured(predictor, store):
    utterances = [item for item in store.utterances if item.id in ("neutral_5.wav", "sad_0.wav")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saliency, "read_words", lambda path: [] if "neutral" in str(path) else WORDS)
        return utterances, list(saliency.measure_fold(predictor, utterances))


def test_utterances_without_salient_words_are_passed_over(measured):
    utterances, rows = measured
    assert len(utterances) == 2 and [row["id"] for row in rows] == ["sad_0.wav"]


def test_areas_are_of_what_the_layers_return(measured, predictor):
    utterances, rows = measured
    utterance = next(item for item in utterances if item.id == rows[0]["id"])
    seen = inspect_recording(predictor, predictor.read(utterance.path), utterance.text)
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
