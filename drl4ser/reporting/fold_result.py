"""The result of one fold: predictions and metrics of its test part, and what is needed to check them.

A result holds no time, host or directory, so a run that was killed and resumed writes the same bytes as one that was
not, and it carries its own checksum. Times go to `seconds.jsonl` in the run directory.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from drl4ser.config import ExperimentConfig, from_dict, name_experiment, to_dict
from drl4ser.files import CHECKSUM_KEY, add_checksum, atomic_write_text, naming_full_disks, verify_checksum
from drl4ser.reporting import metrics


@dataclasses.dataclass(frozen=True)
class FoldResult:
    """The result of one fold of one system with one seed.

    Attributes:
        corpus, profile, recipe, split: names, as in `ExperimentConfig`.
        system, modality: the model, as in `ModelConfig`.
        num_folds, fold, seed: which part of the cross-validation this is.
        classes: class names; labels and predictions are indices into them.
        num_parameters: trainable parameters of the model as trained.
        units: units of the layer whose width balances the parameter counts.
        epochs, best_epoch: how many were run, and the one that validation UA picked (counted from 1).
        validation_ua: UA of the validation part at `best_epoch`, a fraction like the other metrics.
        ua, wa, f1, confusion: metrics of the test part and their confusion matrix, rows = true class.
        utterances: ids of the test part, sorted.
        labels, predictions: true and predicted class of each of `utterances`.
        overlap: how many speakers and texts of the test part occur in the training part too, see
            `drl4ser.corpora.folds.describe_overlap`.
        config: the whole `ExperimentConfig` as plain values.
        commit: the checkout that trained the fold, see `provenance.current_commit`.
        versions: of the packages involved, see `provenance.current_versions`; `llds` is the extractor's.
    """

    corpus: str
    profile: str
    recipe: str
    split: str
    system: str
    modality: str
    num_folds: int
    fold: int
    seed: int
    classes: tuple[str, ...]
    num_parameters: int
    units: int
    epochs: int
    best_epoch: int
    validation_ua: float
    ua: float
    wa: float
    f1: float
    confusion: list[list[int]]
    utterances: list[str]
    labels: list[int]
    predictions: list[int]
    overlap: dict[str, int]
    config: dict[str, Any]
    commit: str
    versions: dict[str, str]

    def __post_init__(self):
        if not len(self.utterances) == len(self.labels) == len(self.predictions):
            raise ValueError("`utterances`, `labels` and `predictions` must have one length")
        if list(self.utterances) != sorted(set(self.utterances)):
            raise ValueError("`utterances` must be sorted and occur once")
        confusion = metrics.confusion_matrix(self.labels, self.predictions, len(self.classes))
        if confusion.tolist() != self.confusion:
            raise ValueError("`confusion` does not follow from `labels` and `predictions`")
        for name in ("ua", "wa", "f1"):
            if abs(metrics.summarize(confusion)[name] - getattr(self, name)) > 1e-9:
                raise ValueError(f"`{name}` does not follow from `confusion`")

    @property
    def key(self) -> tuple[str, str, int, int]:
        """(modality, system, fold, seed): tells the results of one experiment apart, and orders them."""
        return self.modality, self.system, self.fold, self.seed

    @property
    def experiment(self) -> str:
        """As `ExperimentConfig.experiment`."""
        start = self.config.get("init_from", "")  # earlier versions did not write it
        return name_experiment(self.corpus, self.profile, self.recipe, self.split, start)


def make_fold_result(config: ExperimentConfig, *, utterances, labels, predictions, **measured) -> FoldResult:
    """The result of a fold's test part, in order of utterance id, with its metrics.

    Args:
        config: the experiment, fold and seed.
        utterances: ids of the test part, in any order.
        labels: true classes, integers [N] in the order of `utterances`.
        predictions: predicted classes, integers [N].
        **measured: `num_parameters`, `units`, `epochs`, `best_epoch`, `validation_ua`, `overlap`, `commit`
            and `versions`.

    Returns:
        The result, of plain Python values only.

    Example:
        >>> result = make_fold_result(
        ...     ExperimentConfig(), utterances=["b", "a"], labels=[1, 0], predictions=[1, 1], num_parameters=1, units=1,
        ...     epochs=1, best_epoch=1, validation_ua=0.5, overlap={}, commit="", versions={},
        ... )
        >>> result.utterances, result.predictions, result.ua
        (['a', 'b'], [1, 1], 0.5)
    """
    order = sorted(range(len(utterances)), key=lambda index: utterances[index])
    labels, predictions = np.asarray(labels)[order], np.asarray(predictions)[order]
    confusion = metrics.confusion_matrix(labels, predictions, len(config.classes))
    summary = metrics.summarize(confusion)
    names = ("corpus", "profile", "recipe", "split", "num_folds", "fold", "seed", "classes")
    values = {name: getattr(config, name) for name in names}
    values |= {"system": config.model.system, "modality": config.model.modality, "config": to_dict(config)}
    values |= {name: summary[name] for name in ("ua", "wa", "f1")}
    values |= {"confusion": confusion, "utterances": [utterances[index] for index in order]}
    values |= {"labels": labels, "predictions": predictions, **measured}
    return _from_json(_to_json(values))


def write_fold_result(path: str | Path, result: FoldResult) -> Path:
    """Write one result as one line of JSON, complete or not at all."""
    return write_fold_results(path, [result])


def read_fold_result(path: str | Path) -> FoldResult:
    """Read what `write_fold_result` wrote.

    Raises:
        ValueError: if the file is damaged; names it and the remedy.
    """
    results = read_fold_results(path)
    if len(results) != 1:
        raise ValueError(_damaged(path, f"it holds {len(results)} fold results and should hold one"))
    return results[0]


def write_fold_results(path: str | Path, results: Iterable[FoldResult]) -> Path:
    """Write results as JSON lines in the order of modality, system, fold and seed, complete or not at all."""
    in_order = sorted(results, key=lambda result: result.key)
    lines = [_to_json(add_checksum(json.loads(_to_json(vars(result))))) for result in in_order]
    return atomic_write_text(path, "".join(f"{line}\n" for line in lines))


def read_fold_results(path: str | Path, require_checksum: bool = False) -> list[FoldResult]:
    """Read JSON lines of results.

    Args:
        path: what `write_fold_results` wrote, now or with an earlier version.
        require_checksum: whether a line without a checksum, as the first versions wrote them, is damaged.

    Raises:
        ValueError: if the file may not be read or a line is damaged; names the file, the line and the remedy.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except PermissionError as error:
        raise ValueError(_damaged(path, str(error.strerror))) from error
    results = []
    for number, line in enumerate(lines, start=1):
        try:
            results.append(_from_json(line.decode("utf-8"), require_checksum))
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError, MemoryError) as error:
            raise ValueError(_damaged(path, f"line {number}: {error}")) from error
    return results


