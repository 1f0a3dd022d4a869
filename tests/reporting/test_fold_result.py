import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from drl4ser import files
from drl4ser.config import ExperimentConfig, ModelConfig, from_dict
from drl4ser.reporting import fold_result, provenance


def make_fold_result(fold=0, seed=0, system="s3", modality="acoustic", **changes):
    model = ModelConfig(system=system, modality=modality)
    config = ExperimentConfig(fold=fold, seed=seed, model=model)
    values = {
        "utterances": ["c", "a", "b", "d"],
        "labels": np.array([2, 0, 1, 0]),
        "predictions": np.array([2, 0, 1, 3]),
        "num_parameters": np.int64(123),
        "units": 256,
        "epochs": 7,
        "best_epoch": 4,
        "validation_ua": np.float32(0.5),
        "overlap": {"speakers": 2, "texts": 3},
        "commit": "abc",
        "versions": {"python": "3.11.0"},
    }
    return fold_result.make_fold_result(config, **{**values, **changes})


def test_make_fold_result_sorts_and_measures():
    result = make_fold_result()
    assert result.utterances == ["a", "b", "c", "d"]
    assert result.labels == [0, 1, 2, 0] and result.predictions == [0, 1, 2, 3]
    assert result.ua == pytest.approx((0.5 + 1 + 1) / 3)
    assert result.wa == 0.75 and result.confusion[0] == [1, 0, 0, 1]
    assert result.key == ("acoustic", "s3", 0, 0)
    assert from_dict(ExperimentConfig, result.config).model.system == "s3"


def test_a_result_survives_the_file(tmp_path):
    result = make_fold_result(utterances=["ç", "a", "b", "\u2028"])
    path = fold_result.write_fold_result(tmp_path / "new" / "fold.json", result)
    assert fold_result.read_fold_result(path) == result
    first = path.read_bytes()
    assert first.endswith(b"}\n")
    fold_result.write_fold_result(path, fold_result.read_fold_result(path))
    assert path.read_bytes() == first
    assert list(path.parent.iterdir()) == [path]


def test_results_are_sorted_lines(tmp_path):
    results = [make_fold_result(fold=fold, system=system) for fold in (10, 2) for system in ("s3", "baseline")]
    path = fold_result.write_fold_results(tmp_path / "folds.jsonl", results)
    read = fold_result.read_fold_results(path)
    assert [result.key[1:3] for result in read] == [("baseline", 2), ("baseline", 10), ("s3", 2), ("s3", 10)]
    fold_result.write_fold_results(tmp_path / "again.jsonl", reversed(results))
    assert path.read_bytes() == (tmp_path / "again.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "line 1"),
        (lambda text: "", "holds 0 fold results"),
        (lambda text: text + text, "holds 2 fold results"),
        (lambda text: "[]\n", "not a JSON object"),
        (lambda text: text.replace('"epochs"', '"epoch"'), "field 'epoch' is unknown"),
        (lambda text: text.replace('"epochs": 7, ', ""), "field 'epochs' is missing"),
        (lambda text: text.replace('"epochs": 7', '"epochs": "7"'), "field 'epochs' must be int"),
        (lambda text: text.replace('"wa": 0.75', '"wa": 0.8'), "`wa` does not follow"),
        (lambda text: text.replace('"predictions": [0', '"predictions": [1'), "`confusion` does not follow"),
        (lambda text: text.replace('["a", "b"', '["b", "b"'), "`utterances` must be sorted"),
    ],
)
def test_a_damaged_result_is_named_with_the_remedy(tmp_path, damage, message):
    path = fold_result.write_fold_result(tmp_path / "fold.json", make_fold_result())
    damaged = damage(path.read_text())
    assert damaged != path.read_text()
    path.write_text(damaged)
    with pytest.raises(ValueError, match=message) as error:
        fold_result.read_fold_result(path)
    assert str(path) in str(error.value) and "Delete it and run that fold again." in str(error.value)


def test_bytes_that_are_no_text_are_damage(tmp_path):
    (tmp_path / "fold.json").write_bytes(b"\xff\xfe\n")
    with pytest.raises(ValueError, match="damaged"):
        fold_result.read_fold_result(tmp_path / "fold.json")


def test_nan_is_refused_and_leaves_nothing(tmp_path):
    result = dataclasses.replace(make_fold_result(), validation_ua=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        fold_result.write_fold_result(tmp_path / "fold.json", result)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = files.atomic_write_text(tmp_path / "file", "old")

    def fail(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        files.atomic_write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_without_checksum_is_read_unless_one_is_required(tmp_path):
    path = fold_result.write_fold_result(tmp_path / "fold.json", make_fold_result())
    values = json.loads(path.read_text())
    del values[files.CHECKSUM_KEY]
    path.write_text(json.dumps(values) + "\n")
    assert fold_result.read_fold_result(path) == make_fold_result()
    with pytest.raises(ValueError, match="line 1: its checksum is missing"):
        fold_result.read_fold_results(path, require_checksum=True)
    path.write_text(json.dumps({**values, files.CHECKSUM_KEY: "0" * 64}) + "\n")
    with pytest.raises(ValueError, match="does not match its checksum"):
        fold_result.read_fold_result(path)


def test_seconds_stand_apart_from_the_result(tmp_path):
    path = tmp_path / "runs" / "seconds.jsonl"
    for fold in (3, 4):
        fold_result.append_seconds(path, make_fold_result(fold=fold), 12.34)
    expected = {"system": "s3", "modality": "acoustic", "seed": 0, "seconds": 12.3}
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {**expected, "fold": fold} for fold in (3, 4)
    ]


def test_commit_of_a_checkout_and_outside(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.delenv("GIT_DIR")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.current_commit(tmp_path) == "unknown"
    git("init")
    (tmp_path / "results" / "table2").mkdir(parents=True)
    for name in ("file", "results/table2/folds.jsonl", "README.md"):
        (tmp_path / name).write_text("1")
        git("add", name)
    git("commit", "-m", "first", "--no-verify")
    commit = provenance.current_commit(tmp_path)
    assert len(commit) == 10 and int(commit, 16) >= 0
    # What commands write is not the code that ran.
    for name in ("results/table2/folds.jsonl", "README.md", "untracked"):
        (tmp_path / name).write_text("2")
    assert provenance.current_commit(tmp_path) == commit
    (tmp_path / "file").write_text("2")
    assert provenance.current_commit(tmp_path) == f"{commit}-dirty"
    monkeypatch.setenv("PATH", "")
    assert provenance.current_commit(tmp_path) == "unknown"


def test_versions_are_those_installed_and_tensorflow_stays_unimported():
    versions = provenance.current_versions()
    assert versions["numpy"] == np.__version__ and versions["python"] == sys.version.split()[0]
    assert json.loads(json.dumps(versions)) == versions
    program = "import sys; from drl4ser.reporting import fold_result, provenance; provenance.current_versions();"
    program += "print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "tensorflow" not in run.stdout.split() and "keras" not in run.stdout.split()
