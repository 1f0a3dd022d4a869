import dataclasses
import json

import pytest

from drl4ser import config


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"`profile` must be one of .*profile='huge'"):
        config.make_experiment("huge", "paper")
    with pytest.raises(ValueError, match=r"`recipe` must be one of .*recipe='best'"):
        config.make_experiment("paper", "best")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: config.FrameConfig(hop_ms=-5), "`hop_ms` must be positive. Received: hop_ms=-5"),
        (lambda: config.ModelConfig(width=0), "`width` must be positive"),
        (lambda: config.ModelConfig(modality="video"), "modality='video'"),
        (lambda: config.ModelConfig(num_classes=1), "`num_classes` must be at least 2"),
        (lambda: config.TrainConfig(learning_rate=0), "`learning_rate` must be positive"),
        (lambda: config.TrainConfig(lr_schedule="step"), "`lr_schedule` must be"),
    ],
)
def test_values_out_of_range_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_defaults_are_the_papers():
    paper = config.make_experiment("paper", "paper")
    assert (paper.frame.frame_length, paper.frame.hop_length) == (400, 80)
    assert (paper.train.learning_rate, paper.train.batch_size) == (1e-3, 128)
    assert (paper.model.units, paper.model.iterations, paper.model.num_heads) == (256, 3, 4)
    assert not paper.train.augments and paper.model.dropout == 0 and paper.model.width == 1
    assert paper.num_folds == 10 and config.PROFILE_FOLDS == {"quick": 1}


def test_a_profile_wins_over_a_recipe():
    quick = config.make_experiment("quick", "tuned")
    for part, values in config.PROFILES["quick"].items():
        for name, value in values.items():
            assert getattr(getattr(quick, part), name) == value
    assert dataclasses.replace(quick, profile="paper") != config.make_experiment("paper", "tuned")


def test_configurations_survive_json():
    made = config.make_experiment("quick", "tuned", corpus="ravdess", fold=3, classes=("a", "b"))
    again = config.from_dict(config.ExperimentConfig, config.to_dict(made))
    assert again == made


def test_a_setting_that_came_later_had_its_default():
    made = config.to_dict(config.make_experiment("paper", "paper"))
    older = json.loads(json.dumps(made))
    del older["train"]["trim_db"], older["model"]["dropout"]
    assert config.complete(config.ExperimentConfig, older) == made


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="TrainConfig has no field 'momentum'"):
        config.from_dict(config.TrainConfig, {"momentum": 0.9})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "must be made from a JSON object"),
        ({"seed": "0"}, "`seed` must be"),
        ({"seed": True}, "`seed` must be"),
        ({"train": {"learning_rate": float("nan")}}, "`learning_rate` must be"),
        ({"model": {"filters": [32, "64"]}}, "`filters` must be"),
        ({"model": 3}, "ModelConfig must be made from a JSON object"),
        ({"corpus": "../../etc"}, "`corpus` must be a plain name"),
        ({"model": {"system": "s3/../.."}}, "`system` must be a plain name"),
    ],
)
def test_values_from_a_file_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        config.from_dict(config.ExperimentConfig, values)


def test_a_setting_that_may_be_absent_may_be_null():
    assert config.from_dict(config.ExperimentConfig, {"split_seed": None}).split_seed is None
    assert config.from_dict(config.ExperimentConfig, {"split_seed": 3}).split_seed == 3
