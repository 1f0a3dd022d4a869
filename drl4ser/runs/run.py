"""What a run directory holds, read and checked: nothing else is needed to apply a trained system."""

import dataclasses
from pathlib import Path

import keras
import tensorflow as tf

from drl4ser.config import ExperimentConfig, from_dict
from drl4ser.features import EXTRACTOR_VERSION, Normalizer
from drl4ser.features.input_range import InputRange
from drl4ser.models import KERNEL_SYSTEMS, build_model_from_config
from drl4ser.reporting.fold_result import read_fold_result
from drl4ser.runs.checkpoints import load_weights
from drl4ser.runs.paths import (
    CONFIG_FILE,
    INPUT_RANGE_FILE,
    KERNEL_FILE,
    NORMALIZER_FILE,
    RESULT_FILE,
    WEIGHTS_FILE,
    WORDS_FILE,
    read_object,
    verify_files,
)
from drl4ser.svm import KernelMachine
from drl4ser.text import WordVectors


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A finished fold.

    Attributes:
        directory: where it was read from.
        config: its settings.
        normalizer: of the LLDs.
        input_range: what its training recordings were like; None in directories of before that was kept.
        word_vectors: its vocabulary; None without lexical input.
        model: with the trained weights, LLDs and words in, logits out.
        kernel_machine: what classifies the model's features in place of its softmax; None for most systems.
    """

    directory: Path
    config: ExperimentConfig
    normalizer: Normalizer
    input_range: InputRange | None
    word_vectors: WordVectors | None
    model: keras.Model
    kernel_machine: KernelMachine | None = None


def load_run(directory: Path | str, precision: str | None = None) -> TrainedRun:
    """Reads a run directory.

    Args:
        directory: of a finished fold.
        precision: arithmetic of the layers, a Keras policy; None for what the fold was trained and tested with.

    Raises:
        ValueError: if the directory is not one of a finished fold, lacks a file or holds files that do not fit
            together, or its LLDs were made by another version.
    """
    directory = Path(directory)
    if not (directory / RESULT_FILE).exists():
        raise ValueError(f"{directory} is not the directory of a finished run: it has no {RESULT_FILE}")
    version = read_fold_result(directory / RESULT_FILE).versions.get("llds")
    if version != EXTRACTOR_VERSION:
        raise ValueError(
            f"{directory} was trained on LLDs of version {version}, this program "
            f"makes version {EXTRACTOR_VERSION}: train it anew"
        )
    verify_files(directory)
    config = from_dict(ExperimentConfig, read_object(directory / CONFIG_FILE))
    normalizer = Normalizer.from_dict(read_object(directory / NORMALIZER_FILE))
    _check_fit(directory / NORMALIZER_FILE, "LLDs", len(normalizer.mean), config.model.lld_dim)
    range_file = directory / INPUT_RANGE_FILE
    input_range = InputRange.from_dict(read_object(range_file)) if range_file.exists() else None
    word_vectors = None
    if "lexical" in config.model.modality:
        word_vectors = WordVectors.load(directory / WORDS_FILE)
        _check_fit(directory / WORDS_FILE, "dimensions", word_vectors.dimension, config.model.word_dim)
    model = _load_model(config, directory / WEIGHTS_FILE, precision or config.train.precision)
    machine = KernelMachine.load(directory / KERNEL_FILE) if config.model.system in KERNEL_SYSTEMS else None
    return TrainedRun(directory, config, normalizer, input_range, word_vectors, model, machine)


def input_signature(model: keras.Model) -> dict[str, tf.TensorSpec]:
    """Specs of a model's inputs by name: batch and lengths are open, so that it is traced just once."""
    return {item.name: tf.TensorSpec(item.shape, item.dtype, item.name) for item in model.inputs}


def _load_model(config: ExperimentConfig, weights: Path, precision: str) -> keras.Model:
    if not weights.exists():
        raise ValueError(
            f"{weights} is missing (a fold that was restored from a results file has no weights): train it anew"
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
        raise ValueError(f"{path} has {found} {what}, config.json beside it says {wanted}: train that run anew")
