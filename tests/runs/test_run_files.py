"""Damage to what a run directory holds: found by checksum and named, with the remedy."""

import errno
import json
import os
from pathlib import Path
from random import Random

import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import ExperimentConfig, to_dict
from drl4ser.reporting.fold_result import experiment_of, read_fold_result, write_fold_result, write_fold_results
from drl4ser.runs.checkpoints import load_checkpoint, save_checkpoint
from drl4ser.runs.paths import (
    adopt_results,
    finished_result,
    run_directory,
    verify_files,
    write_checksums,
    write_config,
)
from tests.data.test_damage import flip
from tests.reporting.test_fold_result import make_fold_result


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(to_dict(ExperimentConfig())), encoding="utf-8")
    (tmp_path / "model.weights.h5").write_bytes(bytes(range(256)))
    write_checksums(tmp_path)
    write_fold_result(tmp_path / "record.json", make_fold_result())
    return tmp_path


def test_an_undamaged_directory_passes(directory):
    verify_files(directory)
    assert finished_result(directory, ExperimentConfig()) == make_fold_result()


@pytest.mark.parametrize("name", ["model.weights.h5", "config.json", "checksums.json"])
def test_damage_is_named_with_the_remedy(directory, name):
    flip(directory / name, Random(3))
    with pytest.raises(ValueError, match=rf"{name} is missing or damaged .*delete that folder and run"):
        verify_files(directory)


def test_a_missing_file_is_named(directory):
    (directory / "model.weights.h5").unlink()
    with pytest.raises(ValueError, match=r"model\.weights\.h5 is missing or damaged"):
        verify_files(directory)


def test_a_damaged_config_is_named(directory):
    (directory / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json is missing or damaged"):
        finished_result(directory, ExperimentConfig())


@pytest.mark.parametrize("seed", range(40))
def test_no_flipped_bit_of_a_record_goes_unnoticed(directory, seed):
    flip(directory / "record.json", Random(seed))
    try:
        assert read_fold_result(directory / "record.json") == make_fold_result()
    except ValueError as error:
        assert "record.json is damaged" in str(error) and "Delete it" in str(error)


@pytest.mark.parametrize("seed", range(40))
def test_no_flipped_bit_of_a_checkpoint_goes_unnoticed(tmp_path, seed):
    values = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, {"model": [tf.Variable(values)]}, {"history": []})
    flip(path, Random(seed))
    loaded = tf.Variable(np.zeros_like(values))
    try:
        load_checkpoint(path, {"model": [loaded]})
        np.testing.assert_array_equal(loaded.numpy(), values)
    except ValueError as error:
        assert "checkpoint.npz" in str(error) and "delete it" in str(error)


def test_folds_that_ran_elsewhere_count_as_finished(tmp_path):
    records = [make_fold_result(fold=fold) for fold in (0, 1)]
    path = write_fold_results(tmp_path / "folds.jsonl", records)
    configs = [experiment_of(path, record) for record in records]
    assert adopt_results(path, tmp_path / "runs") == 2
    found = [finished_result(run_directory(tmp_path / "runs", config), config) for config in configs]
    assert found == records
    assert adopt_results(path, tmp_path / "runs") == 0


def test_a_fold_that_has_begun_is_not_replaced(tmp_path):
    path = write_fold_results(tmp_path / "folds.jsonl", [make_fold_result()])
    config = experiment_of(path, make_fold_result())
    write_config(run_directory(tmp_path / "runs", config), config)
    assert adopt_results(path, tmp_path / "runs") == 0
    assert finished_result(run_directory(tmp_path / "runs", config), config) is None


def test_a_record_that_may_not_be_read_is_named_with_the_remedy(directory, monkeypatch):
    def fail(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)  # root may read everything, so it is not done by permissions
    with pytest.raises(ValueError, match=r"record\.json is damaged \(Permission denied\)\. Delete it and run"):
        read_fold_result(directory / "record.json")
