"""One fold from its configuration to its result: data, model, training, one look at the test part.

Run directory: `config.json`, `normalizer.json`, `input_range.json` (what the training recordings were like),
`words.bin` (the vocabulary, for systems with lexical input), `model.weights.h5` (best epoch), `kernel_machine.npz`
(for systems with one), `history.json`, `tensorboard/`, `checksums.json` and, last of all, `record.json`. While it is
unfinished there is a `checkpoint.npz` instead of it.
"""

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import tensorflow as tf

from drl4ser.config import ExperimentConfig
from drl4ser.corpora.folds import Fold, describe_overlap, limit_training, make_folds
from drl4ser.data.pipeline import LabelledPart, fit_input_range, fit_normalizer, load_part
from drl4ser.data.store import RecordStore, verify_shards
from drl4ser.features import EXTRACTOR_VERSION
from drl4ser.files import atomic_write_text, lock_folder, remove_leftovers
from drl4ser.models import KERNEL_SYSTEMS, balanced_units, build_model_from_config
from drl4ser.parallel.replicas import find_replicas
from drl4ser.processor import check_precision
from drl4ser.reporting import metrics
from drl4ser.reporting.fold_result import FoldResult, append_seconds, make_fold_result, write_fold_result
from drl4ser.reporting.provenance import current_commit, current_versions
from drl4ser.runs.checkpoints import save_weights
from drl4ser.runs.paths import (
    HISTORY_FILE,
    INPUT_RANGE_FILE,
    KERNEL_FILE,
    NORMALIZER_FILE,
    RESULT_FILE,
    WEIGHTS_FILE,
    WORDS_FILE,
    finished_result,
    write_checksums,
    write_config,
)
from drl4ser.text import WordVectors
from drl4ser.training.kernel_stage import KernelClassifier
from drl4ser.training.run_logger import RunLogger
from drl4ser.training.seeding import seed_fold
from drl4ser.training.trainer import Trainer
from drl4ser.training.watcher import AttentionWatcher, write_embedding


def run_fold(
    config: ExperimentConfig,
    store: RecordStore,
    directory: Path,
    word_vectors: WordVectors | None = None,
    on_epoch: Callable[[dict], None] = lambda row: None,
) -> FoldResult:
    """Train and test one fold, or go on with an interrupted one, or return a finished one's result.

    Args:
        config: everything that the result depends on.
        store: LLD records of the corpus.
        directory: of the run; made if need be.
        word_vectors: for systems with lexical input.
        on_epoch: called with each new row of the history.

    Raises:
        TrainingError: if the loss becomes NaN or infinite.
        RecordError: if a shard is damaged; it is named.
        LockedError: if another process runs this fold.
    """
    result = finished_result(directory, config)
    if result is not None:
        return result
    checkpoint, replicas = directory / "checkpoint.npz", find_replicas()
    with (
        _clear_errors(store),
        replicas.own_folder(directory) as own,
        lock_folder(own, "wait for it to end, or choose another RUNS_DIR"),
    ):
        result = _run_unfinished(config, store, own, word_vectors, on_epoch, checkpoint, replicas)
        replicas.agree(True)  # a worker that ended while another still writes would look like one that died
        return result


def _run_unfinished(config, store, directory, word_vectors, on_epoch, checkpoint, replicas) -> FoldResult:
    result = finished_result(directory, config)  # again: whoever held the lock may have run it
    if result is not None:
        return result
    check_precision(config.train.precision, has_gpu=bool(tf.config.list_physical_devices("GPU")))
    remove_leftovers(directory)
    started = time.monotonic()
    write_config(directory, config)
    keras.backend.clear_session()  # the graphs of the fold before
    keras.config.set_dtype_policy(config.train.precision)
    seed = seed_fold(config.seed, config.fold)
    fold, parts = _load_parts(config, store, directory, word_vectors)
    with replicas.scope():
        model = build_model_from_config(config.model)
    logger = RunLogger(directory / "tensorboard", config, resumes=checkpoint.exists())
    watcher = AttentionWatcher(model, parts["validation"], config)

    def follow(row):
        logger.log_epoch(row)
        logger.log_pictures(watcher.look(row["epoch"]), row["epoch"])
        on_epoch(row)

    trainer = Trainer(model, config.train, parts["train"], parts["validation"], seed, checkpoint, follow, replicas)
    trainer.fit()
    kernels = None
    if config.model.system in KERNEL_SYSTEMS:
        kernels = KernelClassifier.fit(model, config, parts["train"], parts["validation"])
        kernels.machine.save(directory / KERNEL_FILE)
    result = _finish(config, store, fold, trainer, kernels, parts, directory, logger)
    append_seconds(directory / "seconds.jsonl", result, time.monotonic() - started)
    return result


