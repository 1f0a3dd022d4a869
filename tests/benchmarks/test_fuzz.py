"""A few seconds of `make fuzz` with Hypothesis drawing the cases, and a harness that is known to find."""

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing import KINDS, Kind, run_cases
from benchmarks.fuzzing.kind import READ, FoundError


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore")  # what a decoder thinks of a file is not ours to mend
def test_a_short_run_of_each_kind(name):
    @settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.randoms(use_true_random=False), min_size=5, max_size=10))
    def try_cases(sources):
        outcomes = run_cases(KINDS[name], sources)
        assert sum(outcomes.values()) == len(sources)

    try_cases()
    outcomes = run_cases(KINDS[name], map(Random, range(40)))
    assert outcomes["refused"] > 0 and sum(outcomes.values()) == 40


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

    kind = Kind("toy", lambda folder: (lambda rng: rng.random() < 0.5, read), ("toy.json",))
    if found:
        with pytest.raises(FoundError, match="toy"):
            run_cases(kind, map(Random, range(20)))
    else:
        assert run_cases(kind, map(Random, range(20)))["refused"] > 0
