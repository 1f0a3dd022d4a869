"""A fold of the system whose classifier is a kernel machine: trained, tested, kept and applied to files."""

import json

import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.inference.predictor import Predictor
from drl4ser.svm import KernelMachine
from drl4ser.text import WordVectors
from drl4ser.training.fold import run_fold

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("poria_cnn_mkl", "acoustic+lexical", width=0.03, word_dim=10),
    train=TrainConfig(batch_size=8, max_epochs=3, learning_rate=0.01),
)


@pytest.fixture(scope="module")
def run(store, word_vectors_file, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "fold"
    return directory, run_fold(CONFIG, store, directory, WordVectors.load(word_vectors_file))


def test_the_record_is_the_kernel_machines(run):
    directory, record = run
    machine = KernelMachine.load(directory / "kernel_machine.npz")
    assert record.validation_ua == machine.validation_ua and set(machine.support) <= {"acoustic", "lexical"}
    history = json.loads((directory / "history.json").read_text(encoding="utf-8"))
    assert record.best_epoch == max(row["epoch"] for row in history if row["best"])


def test_a_file_alone_gets_what_the_test_gave_it(run, store):
    directory, record = run
    predictor = Predictor(directory)
    utterances = {item.id: item for item in store.utterances}
    for name, number in zip(record.utterances, record.predictions, strict=True):
        prediction = predictor.predict(utterances[name].path, utterances[name].text)
        assert prediction.emotion == record.classes[number]
        np.testing.assert_allclose(prediction.probabilities.sum(), 1.0)


def test_a_run_without_its_machine_is_refused(run):
    path = run[0] / "kernel_machine.npz"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(ValueError, match=r"kernel_machine\.npz is missing or damaged"):
        Predictor(run[0])
    path.write_bytes(content)
