"""Paths and state of a run directory: its files, its configuration, their checksums, whether the fold is finished."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import drl4ser
from drl4ser.config import ExperimentConfig, complete, to_dict
from drl4ser.files import add_checksum, atomic_write_text, file_sha256, verify_checksum
from drl4ser.reporting.fold_result import (
    FoldResult,
    experiment_of,
    read_fold_result,
    read_fold_results,
    write_fold_result,
)
from drl4ser.runs.content import Content, describe_changes, describe_contradictions

CONFIG_FILE = "config.json"
UTTERANCES_FILE = "utterances.json"
NORMALIZER_FILE = "normalizer.json"
INPUT_RANGE_FILE = "input_range.json"
WORDS_FILE = "words.bin"
WEIGHTS_FILE = "model.weights.h5"
KERNEL_FILE = "kernel_machine.npz"
HISTORY_FILE = "history.json"
CHECKSUM_FILE = "checksums.json"
ORIGIN_FILE = "origin.json"
RESULT_FILE = "record.json"
_KEPT = (
    CONFIG_FILE,
    NORMALIZER_FILE,
    INPUT_RANGE_FILE,
    WORDS_FILE,
    WEIGHTS_FILE,
    KERNEL_FILE,
    HISTORY_FILE,
    ORIGIN_FILE,
)
LOCK_REMEDY = "wait for it to end, or choose another RUNS_DIR"
PRETRAINED_DIR = Path(drl4ser.__file__).parent / "pretrained"
"""Where the trained systems are that come with the package: inside it, so that they travel in the wheel."""


def run_directory(runs_dir: Path, config: ExperimentConfig) -> Path:
    """The folder of a fold's files under `runs_dir`.

    Example:
        >>> run_directory(Path("runs"), ExperimentConfig(fold=3)).as_posix()
        'runs/synthetic-quick-paper-random/s3-acoustic/fold-03-seed-0'
    """
    return runs_dir.joinpath(*run_names(config))


def run_names(config: ExperimentConfig) -> tuple[str, str, str]:
    """Names of a fold's experiment, of its system with its input, and of the fold itself."""
    model = f"{config.model.system}-{config.model.modality}"
    subset = f"-train-{config.train_per_class}" if config.train_per_class else ""
    return config.experiment, model, f"fold-{config.fold:02d}-seed-{config.seed}{subset}"


def finished_result(directory: Path, config: ExperimentConfig, content: Content | None = None) -> FoldResult | None:
    """The result of a finished fold, None if the fold is not finished.

    Args:
        directory: of the run.
        config: the wanted configuration.
        content: the corpus now, if it is at hand. A fold that was run on other data is refused.

    Raises:
        ValueError: if `directory` belongs to another configuration or corpus; the message names what differs.
    """
    path = directory / CONFIG_FILE
    if path.exists():
        found = read_json(path, lambda values: complete(ExperimentConfig, values))
        wanted = to_dict(config)
        _check_content(directory, found.pop("utterances_sha256"), wanted.pop("utterances_sha256"), content)
        if found != wanted:
            raise ValueError(
                f"{directory} was run with {_first_difference(found, wanted)}; "
                "choose another RUNS_DIR and RESULTS_DIR, or delete that folder"
            )
    if not (directory / RESULT_FILE).exists():
        return None
    result = read_fold_result(directory / RESULT_FILE)
    if result.config.get("utterances_sha256"):
        _check_content(directory, result.config["utterances_sha256"], config.utterances_sha256, content)
    elif content is not None and (changes := describe_contradictions(result, content)):
        raise ValueError(_other_data(directory, changes))
    return result


def write_config(directory: Path, config: ExperimentConfig, content: Content | None = None) -> None:
    """Bind a directory to a configuration and, if it is at hand, to the content of the corpus."""
    if content is not None:
        atomic_write_text(directory / UTTERANCES_FILE, json.dumps(content, indent=0) + "\n")
    atomic_write_text(directory / CONFIG_FILE, json.dumps(to_dict(config), indent=1) + "\n")


