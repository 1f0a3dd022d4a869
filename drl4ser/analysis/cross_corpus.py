"""Runs of one corpus applied to the recordings of others."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from drl4ser.data.pipeline import load_part
from drl4ser.data.store import RecordStore, open_store
from drl4ser.inference.predictor import Predictor
from drl4ser.reporting.fold_result import FoldResult, make_fold_result
from drl4ser.runs.origin import find_seen, read_seen
from drl4ser.training.trainer import evaluate_part


def check_corpora(trained_on: RecordStore, tested_on: Sequence[RecordStore]) -> None:
    """Refuse records that are not another corpus, or that runs of the first one cannot be tested on.

    Raises:
        ValueError: if two of them have one name, or one to test on shares a recording with the training corpus, or has
            fewer than two classes in common with it.
    """
    classes = tuple(sorted({utterance.emotion for utterance in trained_on.utterances}))
    names, known = {trained_on.corpus: trained_on}, {digest: name for name, digest in trained_on.digests.items()}
    for store in tested_on:
        if store.corpus in names:
            raise ValueError(
                f"{names[store.corpus].directory} and {store.directory} are both named {store.corpus}; give each "
                "corpus once, and manifests names of their own (NAME=)"
            )
        names[store.corpus] = store
        shared = sorted(name for name, digest in store.digests.items() if digest in known)
        if shared:
            raise ValueError(
                f"{store.directory} holds {len(shared)} recordings that {trained_on.directory} has too, such as "
                f"{shared[0]!r} ({known[store.digests[shared[0]]]!r} there); leave them out of one of the two: a test "
                "on them would be no test on another corpus"
            )
        _find_common(classes, store, trained_on.directory)


def apply_run(directory: Path, records_dir: Path) -> FoldResult:
    """Apply a finished run to all utterances of another corpus whose class the run has.

    LLDs are normalised, and silence is trimmed, as the training part of the run was. Words outside its vocabulary are
    left out. The answer is the most probable of the classes in common.

    Args:
        directory: of the run.
        records_dir: LLD records of the other corpus, of the same front end.

    Returns:
        A result whose `corpus` and `classes` are those of the test; its `config` is that of the run.

    Raises:
        ValueError: if the run or the records cannot be used, fewer than two classes are in common, the run takes
            words and the corpus has no transcripts, or the run started from one that was trained on the corpus.
    """
    _refuse_seen(directory, open_store(records_dir))
    predictor = Predictor(directory)
    run, store = predictor.run, open_store(records_dir, predictor.run.config.frame)
    columns = _find_common(run.config.classes, store, directory)
    classes = tuple(run.config.classes[column] for column in columns)
    utterances = store.subset(classes)
    if run.word_vectors is not None and not any(item.text for item in utterances):
        raise ValueError(f"{records_dir} has no transcripts, {directory} takes words too; use MODALITIES=acoustic")
    labels = {item.id: run.config.classes.index(item.emotion) for item in utterances}
    part = load_part(store, labels, run.normalizer, run.word_vectors)
    tested = evaluate_part(predictor.score, part, run.config.train.batch_size)
    names = ("num_parameters", "units", "epochs", "best_epoch", "validation_ua", "commit", "versions")
    result = make_fold_result(
        dataclasses.replace(run.config, corpus=store.corpus, classes=classes),
        utterances=tested.ids,
        labels=[columns.index(label) for label in tested.labels],
        predictions=tested.logits[:, columns].argmax(axis=1),
        overlap={},
        **{name: getattr(run.result, name) for name in names},
    )
    return dataclasses.replace(result, config=run.result.config)


def _refuse_seen(directory: Path, store: RecordStore) -> None:
    """Refuse recordings that the run which this one started from was trained with."""
    content = store.content(tuple(sorted({utterance.emotion for utterance in store.utterances})))
    if shared := find_seen(read_seen(directory), store.corpus, content, content):
        raise ValueError(
            f"{store.directory} holds {len(shared)} recordings, such as {shared[0]!r}, with which the run that "
            f"{directory} started from was trained: a test on them would be no test on another corpus"
        )


def _find_common(classes: tuple[str, ...], store: RecordStore, directory: Path) -> list[int]:
    """Numbers of the run's classes that the corpus has too."""
    found = {utterance.emotion for utterance in store.utterances}
    columns = [column for column, name in enumerate(classes) if name in found]
    if len(columns) < 2:
        raise ValueError(
            f"{directory} and {store.directory} have fewer than two classes in common: {', '.join(classes)} and "
            f"{', '.join(sorted(found))}; make records with the same names of classes (EMOTIONS, a manifest's emotion)"
        )
    return columns
