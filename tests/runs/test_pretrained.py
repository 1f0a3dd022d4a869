"""Trained systems that come with the package: found by name, checked, listed."""

import shutil
from pathlib import Path
from random import Random

import pytest

from drl4ser.runs import paths, pretrained
from drl4ser.runs.origin import read_origin
from drl4ser.runs.pretrained import find_run, pretrained_names
from drl4ser.runs.run import check_run
from tests.data.test_damage import flip


@pytest.fixture
def copied(trained_run, tmp_path, monkeypatch):
    """A folder of trained systems in place of the package's, which holds one, named tiny."""
    for module in (paths, pretrained):
        monkeypatch.setattr(module, "PRETRAINED_DIR", tmp_path / "pretrained")
    shutil.copytree(trained_run[0], tmp_path / "pretrained/tiny")
    return tmp_path / "pretrained/tiny"


def test_a_name_or_a_path(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pretrained_names() == ["tiny"]
    assert find_run("tiny") == copied
    assert find_run("runs/tiny") == Path("runs/tiny") and find_run(copied) == copied
    (tmp_path / "tiny").mkdir()
    assert find_run("tiny") == copied
    shutil.copy(copied / "record.json", tmp_path / "tiny")  # a finished run of one's own goes before
    assert find_run("tiny") == Path("tiny")


def test_an_unknown_name_lists_those_that_exist(copied):
    with pytest.raises(ValueError, match=r"^small is not the directory of a finished run: .*; there are tiny$"):
        find_run("small")


@pytest.mark.parametrize("name", ["model.weights.h5", "config.json", "normalizer.json", "checksums.json"])
def test_damage_is_named_with_the_remedy(copied, name):
    flip(copied / name, Random(1))
    with pytest.raises(ValueError, match=rf"{name} is missing or damaged .*; install drl4ser again"):
        find_run("tiny")


def test_a_file_that_is_gone(copied):
    (copied / "checksums.json").unlink()
    with pytest.raises(ValueError, match=r"checksums\.json is missing or damaged .*; install drl4ser again"):
        find_run("tiny")


def test_those_of_the_package_that_list_their_recordings_can_be_started_from():
    directories = sorted(path.parent for path in pretrained.PRETRAINED_DIR.glob("*/utterances.json"))
    assert len(directories) >= 2
    for directory in directories:
        (content,) = read_origin(directory).seen.values()  # its digest is compared with that in config.json
        assert set(check_run(directory).utterances) <= set(content)
