import json

import pytest

from drl4ser import config, plain_values


def test_configurations_survive_json():
    made = config.make_experiment("quick", "tuned", corpus="ravdess", fold=3, classes=("a", "b"))
    again = plain_values.from_dict(
        config.ExperimentConfig, json.loads(json.dumps(plain_values.to_dict(made)))
    )
    assert again == made


def test_a_setting_that_came_later_had_its_default():
    made = plain_values.to_dict(config.make_experiment("paper", "paper"))
    older = json.loads(json.dumps(made))
    del older["train"]["trim_db"], older["model"]["dropout"]
    assert plain_values.complete(config.ExperimentConfig, older) == json.loads(json.dumps(made))


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="TrainConfig has no field 'momentum'"):
        plain_values.from_dict(config.TrainConfig, {"momentum": 0.9})


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
        ({"model": {"units": 10**9}}, "no layer may have more than 8192 units"),
        ({"model": {"width": 1e6}}, "no layer may have more than 8192 units"),
    ],
)
def test_values_from_a_file_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        plain_values.from_dict(config.ExperimentConfig, values)


def test_a_setting_that_may_be_absent_may_be_null():
    assert plain_values.from_dict(config.ExperimentConfig, {"split_seed": None}).split_seed is None
    assert plain_values.from_dict(config.ExperimentConfig, {"split_seed": 3}).split_seed == 3
