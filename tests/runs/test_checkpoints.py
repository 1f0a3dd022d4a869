import numpy as np
import pytest
import tensorflow as tf

from drl4ser.runs.checkpoints import load_checkpoint, save_checkpoint


def groups(value):
    rng = np.random.default_rng(value)
    return {
        "model": [tf.Variable(rng.normal(size=(3, 4)).astype(np.float32)), tf.Variable(np.uint32([value, 7]))],
        "optimizer": [tf.Variable(np.int64(value))],
        "averages": [],
    }


def test_everything_comes_back(tmp_path):
    saved, loaded = groups(1), groups(2)
    progress = {"history": [{"epoch": 1, "loss": 0.1, "best": True}]}
    save_checkpoint(tmp_path / "c.npz", saved, progress)
    assert load_checkpoint(tmp_path / "c.npz", loaded) == progress
    for name in saved:
        for left, right in zip(saved[name], loaded[name], strict=True):
            np.testing.assert_array_equal(left.numpy(), right.numpy())


def test_a_damaged_checkpoint_is_named_and_assigns_nothing(tmp_path):
    path = tmp_path / "c.npz"
    save_checkpoint(path, groups(1), {})
    path.write_bytes(path.read_bytes()[:-40])
    untouched = groups(2)
    with pytest.raises(ValueError, match=r"c\.npz is damaged .*delete it"):
        load_checkpoint(path, untouched)
    np.testing.assert_array_equal(untouched["model"][0].numpy(), groups(2)["model"][0].numpy())


def test_another_models_checkpoint_is_refused(tmp_path):
    save_checkpoint(tmp_path / "c.npz", groups(1), {})
    other = groups(2)
    other["model"].pop()
    with pytest.raises(ValueError, match="is of another model"):
        load_checkpoint(tmp_path / "c.npz", other)
