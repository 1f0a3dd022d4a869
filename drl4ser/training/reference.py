"""A reference that needs no network: openSMILE's ComParE functionals and a support vector machine.

It is not in the paper. It is what anyone can compute for any corpus, on the same folds as the systems of the table.
"""

import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from drl4ser.config import ExperimentConfig
from drl4ser.console import progress
from drl4ser.corpora.folds import Fold, describe_overlap, select_fold
from drl4ser.data.store import RecordStore, open_store
from drl4ser.features import EXTRACTOR_VERSION, Normalizer
from drl4ser.features.opensmile import extract_compare_functionals
from drl4ser.files import read_archive, write_archive
from drl4ser.parallel.workers import make_pool
from drl4ser.processor import describe_processor
from drl4ser.reporting.fold_result import FoldResult, append_seconds, make_fold_result, write_fold_result
from drl4ser.reporting.provenance import current_commit, current_versions
from drl4ser.runs.content import bind_content
from drl4ser.runs.paths import RESULT_FILE, finished_result, run_directory, write_config
from drl4ser.svm import BaseKernel, KernelMachine

REFERENCE = "opensmile_svm"
FUNCTIONALS_FILE = "compare_2016.npz"
"""In the folder of the LLD records: the functionals of a corpus, extracted once."""
# scikit-learn's gamma="scale", 1 / (number of features * their variance): half the mean squared distance.
_KERNEL = BaseKernel("functionals", 2.0)


def run_reference(
    configs: Sequence[ExperimentConfig], records_dir: Path, runs_dir: Path, num_workers: int = 1
) -> list[FoldResult]:
    """Train and test an RBF-SVM on z-scored functionals for each fold, C by validation UA.

    Args:
        configs: one for each fold, of system `REFERENCE`.
        records_dir: LLD records of the corpus, whose audio must still be where it was.
        runs_dir: where every fold has its run directory; finished folds are read from there.
        num_workers: processes that extract functionals.

    Raises:
        ValueError: if the audio is gone.
        ImportError: if openSMILE is not installed.
    """
    store = open_store(records_dir, configs[0].frame)
    content = store.content(configs[0].classes)
    configs = [bind_content(config, content) for config in configs]
    finished = [finished_result(run_directory(runs_dir, config), config, content) for config in configs]
    if all(finished):
        return finished
    functionals = load_compare_functionals(store, num_workers)
    return [
        result or _run_fold(config, store, functionals, run_directory(runs_dir, config))
        for config, result in progress(list(zip(configs, finished, strict=True)), unit="fold", desc="SVM")
    ]


def load_compare_functionals(store: RecordStore, num_workers: int = 1) -> dict[str, np.ndarray]:
    """Load the functionals of every utterance of the store, by id, float32 [6373].

    They are read from the record folder, or extracted from the audio, `num_workers` files at a time, and kept there.

    Raises:
        ValueError: if a file is not where it was when the records were made.
        ImportError: if openSMILE is not installed.
    """
    path, wanted = store.directory / FUNCTIONALS_FILE, [utterance.id for utterance in store.utterances]
    try:
        archive = read_archive(path)
        ids, values = archive["ids"].tolist(), archive["values"]
    except (ValueError, KeyError):
        ids = None
    if ids != wanted:
        values = _extract_functionals(store, num_workers)
        write_archive(path, {"ids": np.array(wanted), "values": values})
    return dict(zip(wanted, values, strict=True))


def _run_fold(config: ExperimentConfig, store, functionals: dict[str, np.ndarray], directory: Path):
    started = time.monotonic()
    write_config(directory, config, store.content(config.classes))
    utterances = store.subset(config.classes)
    fold = select_fold(config, utterances)
    number = {utterance.id: config.classes.index(utterance.emotion) for utterance in utterances}
    machine, normalizer = _fit(config, fold, functionals, number)
    labels = np.array([number[name] for name in fold.test])
    scores = machine.score(_describe(fold.test, functionals, normalizer))
    result = make_fold_result(
        config,
        utterances=fold.test,
        labels=labels,
        predictions=scores.argmax(axis=1),
        num_parameters=0,
        units=0,
        epochs=0,
        best_epoch=0,
        validation_ua=machine.validation_ua,
        overlap=describe_overlap(utterances, fold),
        commit=current_commit(),
        versions={
            **current_versions(),
            **describe_processor(),
            "llds": EXTRACTOR_VERSION,
            "opensmile": metadata.version("opensmile"),
        },
    )
    write_fold_result(directory / RESULT_FILE, result)
    append_seconds(directory / "seconds.jsonl", result, time.monotonic() - started)
    return result


def _fit(config: ExperimentConfig, fold: Fold, functionals: dict, number: dict[str, int]):
    normalizer = Normalizer.fit([np.stack([functionals[name] for name in fold.train])])
    (train, labels), validation = (
        (_describe(ids, functionals, normalizer), np.array([number[name] for name in ids]))
        for ids in (fold.train, fold.validation)
    )
    options = {"class_weights": config.train.class_weights, "seed": config.seed}
    machine = KernelMachine.fit(train, labels, validation, [_KERNEL], num_classes=len(config.classes), **options)
    return machine, normalizer


def _describe(ids: Sequence[str], functionals: dict, normalizer: Normalizer) -> dict[str, np.ndarray]:
    return {_KERNEL.modality: normalizer(np.stack([functionals[name] for name in ids]))}


def _extract_functionals(store: RecordStore, num_workers: int) -> np.ndarray:
    paths = [utterance.path for utterance in store.utterances]
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path} is gone: openSMILE needs the audio that the records were made of")
    with make_pool(num_workers) as pool:
        try:
            found = pool.map(extract_compare_functionals, paths, chunksize=4)
            return np.stack(list(progress(found, total=len(paths), unit="utt", desc="ComParE functionals")))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
