"""A system to be used: trained on all speakers but those of validation, judged by a cross-validation."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from drl4ser.config import ALL_SPLIT, ExperimentConfig, from_dict
from drl4ser.corpora.folds import Fold, select_fold
from drl4ser.data.parts import load_fold
from drl4ser.data.store import RecordStore
from drl4ser.files import lock_folder
from drl4ser.models import balanced_units, build_model_from_config
from drl4ser.processor import check_precision
from drl4ser.reporting.fold_result import FoldResult, make_fold_result, write_fold_result
from drl4ser.reporting.pooling import check_results
from drl4ser.reporting.provenance import current_commit
from drl4ser.runs.content import bind_content
from drl4ser.runs.paths import LOCK_REMEDY, RESULT_FILE, write_checksums, write_config
from drl4ser.runs.run import TrainedRun, load_run, save_run
from drl4ser.training.fold import describe_training, seed_fold
from drl4ser.training.trainer import Trainer


def pretrain(
    tested: Sequence[FoldResult],
    store: RecordStore,
    directory: Path,
    on_epoch: Callable[[dict], None] = lambda row: None,
) -> FoldResult:
    """Train the system of a cross-validation on the whole corpus but a validation part, and write its run directory.

    The directory has no test part of its own. Its result is that of the cross-validation: every prediction is that of
    a fold which had not been trained on the utterance, by a system with the same settings.

    Args:
        tested: the folds of one acoustic system with one seed.
        store: the records that they were run on.
        directory: where the run is written; an interrupted training there resumes, and a network that is there with
            the same settings is kept, so that folds can be added to its cross-validation.
        on_epoch: called with each new row of the history.

    Returns:
        The result. Its `config` is that of the trained system, with split "all"; `split` and `num_folds` are those
        of the cross-validation. `overlap` counts the speakers of each part, and those that were tested.

    Raises:
        ValueError: if the folds do not belong together, or were run on other records.
    """
    check_results(tested)
    config = bind_content(from_dict(ExperimentConfig, tested[0].config), store.content(tested[0].classes))
    if config.init_from:
        raise ValueError("a system that comes with the package starts with random weights; leave INIT_FROM out")
    config = dataclasses.replace(config, split=ALL_SPLIT, num_folds=1, fold=0)
    speakers = _count_speakers(tested, store, select_fold(config, store.subset(config.classes)))
    with lock_folder(directory, LOCK_REMEDY):
        if (directory / RESULT_FILE).exists():
            run = load_run(directory, with_model=False)
            if run.config == config:
                return _pool_again(directory, tested, speakers, run.result)
        check_precision(config.train.precision, has_gpu=False)
        keras.backend.clear_session()
        keras.config.set_dtype_policy(config.train.precision)
        seed = seed_fold(config.seed, config.fold)
        data, checkpoint = load_fold(config, store), directory / "checkpoint.npz"
        model = build_model_from_config(config.model)
        parts = data.parts
        trainer = Trainer(model, config.train, parts["train"], parts["validation"], seed, checkpoint, on_epoch)
        trainer.fit()
        measured = {"epochs": len(trainer.history), "best_epoch": trainer.best["epoch"]}
        measured |= {"validation_ua": trainer.best["validation_ua"], "commit": current_commit()}
        measured["versions"] = describe_training()
        result = _pool(tested, config, speakers, measured)
        write_config(directory, config, store.content(config.classes))
        run = TrainedRun(directory, config, data.normalizer, data.input_range, None, model)
        save_run(run, trainer.history, result)
        write_checksums(directory)
        checkpoint.unlink(missing_ok=True)
    return result


def _count_speakers(tested: Sequence[FoldResult], store: RecordStore, fold: Fold) -> dict[str, int]:
    speakers = {utterance.id: utterance.speaker for utterance in store.utterances}
    parts = {"train": fold.train, "validation": fold.validation}
    parts["test"] = [name for result in tested for name in result.utterances]
    counts = {f"{name}_speakers": len({speakers[item] for item in ids}) for name, ids in parts.items()}
    return counts | {"shared_speakers": sum(result.overlap["shared_speakers"] for result in tested)}


def _pool_again(
    directory: Path, tested: Sequence[FoldResult], speakers: dict[str, int], before: FoldResult
) -> FoldResult:
    """Give a network that is there the result of another number of folds."""
    names = ("epochs", "best_epoch", "validation_ua", "commit", "versions")
    measured = {name: getattr(before, name) for name in names}
    result = _pool(tested, from_dict(ExperimentConfig, before.config), speakers, measured)
    write_fold_result(directory / RESULT_FILE, result)
    write_checksums(directory)
    return result


def _pool(
    tested: Sequence[FoldResult], config: ExperimentConfig, speakers: dict[str, int], measured: dict[str, Any]
) -> FoldResult:
    result = make_fold_result(
        config,
        utterances=[name for item in tested for name in item.utterances],
        labels=[label for item in tested for label in item.labels],
        predictions=[prediction for item in tested for prediction in item.predictions],
        num_parameters=tested[0].num_parameters,
        units=balanced_units(config.model),
        overlap=speakers,
        **measured,
    )
    return dataclasses.replace(result, split=tested[0].split, num_folds=tested[0].num_folds)
