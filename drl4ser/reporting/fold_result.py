"""One record for each (experiment, fold, seed): what a fold's test part gave and what is needed to check it.

A record holds no time, host or directory, so a run that was killed and resumed writes the same bytes as one
that was not, and it carries its own checksum. Times go to `seconds.jsonl` beside the records.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from drl4ser.config import ExperimentConfig, from_dict, to_dict
from drl4ser.files import CHECKSUM_KEY, add_checksum, atomic_write_text, naming_full_disks, verify_checksum
from drl4ser.reporting import metrics
from drl4ser.reporting.provenance import current_commit as current_commit
from drl4ser.reporting.provenance import current_versions as current_versions


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
        overlap: how many speakers and texts of the test part the training part knows, see
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
        """(modality, system, fold, seed): what tells the records of one experiment apart, and their order."""
        return self.modality, self.system, self.fold, self.seed


def make_fold_result(config: ExperimentConfig, *, utterances, labels, predictions, **measured) -> FoldResult:
    """A record of a fold's test part, in order of utterance id, with its metrics.

    Args:
        config: the experiment, fold and seed.
        utterances: ids of the test part, in any order.
        labels: true classes, integers [N] in the order of `utterances`.
        predictions: predicted classes, integers [N].
        **measured: `num_parameters`, `units`, `epochs`, `best_epoch`, `validation_ua`, `overlap`, `commit`
            and `versions`.

    Returns:
        The record, of plain Python values only.
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


def write_fold_result(path: str | Path, record: FoldResult) -> Path:
    """Writes one record as one line of JSON, whole or not at all."""
    return write_fold_results(path, [record])


def read_fold_result(path: str | Path) -> FoldResult:
    """Reads what `write_fold_result` wrote.

    Raises:
        ValueError: if the file is damaged, names it and the remedy.
    """
    records = read_fold_results(path)
    if len(records) != 1:
        raise ValueError(_damaged(path, f"it holds {len(records)} records and should hold one"))
    return records[0]


def write_fold_results(path: str | Path, records: Iterable[FoldResult]) -> Path:
    """Writes records as JSON lines in the order of modality, system, fold and seed, whole or not at all."""
    lines = [_to_json(add_checksum(_plain(vars(record)))) for record in sorted(records, key=lambda record: record.key)]
    return atomic_write_text(path, "".join(f"{line}\n" for line in lines))


def read_fold_results(path: str | Path) -> list[FoldResult]:
    """Reads JSON lines of records.

    Raises:
        ValueError: if the file may not be read or a line is damaged; names the file, the line and the remedy.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except PermissionError as error:
        raise ValueError(_damaged(path, str(error.strerror))) from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(_from_json(line.decode("utf-8")))
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError, MemoryError) as error:
            raise ValueError(_damaged(path, f"line {number}: {error}")) from error
    return records


def experiment_of(path: str | Path, record: FoldResult) -> ExperimentConfig:
    """The configuration that a record of the file `path` was made with. Raises ValueError if it is damaged."""
    try:
        return from_dict(ExperimentConfig, record.config)
    except (ValueError, TypeError) as error:
        raise ValueError(_damaged(path, f"config of {record.key}: {error}")) from error


def append_seconds(path: str | Path, record: FoldResult, seconds: float) -> None:
    """Adds the time that a fold took to `seconds.jsonl`; kept apart because it never is the same twice."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {name: getattr(record, name) for name in ("system", "modality", "fold", "seed")}
    with naming_full_disks(path), path.open("a", encoding="utf-8") as file:
        file.write(_to_json({**values, "seconds": round(float(seconds), 1)}) + "\n")


def read_seconds(path: str | Path) -> list[dict[str, Any]]:
    """The lines of `seconds.jsonl`, without one that a kill cut short."""
    rows = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from JSON."""
    return json.loads(_to_json(values))


def _to_json(values: dict[str, Any]) -> str:
    # NumPy arrays and scalars become lists and numbers; NaN is no JSON and would not compare equal either.
    return json.dumps(values, sort_keys=True, allow_nan=False, ensure_ascii=False, default=lambda item: item.tolist())


def _from_json(line: str) -> FoldResult:
    written = json.loads(line)
    if not isinstance(written, dict):
        raise ValueError("not a JSON object")
    values = {name: value for name, value in written.items() if name != CHECKSUM_KEY}
    expected = {field.name for field in dataclasses.fields(FoldResult)}
    for name in sorted(expected ^ set(values)):
        raise ValueError(f"field {name!r} is {'missing' if name in expected else 'unknown'}")
    for field in dataclasses.fields(FoldResult):
        value = values[field.name]
        if field.type is float and type(value) is int:
            values[field.name] = value = float(value)
        if field.type in (str, int, float) and type(value) is not field.type:
            raise ValueError(f"field {field.name!r} must be {field.type.__name__}, found {value!r}")
    record = FoldResult(**{**values, "classes": tuple(values["classes"])})
    verify_checksum(written)  # last: what is wrong with a value says more
    return record


def _damaged(path: str | Path, reason: str) -> str:
    return f"{path} is damaged ({reason}). Delete it and run that fold again."
