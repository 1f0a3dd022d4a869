"""From a run directory to probabilities: the same as evaluation gave, windows as files of their own, clear errors."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from drl4ser.corpora import make_folds
from drl4ser.data.pipeline import evaluation_batches, load_part
from drl4ser.features import Normalizer
from drl4ser.inference.predictor import Predictor
from drl4ser.reporting.fold_result import read_fold_result, write_fold_result
from drl4ser.text import WordVectors
from tests.conftest import SAMPLE_RATE, write_voice


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory):
    """2.9 s: five voices one after the other."""
    folder = tmp_path_factory.mktemp("long")
    signals = []
    for number, emotion in enumerate(("angry", "sad", "happy", "neutral", "sad")):
        write_voice(folder / "part.wav", emotion, seed=number)
        signals.append(soundfile.read(folder / "part.wav")[0])
    path = folder / "long.wav"
    soundfile.write(path, np.concatenate(signals)[: int(2.9 * SAMPLE_RATE)], SAMPLE_RATE)
    return path


def test_a_file_alone_gets_what_evaluation_gave_it(trained_run, predictor, store):
    """Evaluation through records, pipeline and padded batches of 8; prediction from the audio file alone."""
    directory, record = trained_run
    normalizer = Normalizer.from_dict(json.loads((directory / "normalizer.json").read_text()))
    words = WordVectors.load(directory / "words.bin")
    labels = dict(zip(record.utterances, record.labels, strict=True))
    part = load_part(store, labels, normalizer, words)
    utterances = {item.id: item for item in store.utterances}
    compared = 0
    for inputs, _, ids in evaluation_batches(part, 8):
        wanted = tf.nn.softmax(predictor.run.model(inputs, training=False)).numpy()
        for name, row in zip(ids.numpy(), wanted, strict=True):
            utterance = utterances[name.decode()]
            prediction = predictor.predict(utterance.path, utterance.text)
            np.testing.assert_allclose(prediction.probabilities, row, atol=1e-5)
            number = record.predictions[record.utterances.index(utterance.id)]
            assert prediction.emotion == record.classes[number]
            compared += 1
    assert compared == len(record.utterances) > 4


def test_words_matter_and_their_absence_is_said(predictor, store):
    path = store.utterances[0].path
    silent, said = predictor.predict(path), predictor.predict(path, "a sad sentence")
    assert np.abs(silent.probabilities - said.probabilities).max() > 1e-4
    assert any("no transcript" in line for line in silent.warnings)
    assert not any("transcript" in line for line in said.warnings)
    assert any("0 of the 2 words" in line for line in predictor.predict(path, "42 xyzzy").warnings)


def test_training_recordings_are_nothing_odd_and_others_are(predictor, store, tmp_path):
    trained = make_folds(store.utterances, "random", 3, 0)[0].train
    for utterance in (item for item in store.utterances if item.id in trained[:6]):
        assert predictor.predict(utterance.path, "a sad sentence").warnings == ()
    noise = 0.3 * np.random.default_rng(0).standard_normal(8000)
    soundfile.write(tmp_path / "noise.wav", np.clip(noise, -1, 1), 8000)
    lines = "\n".join(predictor.predict(tmp_path / "noise.wav", "a sad sentence").warnings)
    assert "sampled at a lower rate than in training" in lines and "level" in lines and "voiced" in lines


def test_entropy_is_that_of_the_probabilities(predictor, store):
    prediction = predictor.predict(store.utterances[0].path)
    p = prediction.probabilities
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert prediction.entropy == pytest.approx(-sum(x * np.log2(x) for x in p))
    assert 0 < prediction.entropy < 2


def test_a_window_gets_what_its_samples_alone_would(predictor, long_recording, tmp_path):
    windows = list(predictor.predict_windows(long_recording, 1.0, 0.5))
    assert [item.start_seconds for item in windows] == [0.0, 0.5, 1.0, 1.5, pytest.approx(1.9)]
    assert windows[-1].end_seconds == pytest.approx(2.9)
    signal, _ = soundfile.read(long_recording)
    for item in windows:
        first = round(item.start_seconds * SAMPLE_RATE)
        soundfile.write(tmp_path / "cut.wav", signal[first : first + SAMPLE_RATE], SAMPLE_RATE)
        alone = predictor.predict(tmp_path / "cut.wav").probabilities
        np.testing.assert_allclose(item.probabilities, alone, atol=1e-5)


def test_more_windows_than_one_batch(predictor, long_recording):
    windows = list(predictor.predict_windows(long_recording, 0.5, 0.1))
    assert len(windows) == 25
    again = list(predictor.predict_windows(long_recording, 0.5, 0.5))
    np.testing.assert_allclose(windows[20].probabilities, again[4].probabilities, atol=1e-5)


def test_of_long_windows_fewer_are_predicted_at_a_time(predictor, long_recording, monkeypatch):
    """Attention of sixteen windows of two minutes would need gigabytes."""
    counts = []
    monkeypatch.setattr("drl4ser.inference.predictor._PIECE_SECONDS", 0.5)
    monkeypatch.setattr(
        predictor, "_apply", lambda llds: counts.append(len(llds)) or type(predictor)._apply(predictor, llds)
    )
    assert len(list(predictor.predict_windows(long_recording, 1.0, 0.2))) == sum(counts)
    assert max(counts) == 4  # 16, by the square of twice the length


def test_a_short_recording_is_one_window(predictor, store):
    path = store.utterances[0].path
    (window,) = predictor.predict_windows(path, 3.0, 1.0)
    np.testing.assert_allclose(window.probabilities, predictor.predict(path).probabilities, atol=1e-6)


def test_recordings_that_cannot_be(predictor, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), SAMPLE_RATE)
    soundfile.write(tmp_path / "short.wav", np.zeros(100), SAMPLE_RATE)
    soundfile.write(tmp_path / "long.wav", np.zeros(121 * 8000), 8000)
    for name in ("bad.wav", "empty.wav", "short.wav", "missing.wav"):
        with pytest.raises(ValueError, match=name):
            predictor.predict(tmp_path / name)
        with pytest.raises(ValueError, match=name):
            list(predictor.predict_windows(tmp_path / name))
    with pytest.raises(ValueError, match=r"long\.wav: too long: more than 120 s; use windows \(--window 3"):
        predictor.predict(tmp_path / "long.wav")
    with pytest.raises(ValueError, match=r"at most `window_seconds`, else .* hop_seconds=2"):
        list(predictor.predict_windows(tmp_path / "long.wav", 1.0, 2.0))


def test_a_run_directory_of_before_still_works(trained_run, predictor, store, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(trained_run[0], old)
    for name in ("input_range.json", "checksums.json"):
        (old / name).unlink()
    prediction = Predictor(old).predict(store.utterances[0].path, "a sad sentence")
    wanted = predictor.predict(store.utterances[0].path, "a sad sentence")
    np.testing.assert_array_equal(prediction.probabilities, wanted.probabilities)
    assert prediction.warnings == ()


def damage(directory, name):
    """Spoils one file of a run directory without checksums; returns what the message must say."""
    path = directory / name
    (directory / "checksums.json").unlink()
    if name == "words.bin":
        path.write_bytes(b"1 3\nsad " + np.zeros(3, "<f4").tobytes() + b"\n")
        return "3 dimensions, config.json beside it has 10"
    if name == "config.json":
        path.write_text(path.read_text().replace('"units": 256', '"units": 300'))
        return "model.weights.h5 is damaged or does not fit config.json"
    if name == "model.weights.h5":
        path.unlink()
        return "model.weights.h5 is missing"
    if name == "record.json":
        record = read_fold_result(path)
        versions = {**record.versions, "llds": f"other-{record.versions['llds']}"}
        write_fold_result(path, dataclasses.replace(record, versions=versions))
        return "was trained on LLDs of version other-"
    path.write_text('{"mean": [0], "std": [1]}')
    return "normalizer.json has 1 LLDs, config.json beside it has 17"


@pytest.mark.parametrize("name", ["words.bin", "config.json", "model.weights.h5", "record.json", "normalizer.json"])
def test_a_mismatch_is_an_error_that_names_the_file(trained_run, tmp_path, name):
    shutil.copytree(trained_run[0], tmp_path / "run")
    with pytest.raises(ValueError) as caught:
        message = damage(tmp_path / "run", name)
        Predictor(tmp_path / "run")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_directory_without_a_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="not the directory of a finished run"):
        Predictor(tmp_path)