@contextlib.contextmanager
def _clear_errors(store: RecordStore) -> Iterator[None]:
    """TensorFlow's errors about files as ours, which name the file and the remedy."""
    try:
        yield
    except (tf.errors.OpError, UnicodeDecodeError) as error:  # the latter where a message quotes a damaged record
        verify_shards(store)
        raise OSError(f"TensorFlow failed: {str(error)[:500]}") from error


def select_fold(config: ExperimentConfig, store: RecordStore) -> Fold:
    """The training, validation and test part that `config` asks for."""
    utterances = store.subset(config.classes)
    split_seed = config.seed if config.split_seed is None else config.split_seed
    fold = make_folds(utterances, config.split, config.num_folds, split_seed)[config.fold]
    return limit_training(fold, utterances, config.train_per_class, config.seed)


def _load_parts(
    config: ExperimentConfig, store: RecordStore, directory: Path, word_vectors: WordVectors | None
) -> tuple[Fold, dict[str, LabelledPart]]:
    utterances, fold = store.subset(config.classes), select_fold(config, store)
    normalizer = fit_normalizer(store, fold.train, config.train.trim_db)
    atomic_write_text(directory / NORMALIZER_FILE, json.dumps(normalizer.to_dict()) + "\n")
    input_range = fit_input_range(store, fold.train, config.frame)
    atomic_write_text(directory / INPUT_RANGE_FILE, json.dumps(input_range.to_dict()) + "\n")
    if "lexical" not in config.model.modality:
        word_vectors = None
    elif word_vectors is None:
        raise ValueError(f"modality {config.model.modality!r} needs word vectors: give --word_vectors")
    elif word_vectors.dimension != config.model.word_dim:
        raise ValueError(
            f"the word vectors have {word_vectors.dimension} dimensions, the model expects {config.model.word_dim}: "
            f"give other vectors or --change=model.word_dim={word_vectors.dimension}"
        )
    else:
        word_vectors = word_vectors.subset(utterance.text for utterance in utterances)
        word_vectors.save(directory / WORDS_FILE)
    number = {name: index for index, name in enumerate(config.classes)}
    labels = {utterance.id: number[utterance.emotion] for utterance in utterances}
    parts = {
        field.name: load_part(store, {key: labels[key] for key in getattr(fold, field.name)}, normalizer, word_vectors)
        for field in dataclasses.fields(Fold)
    }
    return fold, parts


def _finish(config, store, fold, trainer, kernels, parts, directory, logger) -> FoldResult:
    """The one look at the test part, and everything that a run directory keeps."""
    best = trainer.best
    if kernels is None:
        test, validation_ua = trainer.evaluate(parts["test"]), best["validation_ua"]
    else:
        test = kernels.evaluate(parts["test"], config.train.batch_size)
        validation_ua = kernels.machine.validation_ua
    logger.log_test(metrics.summarize(test.confusion), test.confusion, best["epoch"])
    logger.close()
    unseen = {name: parts[name] for name in ("validation", "test")}
    by_id = {utterance.id: utterance for utterance in store.utterances}
    write_embedding(directory / "tensorboard", trainer.model, unseen, by_id, config.train.batch_size)
    save_weights(directory / WEIGHTS_FILE, trainer.model)
    atomic_write_text(directory / HISTORY_FILE, json.dumps(trainer.history) + "\n")
    result = make_fold_result(
        config,
        utterances=test.ids,
        labels=test.labels,
        predictions=test.predictions,
        num_parameters=sum(variable.shape.num_elements() for variable in trainer.model.trainable_variables),
        units=balanced_units(config.model),
        epochs=len(trainer.history),
        best_epoch=best["epoch"],
        validation_ua=validation_ua,
        overlap=describe_overlap(store.subset(config.classes), fold),
        commit=current_commit(),
        versions={**current_versions(), "llds": EXTRACTOR_VERSION},
    )
    write_checksums(directory)
    write_fold_result(directory / RESULT_FILE, result)
    if trainer.replicas.is_chief:
        trainer.checkpoint.unlink(missing_ok=True)
    return result