def is_bound(directory: Path) -> bool:
    """Whether a run directory names the content of its corpus, as all do that this version began."""
    path = directory / CONFIG_FILE
    return path.exists() and bool(read_json(path).get("utterances_sha256"))


def _check_content(directory: Path, found: str, wanted: str, content: Content | None) -> None:
    if not found or not wanted or found == wanted:
        return
    try:
        changes = describe_changes(read_json(directory / UTTERANCES_FILE), content or {})
    except (ValueError, LookupError, TypeError):
        changes = ""  # adopted folds have no list of utterances
    if not content or not changes:
        changes = "ids, emotions, speakers, texts or audio changed"
    raise ValueError(_other_data(directory, changes))


def _other_data(directory: Path, changes: str) -> str:
    experiment = directory.parent.parent  # the folder of all folds on that corpus, see `run_directory`
    return (
        f"{directory} was run on other data: {changes}. Delete {experiment} or choose another RUNS_DIR and RESULTS_DIR"
        "; a second corpus needs a name of its own (NAME=)"
    )


def adopt_results(path: Path, runs_dir: Path) -> int:
    """Make folds that ran elsewhere count as finished, so that several machines can complete one table.

    Their run directories hold no weights: enough for a table, not for a prediction.

    Args:
        path: a file of fold results, such as the `folds.jsonl` beside a table.
        runs_dir: folder of run directories; folds that are finished or begun there stay as they are.

    Returns:
        The number of folds that were added.

    Raises:
        ValueError: if `path` is damaged, or a run directory belongs to another configuration.
    """
    adopted = 0
    for result in read_fold_results(path):
        config = experiment_of(path, result)
        directory = run_directory(runs_dir, config)
        if finished_result(directory, config) is None and not (directory / CONFIG_FILE).exists():
            write_config(directory, config)
            write_fold_result(directory / RESULT_FILE, result)
            adopted += 1
    return adopted


def read_json(path: Path, make: Callable[[dict], Any] = dict) -> Any:
    """What `make` returns for the JSON object in a file of a run directory.

    Raises:
        ValueError: if the file is missing or damaged, with the remedy.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
        return make(values)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is missing or damaged ({error}); {_remedy(path)}") from error


def write_checksums(directory: Path) -> None:
    """Write the checksums of a finished fold's files.

    A fold's result has a checksum of its own and is written after them, so that it is the last file; where it is there
    already, as in a system that comes with the package, it gets one here too.
    """
    present = [name for name in (*_KEPT, RESULT_FILE) if (directory / name).exists()]
    sums = add_checksum({name: file_sha256(directory / name) for name in present})
    atomic_write_text(directory / CHECKSUM_FILE, json.dumps(sums, indent=1) + "\n")


def verify_files(directory: Path) -> None:
    """Compare a finished fold's files with their checksums; folds of earlier versions have none.

    Raises:
        ValueError: naming the first file that is damaged or missing.
    """
    path = directory / CHECKSUM_FILE
    if not path.exists() and not _is_pretrained(path):
        return
    sums = read_json(path, verify_checksum)
    for name in (name for name in (*_KEPT, RESULT_FILE) if name in sums):
        path, reason = directory / name, "its content does not match its checksum"
        try:
            if file_sha256(path) == sums[name]:
                continue
        except OSError as error:
            reason = error.strerror
        raise ValueError(f"{path} is missing or damaged ({reason}); {_remedy(path)}")


def _is_pretrained(path: Path) -> bool:
    return PRETRAINED_DIR in path.absolute().parents


def _remedy(path: Path) -> str:
    return "install drl4ser again" if _is_pretrained(path) else "delete that folder and run this fold again"


def _first_difference(found: dict, wanted: dict, prefix: str = "") -> str:
    for name in sorted(found.keys() | wanted.keys()):
        left, right = found.get(name), wanted.get(name)
        if isinstance(left, dict) and isinstance(right, dict):
            if left != right:
                return _first_difference(left, right, f"{prefix}{name}.")
        elif left != right:
            return f"{prefix}{name}={left!r}, now it is {right!r}"
    return "the same settings"
