"""A finished fold in its run directory: everything that is needed to apply the trained system, saved and loaded."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from drl4ser.config import ALL_SPLIT, ExperimentConfig, from_dict
from drl4ser.features import EXTRACTOR_VERSION, Normalizer
from drl4ser.features.input_range import InputRange
from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import FoldResult, read_fold_result, write_fold_result
from drl4ser.reporting.paper_values import SYSTEM_NAMES
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
from drl4ser.text import WordVectors

_MOST_NAMED = 10


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A finished fold.

    Attributes:
        directory: its run directory.
        config: its settings.
        normalizer: of the LLDs.
        input_range: of its training recordings; None in directories of versions that did not keep it.
        word_vectors: its vocabulary; None without lexical input.
        model: keras.Model with the trained weights; LLDs and words in, logits out. None if it was not asked for.
        kernel_machine: classifier of the model's features in place of its softmax; None for most systems.
        result: of its test part; None before it is tested.
    """

    directory: Path
    config: ExperimentConfig
    normalizer: Normalizer
    input_range: InputRange | None
    word_vectors: WordVectors | None
    model: Any = None
    kernel_machine: Any = None
    result: FoldResult | None = None


def save_run(run: TrainedRun, history: list[dict], result: FoldResult) -> None:
    """Write a fold that is trained and tested; its configuration is in the directory since it began.

    Args:
        run: the trained system.
        history: one row for each epoch, see `Trainer.fit`.
        result: the fold's result; it is written last, and with it the fold is finished.
    """
    from drl4ser.runs.checkpoints import save_weights

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


def read_history(directory: Path) -> list[dict]:
    """Read the rows of the epochs that a fold was trained for, see `Trainer.fit`."""
    return json.loads((directory / HISTORY_FILE).read_text(encoding="utf-8"))


def load_run(directory: Path | str, precision: str | None = None, with_model: bool = True) -> TrainedRun:
    """Read what `save_run` wrote.

    Args:
        directory: of a finished fold.
        precision: arithmetic of the layers, a Keras policy; None for that of training.
        with_model: build the model too; without it neither TensorFlow nor the weights are loaded.

    Raises:
        ValueError: if the directory is not one of a finished fold, lacks a file, holds files that do not fit
            together, or has LLDs of another version.
    """
    directory = Path(directory)
    result = check_run(directory)
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
    run = TrainedRun(directory, config, normalizer, input_range, word_vectors, result=result)
    return _add_model(run, precision or config.train.precision) if with_model else run


def check_run(directory: Path) -> FoldResult:
    """Read the result of a finished fold; quick, because its model is not read.

    Raises:
        ValueError: if `directory` is not one of a finished fold (the message names the folds below it, if any), or has
            LLDs of another version.
    """
    if not (directory / RESULT_FILE).exists():
        raise ValueError(f"{directory} is not the directory of a finished run: {_describe_folder(directory)}")
    result = read_fold_result(directory / RESULT_FILE)
    version = result.versions.get("llds")
    if version != EXTRACTOR_VERSION:
        raise ValueError(
            f"{directory} was trained on LLDs of version {version}, this program "
            f"makes version {EXTRACTOR_VERSION}: train it again"
        )
    return result


def describe_run(run: TrainedRun) -> str:
    """Describe in one line what a run was trained on and how well it recognised its test part.

    A system without a test part (see `drl4ser.training.pretrain`) is described by the cross-validation of its settings.
    """
    result, known = run.result, run.input_range
    count = f"{known.num_recordings:,} " if known and known.num_recordings else ""
    words = "" if run.word_vectors is None else f", vocabulary of its {len(run.word_vectors):,} words"
    system = SYSTEM_NAMES.get(result.system, result.system)  # one of the user's own has no other name
    tested = "on its test part"
    if not has_test_part(result):
        tested = f"on {result.overlap['test_speakers']} unseen speakers by cross-validation"
    return (
        f"{system}, {result.modality}, trained on {count}utterances of {result.corpus}{words}: "
        f"UA {result.ua:.0%} {tested}, chance {1 / len(result.classes):.0%}"
    ).replace("%", " %")


def has_test_part(result: FoldResult) -> bool:
    """Whether a run left a part of its corpus to test it, or was trained on all that it did not validate on."""
    return result.config.get("split") != ALL_SPLIT


def input_signature(model) -> dict:
    """TensorSpecs of a model's inputs by name, with open batch size and lengths, so that it is traced once."""
    import tensorflow as tf

    return {item.name: tf.TensorSpec(item.shape, item.dtype, item.name) for item in model.inputs}


def _describe_folder(directory: Path) -> str:
    if not directory.is_dir():
        return "there is no such folder"
    below = sorted(str(path.parent) for path in directory.rglob(RESULT_FILE))
    if not below:
        return f"it has no {RESULT_FILE}"
    more = f" and {len(below) - _MOST_NAMED} more" if len(below) > _MOST_NAMED else ""
    return f"choose one of the folds in it: {', '.join(below[:_MOST_NAMED])}{more}"


def _add_model(run: TrainedRun, precision: str) -> TrainedRun:
    import keras  # and TensorFlow, which takes seconds

    from drl4ser.models import KERNEL_SYSTEMS, build_model_from_config
    from drl4ser.runs.checkpoints import load_weights
    from drl4ser.svm import KernelMachine

    weights = run.directory / WEIGHTS_FILE
    if not weights.exists():
        raise ValueError(
            f"{weights} is missing (a fold that was adopted from a results file has no weights): train it again"
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = build_model_from_config(run.config.model)
        load_weights(weights, model)
    finally:
        keras.config.set_dtype_policy(before)
    kernels = run.config.model.system in KERNEL_SYSTEMS
    machine = KernelMachine.load(run.directory / KERNEL_FILE) if kernels else None
    return dataclasses.replace(run, model=model, kernel_machine=machine)


def _check_fit(path: Path, what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{path} has {found} {what}, config.json beside it has {wanted}: train that run again")
