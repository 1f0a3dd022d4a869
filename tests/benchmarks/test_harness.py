"""Timing, counting and reporting of the benchmarks."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.report import (
    PICTURE,
    TABLE,
    Result,
    Row,
    compare_seconds,
    draw_ratios,
    read_results,
    read_rows,
    render_tables,
    write_result,
)
from benchmarks.run import MEASUREMENTS, render_results
from benchmarks.scale import render_measured, render_rid
from benchmarks.timing import Effort, fit_line, time_in_turns
from benchmarks.workloads import count_forward, count_training_step, make_part
from drl4ser.config import ModelConfig, TrainConfig
from drl4ser.data.pipeline import training_batches

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
ROW = Row("a step", "a peer", 10.0, 25.0, "ms", 2.5, 2.25, 2.75, 2.0)


def test_sides_take_turns_in_an_order_that_turns_around():
    calls = []
    sides = {name: lambda name=name: calls.append(name) for name in "abc"}
    seconds = time_in_turns(sides, Effort(rounds=4))
    assert "".join(calls) == "abc" + "abc" + "cba" + "abc" + "cba"
    assert all(len(values) == 4 and min(values) >= 0 for values in seconds.values())


def test_time_that_is_up_ends_the_rounds_after_the_third():
    assert len(time_in_turns({"a": lambda: None}, Effort(rounds=9, seconds=0.0))["a"]) == 3


def test_the_processors_clock_does_not_count_waiting():
    effort = Effort(rounds=1, clock="processor")
    assert time_in_turns({"a": lambda: time.sleep(0.2)}, effort)["a"][0] < 0.1


def test_a_share_of_an_effort_keeps_its_clock():
    assert Effort(5, 60.0, "processor", False).share(3) == Effort(5, 20.0, "processor", False)


def test_a_speed_up_is_the_median_of_the_rounds():
    row = compare_seconds("a", "b", [1.0, 2.0, 4.0], [2.0, 2.0, 12.0], wanted=2.0)
    assert (row.ours, row.theirs, row.ratio) == (2000.0, 2000.0, 2.0)
    assert row.low == 1.5 and row.high == 2.5 and row.met
    assert not compare_seconds("a", "b", [1.0], [1.9], wanted=2.0).met
    assert compare_seconds("a", "b", [1.0], [1.0], wanted=None).met is None


def test_an_upper_bound_is_met_from_below():
    values = {"what": "a", "against": "b", "ours": 1, "theirs": 1, "unit": "MB", "low": 1, "high": 1}
    assert Row(**values, ratio=1.1, wanted=1.2, at_most=True).met
    assert not Row(**values, ratio=1.3, wanted=1.2, at_most=True).met


def test_a_line_is_found_with_its_fit():
    x = np.arange(5.0)
    np.testing.assert_allclose(fit_line(x, 3 * x + 2), (3, 2, 1))
    assert fit_line(x, [0, 1, 0, 1, 0])[2] < 0.5


def test_multiply_adds_of_a_small_network_counted_by_hand():
    config = ModelConfig(lld_dim=3, filters=(4, 8), kernel_sizes=(2, 5), units=2, dense_units=(6,), num_classes=4)
    # 7 frames -> 4 steps -> 2 steps
    first = 4 * 2 * 3 * 4
    convolutions = 2 * (5 * 4 * 8 + 3 * 5 * 8 * 8 + 4 * 8)
    attention = 2 * 2 * (4 * 8 * 8 + 2 * 2 * 8)
    encoder, hoisted, refinements = 2 * 8 * (8 + 2), 2 * (8 * 2 + 2 * 2), 3 * (2 * (8 * 2 + 2) + 3 * 2 * 2)
    dense = 2 * 6 + 6 * 4
    total = first + convolutions + attention + encoder + hoisted + refinements + dense
    assert count_forward(config, 7) == (total, first)
    assert count_training_step(config, [7, 7]) == 2 * (3 * total - first)


def test_a_result_survives_its_file_and_becomes_a_table(tmp_path):
    write_result(tmp_path, "gca_lstm", Result([ROW], ["a fact"], {"ours": [1.0]}), {"clock": "wall", "threads": None})
    (result,) = read_results(tmp_path, list(MEASUREMENTS))
    assert read_rows([result]) == [ROW]
    assert result["machine"]["cores"] >= 1 and "tensorflow" in result["machine"]["versions"]
    table = render_tables([[result], [{**result, "machine": {**result["machine"], "processor": "Other"}}]])
    cells = "10.0, 25.0 ms | 2.50 [2.25, 2.75] (≥ 2)"
    assert f"| a step | a peer | {cells} | {cells} |" in table
    assert f"{result['machine']['processor']}" in table.splitlines()[0] and "Other" in table.splitlines()[0]
    assert "- a fact\n" in table


def test_the_picture_is_drawn():
    assert draw_ratios([ROW]).startswith(b"\x89PNG")


def test_the_committed_table_follows_from_the_committed_results():
    assert (RESULTS / TABLE).read_text(encoding="utf-8") == render_results(RESULTS)
    for folder in RESULTS.glob("*/"):
        results = read_results(folder, list(MEASUREMENTS))
        assert results and (folder / PICTURE).exists()
        for result in results:
            assert [row.met for row in read_rows([result])] == [row["met"] for row in result["rows"]]


def test_the_committed_tables_of_scale_follow_from_its_numbers():
    results = RESULTS.parents[1] / "results"
    facts = json.loads((results / "scale.json").read_text(encoding="utf-8"))
    assert (results / "scale.md").read_text(encoding="utf-8") == render_measured(facts)
    assert (results / "scale-rid.md").read_text(encoding="utf-8") == render_rid(facts)


def test_noise_utterances_go_through_the_pipeline():
    part = make_part([30, 10, 20])
    batches = list(training_batches(part, TrainConfig(batch_size=2), seed=0, epochs=[1]))
    assert sorted(n for inputs, _, _ in batches for n in inputs["num_frames"].numpy()) == [10, 20, 30]
    assert part.num_utterances == 3


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["run", "--modules=sorting"], "unknown --modules=sorting; choose among training_step, "),
        (["scale"], "--records_dir"),
        (["lld_report"], "--data_dir"),
        (["probes", "manifest", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_command_answers_a_mistake(command, message, tmp_path):
    command = [sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]]
    done = subprocess.run(command, cwd=RESULTS.parents[1], capture_output=True, text=True)
    assert done.returncode in (1, 2) and message in done.stderr
