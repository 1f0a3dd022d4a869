"""Which part of a fold is used where, and that an interrupted fold ends as one in one go."""

import dataclasses

import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.corpora.folds import select_fold
from drl4ser.data.pipeline import evaluation_batches
from drl4ser.svm import KernelMachine
from drl4ser.text import WordVectors
from drl4ser.training import fold as fold_module
from drl4ser.training import kernel_stage
from drl4ser.training import trainer as trainer_module
from drl4ser.training.fold import run_fold
from tests.conftest import SHALLOW

TRAIN = TrainConfig(batch_size=8, max_epochs=3, learning_rate=0.01, ema_momentum=0.5)
CONFIGS = {
    "network": ExperimentConfig(
        corpus="manifest",
        num_folds=3,
        model=ModelConfig("s1", "acoustic", width=0.05, dropout=0.2, **SHALLOW),
        train=TRAIN,
    ),
    "kernels": ExperimentConfig(
        corpus="manifest",
        num_folds=3,
        model=ModelConfig("poria_cnn_mkl", "acoustic+lexical", width=0.03, word_dim=10, dropout=0.2),
        train=TRAIN,
    ),
}


def read_ids(part):
    return tuple(name.decode() for _, _, names in evaluation_batches(part, 8) for name in names.numpy())


@pytest.fixture(params=CONFIGS)
def observed(request, store, word_vectors_file, tmp_path, monkeypatch):
    """(config, events): what a fold did with which part, in order."""
    events = []

    class ObservedTrainer(trainer_module.Trainer):
        def __init__(self, model, train, training, validation, *arguments):
            super().__init__(model, train, training, validation, *arguments)
            events.append(("train on", read_ids(training)))

        def fit(self):
            history = super().fit()
            events.append(("epoch chosen", None))
            return history

        def evaluate(self, part):
            events.append(("evaluate", read_ids(part)))
            return super().evaluate(part)

    def collect(features, part, batch_size):
        events.append(("features of", read_ids(part)))
        return original(features, part, batch_size)

    def evaluate(self, part, batch_size):
        events.append(("evaluate", read_ids(part)))
        return original_evaluate(self, part, batch_size)

    original, original_evaluate = kernel_stage._collect, kernel_stage.KernelClassifier.evaluate
    monkeypatch.setattr(fold_module, "Trainer", ObservedTrainer)
    monkeypatch.setattr(kernel_stage, "_collect", collect)
    monkeypatch.setattr(kernel_stage.KernelClassifier, "evaluate", evaluate)
    config = CONFIGS[request.param]
    run_fold(config, store, tmp_path / "fold", WordVectors.load(word_vectors_file))
    return config, events


def test_the_test_part_is_evaluated_once_at_the_end_and_used_for_nothing_else(observed, store):
    config, events = observed
    fold = select_fold(config, store.utterances)
    wanted = [("train on", fold.train), *[("evaluate", fold.validation)] * TRAIN.max_epochs, ("epoch chosen", None)]
    if config.model.system == "poria_cnn_mkl":
        wanted += [("features of", fold.train), ("features of", fold.validation)]
    assert events == [*wanted, ("evaluate", fold.test)]


@pytest.mark.parametrize(("name", "precision"), [("network", "mixed_bfloat16"), ("kernels", "float32")])
def test_an_interrupted_fold_ends_as_one_in_one_go(name, precision, store, word_vectors_file, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setenv("DRL4SER_EMULATE_BFLOAT16", "1")
    config = dataclasses.replace(CONFIGS[name], train=dataclasses.replace(TRAIN, precision=precision))
    words = WordVectors.load(word_vectors_file)

    class KilledError(Exception):
        pass

    def kill(row):
        if row["epoch"] == 3:
            raise KilledError

    expected = run_fold(config, store, tmp_path / "whole", words)
    with pytest.raises(KilledError):
        run_fold(config, store, tmp_path / "part", words, kill)
    rest = []
    assert run_fold(config, store, tmp_path / "part", words, rest.append) == expected
    assert [row["epoch"] for row in rest] == [3]
    for file in ("history.json", "record.json"):
        assert (tmp_path / "part" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    if name == "kernels":
        machines = [KernelMachine.load(tmp_path / place / "kernel_machine.npz") for place in ("whole", "part")]
        sizes = {key: x.shape[1:] for key, x in machines[0].support.items()}
        features = {key: np.random.default_rng(0).normal(size=(3, *size)) for key, size in sizes.items()}
        np.testing.assert_array_equal(*(machine.score(features) for machine in machines))
