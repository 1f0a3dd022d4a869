"""One fold from its configuration to its result: data, model, training, one evaluation of the test part.

Run directory: `config.json`, `utterances.json` (content of the corpus), `normalizer.json`, `input_range.json` (range of
the training recordings), `words.bin` (vocabulary, for systems with lexical input), `model.weights.h5` (best epoch),
`kernel_machine.npz` (for systems with one), `origin.json` (recordings that the initial weights had seen, if they are of
another run), `history.json`, TensorBoard's files, `checksums.json`, `seconds.jsonl` and, written last, `record.json`.
An unfinished fold has `checkpoint.npz` instead.
"""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from drl4ser.config import ExperimentConfig
from drl4ser.corpora.folds import describe_overlap, select_fold
from drl4ser.data.parts import load_fold
from drl4ser.data.store import RecordStore, verify_shards
from drl4ser.features import EXTRACTOR_VERSION
from drl4ser.files import lock_folder, remove_leftovers
from drl4ser.models import KERNEL_SYSTEMS, balanced_units, build_model_from_config
from drl4ser.parallel.replicas import Replicas, find_replicas
from drl4ser.processor import check_precision, describe_processor
from drl4ser.reporting import metrics
from drl4ser.reporting.fold_result import FoldResult, append_seconds, make_fold_result
from drl4ser.reporting.provenance import current_commit, current_versions
from drl4ser.runs.content import Content, bind_content
from drl4ser.runs.origin import (
    Origin,
    check_fit,
    check_leak,
    check_words,
    load_initial_weights,
    read_origin,
    write_seen,
)
from drl4ser.runs.paths import LOCK_REMEDY, finished_result, is_bound, write_config
from drl4ser.runs.run import TrainedRun, read_history, save_run
from drl4ser.runs.twins import find_twin
from drl4ser.svm import KernelMachine
from drl4ser.text import WordVectors
from drl4ser.training.kernel_stage import KernelClassifier
from drl4ser.training.tensorboard import FoldLogger
from drl4ser.training.trainer import Evaluation, Trainer


def run_fold(
    config: ExperimentConfig,
    store: RecordStore,
    directory: Path,
    word_vectors: WordVectors | None = None,
    on_epoch: Callable[[dict], None] = lambda row: None,
    init_from: Path | None = None,
) -> FoldResult:
    """Train and test one fold, resume an interrupted one, or return the result of a finished one.

    Args:
        config: everything that the result depends on.
        store: LLD records of the corpus.
        directory: of the run; made if need be.
        word_vectors: for systems with lexical input.
        on_epoch: called with each new row of the history.
        init_from: directory of the run that `config.init_from` names.

    Raises:
        ValueError: if the directory belongs to another configuration or corpus, or the run to start from does not fit
            or has seen the test or validation part.
        TrainingError: if the loss becomes NaN or infinite.
        RecordError: if a shard is damaged; the message names it.
        LockedError: if another process runs this fold.
    """
    content = store.content(config.classes)
    config = bind_content(config, content)
    result = finished_result(directory, config, content)
    if result is not None:
        return result
    replicas, explained = find_replicas(), _explained_errors(store, config)
    with explained, replicas.output_folder(directory) as folder, lock_folder(folder, LOCK_REMEDY):
        # again: the process that held the lock may have finished this fold
        result = finished_result(folder, config, content)
        if result is None:
            check_precision(config.train.precision, has_gpu=bool(tf.config.list_physical_devices("GPU")))
            remove_leftovers(folder)
            checkpoint = directory / "checkpoint.npz"
            if replicas.is_chief and not is_bound(folder):  # a checkpoint of an earlier version, on unknown data
                checkpoint.unlink(missing_ok=True)
            origin = _read_origin(config, content, store, init_from)
            write_config(folder, config, content)
            result = _train_and_test(config, store, folder, checkpoint, word_vectors, on_epoch, replicas, origin)
        replicas.broadcast(True)  # a worker that ended while another still writes would seem to have died
        return result


def derive_seed(seed: int, fold: int) -> int:
    """Derive a fold's own 31-bit seed: folds of one experiment's seed differ in their initial weights too.

    Example:
        >>> derive_seed(0, 0) == derive_seed(0, 0) != derive_seed(0, 1)
        True
    """
    return int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] >> 1)


def seed_fold(seed: int, fold: int) -> int:
    """Seed Python, NumPy, TensorFlow and Keras for one fold and make TensorFlow's kernels deterministic.

    Args:
        seed: the experiment's seed.
        fold: number of the fold.

    Returns:
        The number that was set, see `derive_seed`, from which the pipeline draws each epoch's order.
    """
    derived = derive_seed(seed, fold)
    keras.utils.set_random_seed(derived)
    tf.config.experimental.enable_op_determinism()
    return derived