def experiment_of(path: str | Path, result: FoldResult) -> ExperimentConfig:
    """The configuration that a result of the file `path` was made with. Raises ValueError if it is damaged."""
    try:
        return from_dict(ExperimentConfig, result.config)
    except (ValueError, TypeError) as error:
        raise ValueError(_damaged(path, f"config of {result.key}: {error}")) from error


def append_seconds(path: str | Path, result: FoldResult, seconds: float) -> None:
    """Add the time that a fold took to `seconds.jsonl`, apart from the result because it is never the same twice."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {name: getattr(result, name) for name in ("system", "modality", "fold", "seed")}
    with naming_full_disks(path), path.open("a", encoding="utf-8") as file:
        file.write(_to_json({**values, "seconds": round(float(seconds), 1)}) + "\n")


def _to_json(values: dict[str, Any]) -> str:
    # NumPy arrays and scalars become lists and numbers; NaN is not JSON and would not compare equal either.
    return json.dumps(values, sort_keys=True, allow_nan=False, ensure_ascii=False, default=lambda item: item.tolist())


def _from_json(line: str, require_checksum: bool = False) -> FoldResult:
    written = json.loads(line)
    if not isinstance(written, dict):
        raise ValueError("not a JSON object")
    values = {name: value for name, value in written.items() if name != CHECKSUM_KEY}
    fields = {field.name: field.type for field in dataclasses.fields(FoldResult)}
    for name in sorted(set(fields) ^ set(values)):
        raise ValueError(f"field {name!r} is {'missing' if name in fields else 'unknown'}")
    for name, kind in fields.items():
        value = values[name]
        if kind is float and type(value) is int:
            values[name] = value = float(value)
        if kind in (str, int, float) and type(value) is not kind:
            raise ValueError(f"field {name!r} must be {kind.__name__}, found {value!r}")
    result = FoldResult(**{**values, "classes": tuple(values["classes"])})
    if require_checksum and CHECKSUM_KEY not in written:
        raise ValueError("its checksum is missing")
    verify_checksum(written)  # last: what is wrong with a value is the better message
    return result


def _damaged(path: str | Path, reason: str) -> str:
    return f"{path} is damaged ({reason}). Delete it and run that fold again."
