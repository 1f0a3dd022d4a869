import dataclasses

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
    assert config.PROFILE_FOLDS["paper"] == paper.num_folds == 10


def test_a_profile_wins_over_a_recipe():
    quick = config.make_experiment("quick", "tuned")
    for part, values in config.PROFILES["quick"].items():
        for name, value in values.items():
            assert getattr(getattr(quick, part), name) == value
    assert dataclasses.replace(quick, profile="paper") != config.make_experiment("paper", "tuned")
