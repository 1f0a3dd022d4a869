"""Run directories: settings, results, checkpoints and weights."""

import json
from pathlib import Path

import numpy as np

from drl4ser.config import ExperimentConfig, from_dict, to_dict
from drl4ser.features import Normalizer
from drl4ser.reporting.fold_result import experiment_of, make_fold_result, read_fold_results, write_fold_result
from drl4ser.runs.paths import (
    CHECKSUM_FILE,
    CONFIG_FILE,
    NORMALIZER_FILE,
    finished_result,
    read_json,
    run_directory,
    verify_files,
    write_checksums,
)
from tests.fuzz.kinds import READ, Kind
from tests.fuzz.records import json_with_checksum
from tests.fuzz.strategies import damaged_bytes, damaged_json, one_damaged

_RESULTS_FILE = "folds.jsonl"


def _make_fold_result():
    return make_fold_result(
        ExperimentConfig(),
        utterances=["a", "b", "c", "d"],
        labels=np.arange(4),
        predictions=np.array([0, 1, 2, 2]),
        num_parameters=9,
        units=256,
        epochs=7,
        best_epoch=4,
        validation_ua=0.5,
        overlap={"test_speakers": 1, "shared_speakers": 1, "test_texts": 1, "shared_texts": 1},
        commit="abc",
        versions={"llds": "1"},
    )


def _prepare_results(folder: Path):
    path = write_fold_result(folder / _RESULTS_FILE, _make_fold_result())
    original = path.read_bytes()

    def read(content: bytes) -> str:
        path.write_bytes(content)
        for record in read_fold_results(path):
            config = experiment_of(path, record)
            directory = run_directory(folder / "runs", config)
            if not directory.resolve().is_relative_to((folder / "runs").resolve()):
                raise AssertionError(f"{directory} is outside the runs directory")
        return READ

    return damaged_bytes([original]) | json_with_checksum(original), read


def _prepare_settings(folder: Path):
    config = ExperimentConfig()
    values = {"mean": [0.5] * 17, "std": [1.5] * 17}
    originals = {CONFIG_FILE: json.dumps(to_dict(config)).encode(), NORMALIZER_FILE: json.dumps(values).encode()}
    for name, content in originals.items():
        (folder / name).write_bytes(content)
    write_checksums(folder)
    originals[CHECKSUM_FILE] = (folder / CHECKSUM_FILE).read_bytes()

    def read(case: tuple[str, bytes]) -> str:
        name, content = case
        (folder / name).write_bytes(content)
        try:
            read_json(folder / CONFIG_FILE, lambda found: from_dict(ExperimentConfig, found))
            read_json(folder / NORMALIZER_FILE, Normalizer.from_dict)
            finished_result(folder, config)
            if name == CHECKSUM_FILE:
                verify_files(folder)
            return READ  # of the others, an attacker would have written the checksums too
        finally:
            (folder / name).write_bytes(originals[name])

    return one_damaged(originals, lambda content: damaged_json(json.loads(content))), read


def _small_model():
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([3]), keras.layers.Dense(2, name="dense")])


def _prepare_checkpoint(folder: Path):
    from drl4ser.runs.checkpoints import load_checkpoint, save_checkpoint

    model, path = _small_model(), folder / "checkpoint.npz"
    save_checkpoint(path, {"model": model.variables}, {"history": [{"epoch": 1}]})
    original = path.read_bytes()
    values = [variable.numpy() for variable in model.variables]

    def read(content: bytes) -> str:
        path.write_bytes(content)
        load_checkpoint(path, {"model": model.variables})
        for variable, value in zip(model.variables, values, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)  # damage that was not found
        return READ

    return damaged_bytes([original]), read


def _prepare_weights(folder: Path):
    from drl4ser.runs.checkpoints import load_weights, save_weights

    model, path = _small_model(), folder / "model.weights.h5"
    save_weights(path, model)
    original = path.read_bytes()

    def read(content: bytes) -> str:
        path.write_bytes(content)
        load_weights(path, model)
        return READ

    return damaged_bytes([original]), read


def _prepare_kernel_machine(folder: Path):
    from drl4ser.svm import KernelMachine, multiple_kernels

    generator, path = np.random.default_rng(0), folder / "kernel_machine.npz"
    labels = np.arange(12) % 3
    features = {"acoustic": generator.normal(size=(12, 4)) + labels[:, None]}
    kernels = multiple_kernels(["acoustic"])
    machine = KernelMachine.fit(features, labels, (features, labels), kernels, num_classes=3)
    machine.save(path)
    original, scores = path.read_bytes(), machine.score(features)

    def read(content: bytes) -> str:
        path.write_bytes(content)
        np.testing.assert_array_equal(KernelMachine.load(path).score(features), scores)
        return READ

    return damaged_bytes([original]), read


KINDS = (
    Kind("results", _prepare_results, (_RESULTS_FILE,)),
    Kind("run_settings", _prepare_settings, (CONFIG_FILE, NORMALIZER_FILE, CHECKSUM_FILE, "was run with")),
    Kind("checkpoint", _prepare_checkpoint, ("checkpoint.npz",)),
    Kind("kernel_machine", _prepare_kernel_machine, ("kernel_machine.npz",)),
    Kind("weights", _prepare_weights, ("model.weights.h5",)),
)
