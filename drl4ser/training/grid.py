"""Many folds of many systems: worker processes, progress with an estimate, finished folds skipped."""

import contextlib
import dataclasses
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from drl4ser.config import ExperimentConfig, FrameConfig
from drl4ser.console import import_tensorflow, progress, silenced
from drl4ser.files import lock_folder
from drl4ser.parallel.workers import make_pool, make_queue, on_ray, several_machines
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.runs.paths import LOCK_REMEDY, RESULT_FILE, run_directory

# TensorFlow registers every traced custom gradient for good and so keeps the fold's graphs, some 100 MB (measured with
# S3 on TensorFlow 2.21). New processes after so many folds each keep the memory of a long run where it was.
FOLDS_PER_WORKER = 4

# Intra-op threads of a fold, whatever JOBS and FOLDS: sums are split among threads, and on some processors results
# differ (AVX2, S1, four quick epochs: UA of a fold 40.0 % with one thread, 21.7 % with two). A second thread saves no
# time in profile quick (two cores, two folds of S3 one after the other: 46 s with one, 49 s with two).
THREADS = 1

_events = None  # in a worker: the queue that carries (config, row of the history) to the parent
_interrupted = False  # in a worker: whether Ctrl-C was pressed


def run_grid(
    configs: Sequence[ExperimentConfig],
    records_dir: Path,
    runs_dir: Path,
    word_vectors: Path | None = None,
    num_jobs: int = 1,
    init_from: Path | None = None,
) -> list[FoldResult]:
    """Run every fold of `configs`, `num_jobs` at a time, and return their results in the same order.

    Folds are independent, and their results do not depend on `num_jobs`. An interrupted fold resumes from its last
    checkpoint, a finished one is read from its result. On a Ray cluster (RAY_ADDRESS) the processes are its tasks, as
    many at a time as it has processors for, and a fold whose node dies resumes on another. The machines that TF_CONFIG
    names share each fold, one at a time; all of them call this function.

    Args:
        configs: one for each fold.
        records_dir: LLD records of the corpus.
        runs_dir: folder of the run directories.
        word_vectors: word2vec file for systems with lexical input.
        num_jobs: processes.
        init_from: directory of the run that all start from, see `run_fold`.

    Raises:
        ValueError, TrainingError: the first error of a fold; folds not yet begun are given up.
        LockedError: if another command runs folds of one of these systems and seeds.
    """
    num_jobs = 1 if several_machines() else max(1, min(num_jobs, len(configs)))
    num_processors = max(1, (os.cpu_count() or 1) // num_jobs)
    events = make_queue()
    paths = {"records_dir": records_dir, "runs_dir": runs_dir, "word_vectors": word_vectors, "init_from": init_from}
    run = functools.partial(_run, **paths)
    # not on a cluster, whose number of workers may change
    round_size = len(configs) if on_ray() else num_jobs * FOLDS_PER_WORKER
    results = []
    with _claimed(configs, runs_dir), _Progress(_unfinished(configs, runs_dir), events):
        for start in range(0, len(configs), round_size):
            with make_pool(num_jobs, _start_worker, (events, num_processors), num_processors) as pool:
                results += _run_round(pool, run, configs[start : start + round_size])
    return results


def _unfinished(configs: Sequence[ExperimentConfig], runs_dir: Path) -> list[ExperimentConfig]:
    return [config for config in configs if not (run_directory(runs_dir, config) / RESULT_FILE).exists()]


@contextlib.contextmanager
def _claimed(configs: Sequence[ExperimentConfig], runs_dir: Path) -> Iterator[None]:
    """Keep other commands away from the systems and seeds that have folds left to run, from before the workers start.

    The workers' own locks are taken fold by fold: of two commands given at once each could get a fold, and both fail
    at the next. Here one gets all, because both ask in the same order.
    """
    left = _unfinished(configs, runs_dir)
    first_folds = {run_directory(runs_dir, dataclasses.replace(config, fold=0)) for config in left}
    with contextlib.ExitStack() as claims:
        for first in () if several_machines() else sorted(first_folds):
            claims.enter_context(lock_folder(first.parent, LOCK_REMEDY, purpose=f".{first.name}", seconds=1))
        yield


def _run_round(pool: Executor, run: Callable, configs: Sequence[ExperimentConfig]) -> list[FoldResult]:
    try:
        futures = [pool.submit(run, config) for config in configs]
        return [future.result() for future in futures]
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():  # they write checkpoints
            os.kill(worker.pid, signal.SIGINT)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(events, num_processors: int) -> None:
    global _events
    _events = events
    if multiprocessing.parent_process():
        signal.signal(signal.SIGINT, _note_interrupt)
    tf = import_tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(num_processors)  # whole operations: of no effect on results


def _run(
    config: ExperimentConfig,
    records_dir: Path,
    runs_dir: Path,
    word_vectors: Path | None,
    init_from: Path | None = None,
) -> FoldResult:
    from drl4ser.training.fold import run_fold

    lexical = word_vectors is not None and "lexical" in config.model.modality
    vectors = _vectors(word_vectors, records_dir, config.frame) if lexical else None  # its warnings are for the user
    directory = run_directory(runs_dir, config)
    if not (directory / RESULT_FILE).exists():
        _events.put((config, None))
    with silenced(), _interruptible():  # errors travel to the parent as exceptions
        result = run_fold(
            config,
            _store(records_dir, config.frame),
            directory,
            vectors,
            on_epoch=lambda row: _events.put((config, row)),
            init_from=init_from,
        )
    _events.put((config, result))
    return result


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt once: a second one must not stop the checkpoint that the first one writes."""

    def interrupt(*_):
        if not _interrupted:
            _note_interrupt()
            raise KeyboardInterrupt

    if multiprocessing.parent_process() is None:  # a task of Ray, which has its own handler
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    if _interrupted:  # before this fold began
        raise KeyboardInterrupt
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _note_interrupt)


def _note_interrupt(*_) -> None:
    global _interrupted
    _interrupted = True


@functools.lru_cache(maxsize=1)
def _store(records_dir: Path, frame: FrameConfig):
    from drl4ser.data.store import open_store

    return open_store(records_dir, frame)


@functools.lru_cache(maxsize=1)
def _vectors(path: Path, records_dir: Path, frame: FrameConfig):
    """Only the corpus's words: Google's three million vectors would fill every process."""
    from drl4ser.text import WordVectors

    texts = (utterance.text for utterance in _store(records_dir, frame).utterances)
    return WordVectors.load(path).subset(texts)


class _Progress:
    """One bar over all epochs of the folds that are left, and a line for each fold that ends or had ended before.

    The estimate leaves out what the first news brings: compilation, and the epochs that an interrupted fold had run.
    """

    def __init__(self, configs: Sequence[ExperimentConfig], events):
        self._events = events
        self._left = {_name(config): config.train.max_epochs for config in configs}
        self._bar = progress(total=sum(self._left.values()), unit="epoch", dynamic_ncols=True, smoothing=0.05)
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._events.put(None)
        self._thread.join()
        self._bar.close()

    def _follow(self) -> None:
        for config, news in iter(self._events.get, None):
            name = _name(config)
            if news is None:
                self._bar.set_description(f"{name} is compiling its first epoch")
            elif isinstance(news, FoldResult):
                # the epochs that early stopping saved are not left to run
                self._bar.total -= self._left.pop(name, 0)
                scores = f"test UA {news.ua:.1%}, validation UA {news.validation_ua:.1%}"
                self._bar.write(f"{name}: {scores} (epoch {news.best_epoch})")
            else:
                ran = news["epoch"] - (config.train.max_epochs - self._left[name])
                self._left[name] -= ran
                self._bar.set_description(f"{name} epoch {news['epoch']} UA {news['validation_ua']:.1%}", refresh=False)
                if self._bar.n == 0:
                    self._bar.unpause()
                    self._bar.n = self._bar.initial = self._bar.last_print_n = ran
                    self._bar.start_t = self._bar.last_print_t
                    self._bar.refresh()
                else:
                    self._bar.update(ran)


def _name(config: ExperimentConfig) -> str:
    size = f" train {config.train_per_class}" if config.train_per_class else ""
    model = f"{config.model.system} {config.model.modality}"
    return f"{model} fold {config.fold + 1}/{config.num_folds} seed {config.seed}{size}"
