"""The committed matrix of faults, and damage that does damage; `make faults` tries the cases themselves."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.faults.__main__ import render_table
from tests.faults.cases import DAMAGES, all_cases

RESULTS = Path(__file__).parents[2] / "results"


def test_the_committed_matrix_follows_from_its_outcomes():
    rows = json.loads((RESULTS / "faults.json").read_text(encoding="utf-8"))
    assert (RESULTS / "faults.md").read_text(encoding="utf-8") == render_table(rows)
    assert {(row["fault"], row["stage"]) for row in rows} == {(fault, stage) for fault, stage, _ in all_cases(None)}
    assert not any("WRONG" in row["outcome"] for row in rows)


def test_an_outcome_that_no_run_gave_changes_the_matrix():
    rows = json.loads((RESULTS / "faults.json").read_text(encoding="utf-8"))
    assert render_table(rows[1:]) != render_table(rows)


@pytest.mark.parametrize("fault", DAMAGES)
def test_damage_changes_a_file_or_its_permissions(fault, tmp_path):
    path = tmp_path / "file"
    for seed in range(20):
        path.write_bytes(b"content")
        DAMAGES[fault](path, Random(seed))
        is_readable = path.stat().st_mode & 0o400
        assert not is_readable or path.read_bytes() != b"content"
        path.chmod(0o600)
