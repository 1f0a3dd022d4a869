"""Results of many folds and seeds brought together: which may stand in one table, and their pooled predictions."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from drl4ser.config import ExperimentConfig, complete
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.paper_values import LAYOUTS

# What the rows of a table vary; everything else must be the same. `_check_content` compares the content of the corpus.
_VARIED = ("fold", "seed", "model.system", "model.modality", "utterances_sha256")


@dataclasses.dataclass(frozen=True)
class PooledPredictions:
    """Every utterance that one system was tested on, once.

    Attributes:
        utterances: ids, sorted.
        labels: true classes, int64 [N].
        scores: share of an utterance's tests (seeds) that recognised it, float64 [N].
        confusion: float64 [C, C]; every utterance counts 1, in equal parts over its tests.
    """

    utterances: list[str]
    labels: np.ndarray
    scores: np.ndarray
    confusion: np.ndarray


def pool_results(results: Sequence[FoldResult]) -> PooledPredictions:
    """Bring together the folds and seeds of one system with one modality."""
    labels, predictions = {}, defaultdict(list)
    for result in results:
        for utterance, label, prediction in zip(result.utterances, result.labels, result.predictions, strict=True):
            labels[utterance] = label
            predictions[utterance].append(prediction)
    utterances = sorted(labels)
    num_classes = len(results[0].classes)
    confusion = np.zeros((num_classes, num_classes))
    scores = np.zeros(len(utterances))
    for index, utterance in enumerate(utterances):
        tests = predictions[utterance]
        np.add.at(confusion[labels[utterance]], tests, 1 / len(tests))
        scores[index] = tests.count(labels[utterance]) / len(tests)
    truth = np.array([labels[utterance] for utterance in utterances], dtype=np.int64)
    return PooledPredictions(utterances, truth, scores, confusion)


def select_results(results: Sequence[FoldResult], table: str) -> list[FoldResult]:
    """The results whose systems stand in a table, sorted and checked against each other.

    Raises:
        ValueError: if `table` is unknown, none are left or they cannot stand in one table.
    """
    if table not in LAYOUTS:
        raise ValueError(f"`table` must be one of {sorted(LAYOUTS)}. Received: table={table!r}")
    chosen = [result for result in results if result.system in LAYOUTS[table].systems]
    check_results(chosen)
    return sorted(chosen, key=lambda result: result.key)


def check_results(results: Sequence[FoldResult]) -> None:
    """Refuse results that cannot stand in one table.

    Raises:
        ValueError: if there are none, a fold occurs twice, two were made with different settings or data, they disagree
            about an utterance's class or the test part of a fold, or two folds of a seed test one utterance.
    """
    if not results:
        raise ValueError("There are no fold results to report. Train at least one fold first.")
    seen, labels = set(), {}
    reference = _settings(results[0])
    for result in results:
        if result.key in seen:
            raise ValueError(f"{_name(result)} occurs twice. Remove one of its results.")
        seen.add(result.key)
        _check_settings(reference, results[0], result)
        for utterance, label in zip(result.utterances, result.labels, strict=True):
            if labels.setdefault(utterance, label) != label:
                raise ValueError(f"Utterance {utterance} has two classes, one of them in {_name(result)}.")
    _check_content(results)
    _check_test_parts(results)


def check_code(results: Sequence[FoldResult]) -> None:
    """Refuse results of several commits or of code that was never committed.

    Raises:
        ValueError: naming the commits and the flag that allows them.
    """
    commits = sorted({result.commit for result in results})
    if len(commits) > 1 or is_dirty(commits):
        raise ValueError(
            f"The folds of this table were run by differing or uncommitted code ({', '.join(commits)}). Run them again "
            "with one commit, or set ALLOW_MIXED_CODE=true (--allow_mixed_code): the table then says so in its rows."
        )


def is_dirty(commits: Iterable[str]) -> bool:
    """Whether one of the commits is not what ran: files had changed since.

    Example:
        >>> is_dirty(["0657aca93d"]), is_dirty(["0657aca93d", "0657aca93d-dirty"])
        (False, True)
    """
    return any(commit.endswith("-dirty") for commit in commits)


def _check_content(results: Sequence[FoldResult]) -> None:
    """Folds of versions that did not keep the content of their corpus may stand beside others."""
    known = {}
    for result in results:
        if result.config.get("utterances_sha256"):
            known.setdefault(result.config["utterances_sha256"], result)
    if len(known) > 1:
        names = " and ".join(_name(result) for result in list(known.values())[:2])
        raise ValueError(
            f"{names} cannot stand in one table: ids, emotions, speakers, texts or audio of the corpus changed between "
            "them. Delete the results that are out of date."
        )


def _check_test_parts(results: Sequence[FoldResult]) -> None:
    parts, tested = {}, {}
    for result in results:
        first = parts.setdefault((result.seed, result.fold), result)
        if first.utterances != result.utterances:
            raise ValueError(
                f"{_name(first)} and {_name(result)} cannot stand in one table: they were tested on different "
                "utterances. Delete the results of the corpus or split that is out of date."
            )
        for utterance in result.utterances:
            if tested.setdefault((result.seed, utterance), result.fold) != result.fold:
                raise ValueError(
                    f"{_name(result)} tests utterance {utterance}, and so does fold {tested[result.seed, utterance]}: "
                    "folds must not overlap. Delete the results of the corpus or split that is out of date."
                )


def _check_settings(reference: dict[str, Any], first: FoldResult, result: FoldResult) -> None:
    settings = _settings(result)
    for name in sorted(reference.keys() | settings.keys()):
        if reference.get(name) != settings.get(name):
            raise ValueError(
                f"{_name(first)} and {_name(result)} cannot stand in one table: `{name}` is "
                f"{reference.get(name)!r} in one and {settings.get(name)!r} in the other. "
                "Use another runs directory, or delete the results that are out of date."
            )


def _settings(result: FoldResult) -> dict[str, Any]:
    """Everything that two results of a table must share, by dotted name."""
    config = complete(ExperimentConfig, result.config)
    settings = {name: value for name, value in _flatten(config) if name not in _VARIED}
    for name in ("corpus", "profile", "recipe", "split", "num_folds", "classes"):
        settings[f"result.{name}"] = getattr(result, name)
    # Other packages may move between folds and are listed under the table; other LLDs are other inputs.
    settings["versions.llds"] = result.versions.get("llds")
    return settings


def _flatten(values: dict[str, Any], prefix: str = ""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _name(result: FoldResult) -> str:
    return f"{result.system} {result.modality} fold {result.fold} seed {result.seed}"
