"""The list of mutations fits the code; `make mutations` tries them."""

import shutil

import pytest

from tests.mutations.__main__ import ROOT, mutate
from tests.mutations.mutations import MUTATIONS


def test_names_are_unique():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place_and_its_tests_exist(mutation, tmp_path):
    path = tmp_path / mutation.file
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / mutation.file, path)
    mutate(mutation, tmp_path)
    if path.suffix == ".py":
        compile(path.read_text(encoding="utf-8"), mutation.file, "exec")
    assert path.read_bytes() != (ROOT / mutation.file).read_bytes()
    for test in mutation.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text(encoding="utf-8")


def test_text_that_is_not_there_once_is_an_error(tmp_path):
    path = tmp_path / MUTATIONS[0].file
    path.parent.mkdir(parents=True)
    for text in ("", MUTATIONS[0].old * 2):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"the text is [02] times in"):
            mutate(MUTATIONS[0], tmp_path)
