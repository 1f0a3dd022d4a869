"""A finished fold in its run directory: everything that is needed to apply the trained system, saved and loaded."""

import dataclasses
import json
from pathlib import Path

import keras
import tensorflow as tf

from drl4ser.config import ExperimentConfig, from_dict
from drl4ser.features import EXTRACTOR_VERSION, Normalizer
from drl4ser.features.input_range import InputRange
from drl4ser.files import atomic_write_text
from drl4ser.models import KERNEL_SYSTEMS, build_model_from_config
from drl4ser.reporting.fold_result import FoldResult, read_fold_result, write_fold_result
from drl4ser.runs.checkpoints import load_weights, save_weights
from drl4ser.runs.paths import (
    CONFIG_FILE,
    HISTORY_FILE,
    INPUT_RANGE_FILE,
    KERNEL_FILE,
    NORMALIZER_FILE,
    RESULT_FILE,
    WEIGHTS_FILE,
    WORDS_FILE,
    read_json,
    verify_files,
    write_checksums,
)
from drl4ser.svm import KernelMachine
from drl4ser.text import WordVectors


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A finished fold.

    Attributes:
        directory: its run directory.
        config: its settings.
        normalizer: of the LLDs.
        input_range: of its training recordings; None in directories of versions that did not keep it.
        word_vectors: its vocabulary; None without lexical input.
        model: with the trained weights; LLDs and words in, logits out.
        kernel_machine: classifier of the model's features in place of its softmax; None for most systems.
    """

    directory: Path
    config: ExperimentConfig
    normalizer: Normalizer
    input_range: InputRange | None
    word_vectors: WordVectors | None
    model: keras.Model
    kernel_machine: KernelMachine | None = None


def save_run(run: TrainedRun, history: list[dict], result: FoldResult) -> None:
    """Write a fold that is trained and tested; its configuration is in the directory since it began.

    Args:
        run: the trained system.
        history: one row for each epoch, see `Trainer.fit`.
        result: the fold's result; it is written last, and with it the fold is finished.
    """
    directory = run.directory
    for name, part in ((NORMALIZER_FILE, run.normalizer), (INPUT_RANGE_FILE, run.input_range)):
        atomic_write_text(directory / name, json.dumps(part.to_dict()) + "\n")
    if run.word_vectors is not None:
        run.word_vectors.save(directory / WORDS_FILE)
    save_weights(directory / WEIGHTS_FILE, run.model)
    if run.kernel_machine is not None:
        run.kernel_machine.save(directory / KERNEL_FILE)
    atomic_write_text(directory / HISTORY_FILE, json.dumps(history) + "\n")
    write_checksums(directory)
    write_fold_result(directory / RESULT_FILE, result)


def load_run(directory: Path | str, precision: str | None = None) -> TrainedRun:
    """Read what `save_run` wrote.

    Args:
        directory: of a finished fold.
        precision: arithmetic of the layers, a Keras policy; None for that of training.

    Raises:
        ValueError: if the directory is not one of a finished fold, lacks a file, holds files that do not fit
            together, or has LLDs of another version.
    """
    directory = Path(directory)
    if not (directory / RESULT_FILE).exists():
        raise ValueError(f"{directory} is not the directory of a finished run: it has no {RESULT_FILE}")
    version = read_fold_result(directory / RESULT_FILE).versions.get("llds")
    if version != EXTRACTOR_VERSION:
        raise ValueError(
            f"{directory} was trained on LLDs of version {version}, this program "
            f"makes version {EXTRACTOR_VERSION}: train it again"
        )
    verify_files(directory)
    config = read_json(directory / CONFIG_FILE, lambda values: from_dict(ExperimentConfig, values))
    normalizer = read_json(directory / NORMALIZER_FILE, Normalizer.from_dict)
    _check_fit(directory / NORMALIZER_FILE, "LLDs", len(normalizer.mean), config.model.lld_dim)
    range_file = directory / INPUT_RANGE_FILE
    input_range = read_json(range_file, InputRange.from_dict) if range_file.exists() else None
    word_vectors = None
    if "lexical" in config.model.modality:
        word_vectors = WordVectors.load(directory / WORDS_FILE)
        _check_fit(directory / WORDS_FILE, "dimensions", word_vectors.dimension, config.model.word_dim)
    model = _load_model(config, directory / WEIGHTS_FILE, precision or config.train.precision)
    machine = KernelMachine.load(directory / KERNEL_FILE) if config.model.system in KERNEL_SYSTEMS else None
    return TrainedRun(directory, config, normalizer, input_range, word_vectors, model, machine)


def input_signature(model: keras.Model) -> dict[str, tf.TensorSpec]:
    """Specs of a model's inputs by name, with open batch size and lengths, so that it is traced once."""
    return {item.name: tf.TensorSpec(item.shape, item.dtype, item.name) for item in model.inputs}


def _load_model(config: ExperimentConfig, weights: Path, precision: str) -> keras.Model:
    if not weights.exists():
        raise ValueError(
            f"{weights} is missing (a fold that was adopted from a results file has no weights): train it again"
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = build_model_from_config(config.model)
        load_weights(weights, model)
    finally:
        keras.config.set_dtype_policy(before)
    return model


def _check_fit(path: Path, what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{path} has {found} {what}, config.json beside it has {wanted}: train that run again")
