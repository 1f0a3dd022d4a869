"""The times of folds count where they are those of whole folds."""

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks import fold_costs
from drl4ser.reporting.fold_result import append_seconds, read_fold_result, write_fold_result
from tests.reporting.test_fold_result import make_fold_result

ROOT = Path(__file__).parents[2]


def add_fold(runs_dir, seconds=60.0, sittings=1, **changes):
    result = make_fold_result(**{"versions": {"processor": "A", "threads": "1"}, **changes})
    name = f"{result.system}-{result.modality}"
    directory = runs_dir / "corpus-paper-paper-random" / name / f"fold-{result.fold:02d}-seed-0"
    write_fold_result(directory / "record.json", result)
    for number in range(sittings):
        (directory / f"events.out.tfevents.{number}").touch()
    if sittings:
        append_seconds(directory / "seconds.jsonl", result, seconds)
    return directory


def add_part_of_a_fold(runs_dir, **changes):
    path = add_fold(runs_dir, **changes) / "record.json"
    result = read_fold_result(path)
    write_fold_result(path, dataclasses.replace(result, config={**result.config, "train_per_class": 60}))


def cells_of(rows):
    lines = [line for line in fold_costs.render(rows).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [[cells[0], *cells[5:]] for cells in cells[1:]]


def test_whole_folds_count_and_no_others(tmp_path):
    add_fold(tmp_path, fold=0, seconds=70.0, epochs=7)
    add_fold(tmp_path, fold=1, seconds=110.0, epochs=11)
    add_fold(tmp_path, fold=2, sittings=2)  # resumed
    add_fold(tmp_path, fold=3, sittings=0)  # adopted
    add_fold(tmp_path, system="opensmile_svm", epochs=0)
    (add_fold(tmp_path, system="poria_cnn_mkl") / "kernel_machine.npz").touch()
    add_fold(tmp_path, system="s1", seconds=7.0)
    add_part_of_a_fold(tmp_path, system="s2")
    rows = fold_costs.measure([tmp_path])
    found = {row["system"]: (row["folds"], row["epochs"], row["seconds"]) for row in rows}
    assert found == {"s3": (2, 18, 180.0), "s1": (1, 7, 7.0)}
    assert cells_of(rows) == [["A, 1", "S1, A", "1", "7", "1.0", "0.1"], ["A, 1", "S3, A", "2", "9", "10.0", "1.5"]]


def test_inputs_and_processors_are_told_apart(tmp_path):
    add_fold(tmp_path, seconds=7.0)
    add_fold(tmp_path, seconds=14.0, modality="acoustic+lexical")
    add_fold(tmp_path, seconds=3.5, fold=1, versions={"processor": "B", "threads": "2"})
    add_fold(tmp_path, seconds=21.0, fold=2, versions={})  # of a release that did not write them down
    rows = [[cells[0], cells[1], cells[4]] for cells in cells_of(fold_costs.measure([tmp_path]))]
    assert rows == [
        ["A, 1", "S3, A", "1.0"],
        ["A, 1", "S3, A+L", "2.0"],
        ["B, 2", "S3, A", "0.5"],
        ["not known, not known", "S3, A", "3.0"],
    ]


def test_without_times_there_is_no_table(tmp_path):
    add_fold(tmp_path, sittings=0)
    with pytest.raises(ValueError, match="No finished fold with times"):
        fold_costs.measure([tmp_path])


def test_the_committed_table_is_of_the_committed_times():
    measured = json.loads((ROOT / "results/fold-costs.json").read_text(encoding="utf-8"))
    assert fold_costs.render(measured) == (ROOT / "results/fold-costs.md").read_text(encoding="utf-8")
