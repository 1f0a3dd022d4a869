import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.predictor import Predictor, main
from drl4ser.text import WordVectors
from drl4ser.training.fold import run_fold

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("s3", "acoustic+lexical", width=0.05, word_dim=10),
    train=TrainConfig(batch_size=8, max_epochs=2, learning_rate=0.01),
)


@pytest.fixture(scope="module")
def run(store, word_vectors_file, tmp_path_factory):
    """A finished fold of S3 with both modalities: its directory and record."""
    directory = tmp_path_factory.mktemp("runs") / "fold"
    return directory, run_fold(CONFIG, store, directory, WordVectors.load(word_vectors_file))


def test_a_file_alone_gets_what_evaluation_gave_it(run, store):
    directory, record = run
    predictor = Predictor(directory)
    utterances = {item.id: item for item in store.utterances}
    for name, number in zip(record.utterances, record.predictions, strict=True):
        prediction = predictor.predict(utterances[name].path, utterances[name].text)
        assert prediction.emotion == record.classes[number]
        np.testing.assert_allclose(prediction.probabilities.sum(), 1.0)


def test_the_command_prints_a_line_a_file_and_goes_on_after_a_bad_one(run, store, tmp_path, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    good = store.utterances[0].path
    assert main([str(run[0]), str(bad), str(good), "--text", "a sad sentence"]) == 1
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    path, emotion, *shares = line.split("\t")
    assert path == str(good) and emotion in CONFIG.classes
    assert [share.split("=")[0] for share in shares] == list(CONFIG.classes)
    assert "bad.wav" in output.err and "error" in output.err
    assert main([str(run[0]), str(good.parent)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(store.utterances)


def test_a_directory_without_a_run_is_an_error(tmp_path, capsys):
    assert main([str(tmp_path), "x.wav"]) == 1
    assert "not the directory of a finished run" in capsys.readouterr().err
