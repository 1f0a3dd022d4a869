"""A system without a test part: trained on all speakers but those of validation, judged by other folds' results."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

from drl4ser.analysis.predicted_part import find_test_part
from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.corpora import make_folds
from drl4ser.corpora.folds import describe_overlap
from drl4ser.inference.predictor import Predictor
from drl4ser.reporting.fold_result import make_fold_result, read_fold_result
from drl4ser.reporting.model_card import render_card, render_overview
from drl4ser.runs.content import bind_content
from drl4ser.runs.origin import read_origin
from drl4ser.training.pretrain import pretrain

# Named as a corpus that has a card.
CONFIG = ExperimentConfig(
    corpus="ravdess",
    num_folds=3,
    model=ModelConfig("poria_cnn", width=0.02),
    train=TrainConfig(batch_size=8, max_epochs=2, learning_rate=0.01),
)


@pytest.fixture(scope="module")
def tested(store):
    """Folds of a cross-validation that takes every third utterance for angry."""
    results = []
    for number, fold in enumerate(make_folds(store.utterances, num_folds=3)):
        emotions = {item.id: CONFIG.classes.index(item.emotion) for item in store.utterances}
        labels = np.array([emotions[name] for name in fold.test])
        result = make_fold_result(
            bind_content(dataclasses.replace(CONFIG, fold=number), store.content(CONFIG.classes)),
            utterances=fold.test,
            labels=labels,
            predictions=np.where(np.arange(len(labels)) % 3, labels, 0),
            num_parameters=1234,
            units=1,
            epochs=2,
            best_epoch=1,
            validation_ua=0.5,
            overlap=describe_overlap(store.utterances, fold),
            commit="abc",
            versions={"llds": "2"},
        )
        results.append(result)
    return results


@pytest.fixture(scope="module")
def pretrained(tested, store, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pretrained") / "system"
    return directory, pretrain(tested, store, directory)


def test_its_result_is_that_of_the_cross_validation(pretrained, tested, store):
    directory, result = pretrained
    assert result == read_fold_result(directory / "record.json")
    assert result.utterances == sorted(item.id for item in store.utterances)
    found = dict(zip(result.utterances, result.predictions, strict=True))
    for item in tested:
        assert [found[name] for name in item.utterances] == item.predictions
    assert np.array_equal(result.confusion, np.sum([item.confusion for item in tested], axis=0))
    assert (result.split, result.num_folds, result.config["split"]) == ("random", 3, "all")
    counts = {"train_speakers": 1, "validation_speakers": 1, "test_speakers": 2}
    assert result.overlap == counts | {"shared_speakers": sum(item.overlap["shared_speakers"] for item in tested)}


def test_no_speaker_trains_and_validates(store):
    (fold,) = make_folds(store.utterances, "all")
    speakers = {item.id: item.speaker for item in store.utterances}
    assert fold.test == () and sorted(fold.train + fold.validation) == sorted(speakers)
    assert not {speakers[name] for name in fold.train} & {speakers[name] for name in fold.validation}


def test_it_is_a_run_directory(pretrained, store, records_dir):
    directory, result = pretrained
    predictor = Predictor(directory)
    predictor.predict(store.utterances[0].path)
    assert predictor.describe() == (
        f"Poria et al. 2016, softmax, acoustic, trained on 12 utterances of ravdess: UA {100 * result.ua:.0f} % on "
        f"{result.overlap['test_speakers']} unseen speakers by cross-validation, chance 25 %"
    )
    assert read_origin(directory).seen == {"ravdess": store.content(result.classes)}
    assert "record.json" in json.loads((directory / "checksums.json").read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="has no test part"):
        find_test_part(directory, records_dir)


def test_folds_are_added_without_training_again(tested, pretrained, store, tmp_path):
    shutil.copytree(pretrained[0], tmp_path / "system")
    result = pretrain(tested[:2], store, tmp_path / "system", on_epoch=pytest.fail)
    assert result == Predictor(tmp_path / "system").run.result
    assert result.utterances == sorted(name for item in tested[:2] for name in item.utterances)
    assert (result.best_epoch, result.validation_ua) == (pretrained[1].best_epoch, pretrained[1].validation_ua)
    assert pretrain(tested, store, tmp_path / "system", on_epoch=pytest.fail) == pretrained[1]


def test_other_records_are_refused(tested, store, tmp_path):
    others = [dataclasses.replace(item, config=item.config | {"utterances_sha256": "0" * 64}) for item in tested]
    with pytest.raises(ValueError, match="records changed"):
        pretrain(others, store, tmp_path / "system")
    assert not (tmp_path / "system").exists()


def test_the_card_has_the_figures(pretrained, tested):
    _, result = pretrained
    card = render_card("tiny", tested, result, "make pretrained RUN=tiny", [("other", tested)])
    table = render_overview({"tiny": (tested, 2_340_000)})
    ua = f"{100 * result.ua:.1f}"
    assert f"UA on unseen speakers: {ua} % (95 % interval" in card and f" {ua} [" in table
    for line in (
        "1,234 weights",
        "UA on the validation parts of 3 folds: 50.0 %, lower than that of `other`, 50.0 %.",
        "3 of 3 folds, 2 speakers,\n24 utterances: angry 6,",
        "chance is 25.0 %",
        "CC BY-NC-SA",
    ):
        assert line in card
    assert re.search(r"tiny +\| RAVDESS .* \| +2\.3 \| +3/3 \|", table)
