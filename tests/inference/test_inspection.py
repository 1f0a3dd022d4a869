import copy
import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from drl4ser.analysis.predicted_part import choose_example
from drl4ser.corpora import Word
from drl4ser.features.normalization import Normalizer
from drl4ser.inference.inspection import draw_figure5, inspect_recording

WORDS = [Word("a", 0.0, 0.1), Word("sad", 0.1, 0.3, True), Word("sentence", 0.3, 0.4)]


def test_both_panels_of_a_recording(predictor, store, tmp_path):
    audio = store.utterances[-1].path
    paths = draw_figure5(predictor, audio, tmp_path / "one", WORDS, "a sad sentence")
    panels = ("attention-block-5-head-1", "informativeness")
    names = [f"{audio.stem}-s3-acoustic+lexical-fold-00-seed-0-{panel}" for panel in panels]
    assert [path.name for path in paths] == [f"{name}.{suffix}" for name in names for suffix in ("png", "pdf")]
    assert {path.parent for path in paths} == {tmp_path / "one/manifest-quick-paper-random"}
    other = draw_figure5(predictor, audio, tmp_path / "two", WORDS, "a sad sentence", block=2, head=0)
    assert "attention-block-2-head-0" in other[0].name
    assert np.abs(imread(paths[0]) - imread(other[0])).max() > 0.1  # another matrix
    assert paths[2].read_bytes() == other[2].read_bytes()  # the same informativeness
    for arguments, message in (
        ({"block": 9}, "`block` must be from 1 to 8"),
        ({"head": 5}, "`head` must be from 0 to 4"),
    ):
        with pytest.raises(ValueError, match=message):
            draw_figure5(predictor, audio, tmp_path, **arguments)


def test_times_are_those_of_the_recording_when_silence_was_trimmed(predictor, store):
    recording = predictor.read(store.utterances[0].path)
    whole = inspect_recording(predictor, recording)
    normalizer = predictor.run.normalizer
    energy = recording.llds[:, 12]
    start = np.flatnonzero(energy > np.sort(energy)[-10])[0]
    trimming = Normalizer(
        normalizer.mean, normalizer.std, trim_db=float((energy.max() - energy[start]) * 10 / np.log(10) + 1e-3)
    )
    trims = copy.copy(predictor)
    trims.run = dataclasses.replace(predictor.run, normalizer=trimming)
    seen = inspect_recording(trims, recording)
    assert seen.times[0] >= whole.times[0] and len(seen.times) <= len(whole.times)
    kept = np.flatnonzero(energy >= energy.max() - trimming.trim_db * np.log(10) / 10)
    assert seen.times[0] == pytest.approx(kept[0] * 0.005 + 0.0125)


def test_the_example_is_an_angry_utterance_that_is_recognised(trained_run):
    record = trained_run[1]
    chosen = record.utterances.index(choose_example(record))
    right = [label == found for label, found in zip(record.labels, record.predictions, strict=True)]
    assert right[chosen] or not any(right)
    angry = [index for index, ok in enumerate(right) if ok and record.classes[record.labels[index]] == "angry"]
    assert not angry or chosen == angry[0]
