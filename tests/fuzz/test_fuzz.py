"""A few seconds of `make fuzz`, and a reader in which the harness must find the fault."""

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz.__main__ import KINDS
from tests.fuzz.kinds import READ, FoundError, Kind, run_cases

RESULTS = Path(__file__).parents[2] / "results" / "fuzz.json"


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore")  # what a decoder warns about is not ours to mend
def test_a_short_run_of_each_kind(name):
    outcomes = run_cases(KINDS[name], 80)
    assert outcomes["refused"] > 0 and sum(outcomes.values()) == 80


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (ValueError("toy.json is damaged"), False),
        (ValueError("is damaged"), True),
        (KeyError("toy.json"), True),
        (json.JSONDecodeError("toy.json", "{", 0), True),
    ],
)
def test_the_harness_finds_crashes_and_errors_that_do_not_name_the_file(error, found):
    def read(case):
        if case:
            raise error
        return READ

    kind = Kind("toy", lambda folder: (st.integers(0, 10**6), read), ("toy.json",))
    if found:
        with pytest.raises(FoundError, match=r"toy: .* for 1\b"):  # the smallest case
            run_cases(kind, 20)
    else:
        assert run_cases(kind, 20)["refused"] > 0


def test_equal_seeds_try_equal_cases():
    tried = {}
    for attempt, seed in ((0, 3), (1, 3), (2, 4)):
        cases = tried[attempt] = []
        toy = Kind("toy", lambda folder, cases=cases: (st.integers(), lambda case: cases.append(case) or READ))
        run_cases(toy, 20, seed)
    assert tried[0] == tried[1] != tried[2]


def test_the_committed_counts_are_of_all_kinds():
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert set(rows) == set(KINDS)
    assert all(row["refused"] > 0 for row in rows.values())
    assert {row["read"] + row["refused"] for row in rows.values()} == {20_000, 100_000}
