"""Ablations train, are saved and predict; the network that another system's run holds is not trained again."""

import json
import shutil

import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig, change
from drl4ser.predictor import Predictor
from drl4ser.runs.paths import run_directory
from drl4ser.runs.twins import find_twin
from drl4ser.training.fold import run_fold
from drl4ser.training.trainer import Trainer
from tests.conftest import SHALLOW

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("poria_cnn_mkl", width=0.02),
    train=TrainConfig(batch_size=8, max_epochs=3, learning_rate=0.01),
)
SOFTMAX = change(CONFIG, {"model": {"system": "poria_cnn"}})


@pytest.mark.parametrize("system", ["gca_skip", "gca_40ms", "trunk_attention_max"])
def test_an_ablation_is_trained_saved_and_predicts(system, store, tmp_path):
    depth = {} if system == "gca_40ms" else SHALLOW  # what is its own are its last groups
    config = change(CONFIG, {"model": {"system": system, **depth}, "train": {"max_epochs": 1}})
    directory = run_directory(tmp_path, config)
    result = run_fold(config, store, directory)
    predictor, paths = Predictor(directory), {item.id: item.path for item in store.utterances}
    found = [predictor.predict(paths[name]).emotion for name in result.utterances[:3]]
    assert found == [result.classes[label] for label in result.predictions[:3]]
    assert (result.system, result.epochs) == (system, 1)


@pytest.fixture(scope="module")
def with_kernels(store, tmp_path_factory):
    runs_dir = tmp_path_factory.mktemp("runs")
    return runs_dir, run_fold(CONFIG, store, run_directory(runs_dir, CONFIG))


def test_the_softmax_of_a_finished_run_with_kernels_needs_no_training(with_kernels, store, tmp_path, monkeypatch):
    trained = run_fold(SOFTMAX, store, run_directory(tmp_path, SOFTMAX))
    monkeypatch.setattr(Trainer, "_run_epoch", lambda *_: pytest.fail("trained again"))
    runs_dir, kernels = with_kernels
    shared = run_fold(SOFTMAX, store, run_directory(runs_dir, SOFTMAX))
    assert shared == trained
    assert (shared.system, shared.commit, shared.epochs) == ("poria_cnn", kernels.commit, kernels.epochs)
    histories = [
        json.loads((run_directory(runs_dir, item) / "history.json").read_text(encoding="utf-8"))
        for item in (CONFIG, SOFTMAX)
    ]
    assert histories[0] == histories[1] and len(histories[0]) == 3
    assert not (run_directory(runs_dir, SOFTMAX) / "kernel_machine.npz").exists()
    path = store.utterances[0].path
    probabilities = [Predictor(run_directory(folder, SOFTMAX)).predict(path).probabilities
                     for folder in (runs_dir, tmp_path)]  # fmt: skip
    np.testing.assert_array_equal(*probabilities)


def test_only_a_finished_run_of_the_same_settings_is_taken(with_kernels, tmp_path):
    twin, directory = run_directory(tmp_path, CONFIG), run_directory(tmp_path, SOFTMAX)
    assert find_twin(SOFTMAX, directory) is None
    shutil.copytree(run_directory(with_kernels[0], CONFIG), twin)
    assert find_twin(SOFTMAX, directory).directory == twin
    assert find_twin(CONFIG, twin) is None and find_twin(change(CONFIG, {"model": {"system": "s3"}}), directory) is None
    for changes in ({"train": {"max_epochs": 2}}, {"model": {"width": 0.03}}):
        assert find_twin(change(SOFTMAX, changes), directory) is None
    assert find_twin(SOFTMAX, tmp_path / "elsewhere") is None
    (twin / "model.weights.h5").unlink()
    assert find_twin(SOFTMAX, directory) is None
