"""Where a fold keeps its files, whose they are and whether it is finished; knows no TensorFlow."""

import json
from pathlib import Path

from drl4ser.config import ExperimentConfig, complete, to_dict
from drl4ser.training.results import FoldRecord, read_record

RECORD_FILE = "record.json"


def run_directory(runs_dir: Path, config: ExperimentConfig) -> Path:
    """Where a fold keeps its files under `runs_dir`."""
    experiment = f"{config.corpus}-{config.profile}-{config.recipe}-{config.split}"
    model = f"{config.model.system}-{config.model.modality}"
    subset = f"-train-{config.train_per_class}" if config.train_per_class else ""
    return runs_dir / experiment / model / f"fold-{config.fold:02d}-seed-{config.seed}{subset}"


def finished_record(directory: Path, config: ExperimentConfig) -> FoldRecord | None:
    """The record of a fold that is finished already, None if there is none.

    Raises:
        ValueError: if `directory` belongs to another configuration; it says which value differs.
    """
    path = directory / "config.json"
    if path.exists():
        found = complete(ExperimentConfig, json.loads(path.read_text(encoding="utf-8")))
        wanted = plain_values(config)
        if found != wanted:
            raise ValueError(
                f"{directory} was run with {_first_difference(found, wanted)}; "
                "choose another RUNS_DIR or delete that folder"
            )
    record = directory / RECORD_FILE
    return read_record(record) if record.exists() else None


def plain_values(config: ExperimentConfig) -> dict:
    """`to_dict` as it comes back from JSON."""
    return json.loads(json.dumps(to_dict(config)))


def _first_difference(found: dict, wanted: dict, prefix: str = "") -> str:
    for name in sorted(found.keys() | wanted.keys()):
        left, right = found.get(name), wanted.get(name)
        if isinstance(left, dict) and isinstance(right, dict):
            if left != right:
                return _first_difference(left, right, f"{prefix}{name}.")
        elif left != right:
            return f"{prefix}{name}={left!r}, now it is {right!r}"
    return "the same settings"