def _train_and_test(
    config: ExperimentConfig,
    store: RecordStore,
    directory: Path,
    checkpoint: Path,
    word_vectors: WordVectors | None,
    on_epoch: Callable[[dict], None],
    replicas: Replicas,
    origin: Origin | None = None,
) -> FoldResult:
    started = time.monotonic()
    initial, start = load_initial_weights(origin, config.train.precision) if origin else ({}, None)
    keras.backend.clear_session()  # frees the graphs of the previous fold
    keras.config.set_dtype_policy(config.train.precision)
    seed = seed_fold(config.seed, config.fold)
    data = load_fold(config, store, word_vectors)
    parts = data.parts
    with replicas.scope():
        model = build_model_from_config(config.model)
        for name, weights in initial.items():
            model.get_layer(name).set_weights(weights)
    if origin:
        check_words(origin, start, data.word_vectors)
        write_seen(directory, origin)
    logger = FoldLogger(directory, config, model, parts["validation"], resumed=checkpoint.exists())

    def log(row):
        logger.log_epoch(row)
        on_epoch(row)

    trainer = Trainer(model, config.train, parts["train"], parts["validation"], seed, checkpoint, log, replicas)
    twin = find_twin(config, checkpoint.parent)
    if twin:
        trainer.adopt(twin.model.get_weights(), read_history(twin.directory))
    try:
        trainer.fit()
        kernels = None
        if config.model.system in KERNEL_SYSTEMS:
            kernels = KernelClassifier.fit(model, config, parts["train"], parts["validation"])
        test = kernels.evaluate(parts["test"], config.train.batch_size) if kernels else trainer.evaluate(parts["test"])
    except KeyboardInterrupt:
        trainer.save_checkpoint()
        raise
    logger.log_test(metrics.summarize(test.confusion), test.confusion, trainer.best["epoch"])
    unseen = {name: parts[name] for name in ("validation", "test")}
    logger.log_representations(unseen, {utterance.id: utterance for utterance in store.utterances})
    machine = kernels.machine if kernels else None
    overlap = describe_overlap(store.subset(config.classes), data.fold)
    commit = twin.result.commit if twin else current_commit()
    result = _make_result(config, trainer, machine, test, overlap, commit)
    run = TrainedRun(directory, config, data.normalizer, data.input_range, data.word_vectors, model, machine)
    save_run(run, trainer.history, result)
    if replicas.is_chief:
        checkpoint.unlink(missing_ok=True)
    append_seconds(directory / "seconds.jsonl", result, time.monotonic() - started)
    return result


def _read_origin(
    config: ExperimentConfig, content: Content, store: RecordStore, init_from: Path | None
) -> Origin | None:
    """The run to start from, checked; None for random weights."""
    if not config.init_from and not init_from:
        return None
    if not (config.init_from and init_from):
        raise ValueError(
            f"`init_from` must be the directory of the run that config.init_from={config.init_from!r} names"
        )
    origin = read_origin(init_from)
    if origin.name != config.init_from:
        raise ValueError(f"{init_from} is the run {origin.name} and not {config.init_from}; run the same command again")
    check_fit(origin, config)
    parts = dataclasses.asdict(select_fold(config, store.subset(config.classes)))
    check_leak(origin, store.corpus, content, parts, config.split)
    return origin


def _make_result(
    config: ExperimentConfig,
    trainer: Trainer,
    machine: KernelMachine | None,
    test: Evaluation,
    overlap: dict[str, int],
    commit: str,
) -> FoldResult:
    best = trainer.best
    return make_fold_result(
        config,
        utterances=test.ids,
        labels=test.labels,
        predictions=test.predictions,
        num_parameters=sum(variable.shape.num_elements() for variable in trainer.model.trainable_variables),
        units=balanced_units(config.model),
        epochs=len(trainer.history),
        best_epoch=best["epoch"],
        validation_ua=machine.validation_ua if machine else best["validation_ua"],
        overlap=overlap,
        commit=commit,
        versions=describe_training(),
    )


def describe_training() -> dict[str, str]:
    """Versions of packages and LLDs, processor and threads of a network that is trained now, for its result."""
    threads = str(tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count())
    return {**current_versions(), **describe_processor(), "threads": threads, "llds": EXTRACTOR_VERSION}


@contextlib.contextmanager
def _explained_errors(store: RecordStore, config: ExperimentConfig) -> Iterator[None]:
    """Turn TensorFlow's errors about memory and files into errors that name the file and the remedy."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        seconds = store.durations(config.frame)
        longest = max(store.subset(config.classes), key=lambda utterance: seconds[utterance.id])
        raise OSError(
            f"out of memory: a batch of {config.train.batch_size} recordings is padded to its longest, and "
            f"{longest.path} has {seconds[longest.id]:.1f} s; cut such recordings into utterances or leave them out, "
            "or use fewer JOBS (--jobs) or smaller batches (--change=train.batch_size=4)"
        ) from error
    except (tf.errors.OpError, UnicodeDecodeError) as error:  # the latter where a message quotes a damaged record
        verify_shards(store)
        raise OSError(f"TensorFlow failed: {str(error)[-500:]}") from error
