"""The reference row against scikit-learn's own pipeline, on real files."""

import dataclasses

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from drl4ser.config import ExperimentConfig, ModelConfig
from drl4ser.corpora.folds import select_fold
from drl4ser.data.store import open_store
from drl4ser.reporting import metrics
from drl4ser.svm.machine import PENALTIES
from drl4ser.training.reference import FUNCTIONALS_FILE, REFERENCE, load_compare_functionals, run_reference

pytest.importorskip("opensmile")
CONFIGS = [
    ExperimentConfig(corpus="manifest", num_folds=3, fold=fold, model=ModelConfig(REFERENCE)) for fold in range(2)
]


@pytest.fixture(scope="module")
def run(records_dir, tmp_path_factory):
    """Records of two folds, and where they are."""
    directory = tmp_path_factory.mktemp("runs")
    return run_reference(CONFIGS, records_dir, directory, num_workers=2), directory


def test_predictions_are_those_of_scikit_learn(run, store):
    functionals = load_compare_functionals(store)
    emotions = {utterance.id: utterance.emotion for utterance in store.utterances}
    for config, record in zip(CONFIGS, run[0], strict=True):
        fold = select_fold(config, store.utterances)
        parts = {
            name: (
                np.stack([functionals[key] for key in getattr(fold, name)]).astype(np.float64),
                np.array([config.classes.index(emotions[key]) for key in getattr(fold, name)]),
            )
            for name in ("train", "validation", "test")
        }
        found = []
        for penalty in PENALTIES:
            model = make_pipeline(StandardScaler(), SVC(C=penalty, gamma="scale", break_ties=True))
            model.fit(*parts["train"])
            predictions = model.predict(parts["validation"][0])
            confusion = metrics.confusion_matrix(parts["validation"][1], predictions, 4)
            found.append((metrics.unweighted_accuracy(confusion), -penalty, model))
        ua, _, best = max(found, key=lambda item: item[:2])
        assert record.validation_ua == pytest.approx(ua)
        assert tuple(record.utterances) == fold.test
        np.testing.assert_array_equal(record.predictions, best.predict(parts["test"][0]))


def test_finished_folds_and_functionals_are_read_and_not_made_again(run, records_dir, store, monkeypatch):
    records, directory = run

    def fail(*_):
        raise AssertionError("nothing is to be extracted")

    monkeypatch.setattr("drl4ser.training.reference._extract_functionals", fail)
    assert run_reference(CONFIGS, records_dir, directory) == records
    assert len(load_compare_functionals(store)) == len(store.utterances)
    assert (records_dir / FUNCTIONALS_FILE).exists()


def test_functionals_of_other_utterances_are_not_taken(store, records_dir, tmp_path):
    load_compare_functionals(store)
    moved = [dataclasses.replace(item, path=tmp_path / "gone.wav") for item in store.utterances[1:]]
    other = dataclasses.replace(open_store(records_dir), utterances=tuple(moved))
    with pytest.raises(ValueError, match=r"gone\.wav is gone: openSMILE needs the audio"):
        load_compare_functionals(other)
