from pathlib import Path

import numpy as np
import pytest

from drl4ser.analysis.saliency_table import Estimate, build_saliency_table, render_saliency, write_saliency
from drl4ser.config import ExperimentConfig
from drl4ser.reporting.fold_result import make_fold_result

ROOT = Path(__file__).parents[2]


def measure(name, emotion, areas, drop):
    scores = [f"r, iteration {i}" for i in (1, 2, 3)]
    return {
        "id": name,
        "emotion": emotion,
        "roc": dict(zip(scores, areas, strict=True)) | {"untrained r, iteration 1": 0.5},
        "salient": dict.fromkeys(scores, 0.5) | {scores[2]: 0.7},
        "other": dict.fromkeys(scores, 0.4),
        "probability": {"none": 0.8, "r, iteration 3": 0.8 - drop, "random": 0.7},
        "silenced": {"none": 0.0, "r, iteration 3": 0.2, "random": 0.22},
    }


@pytest.fixture
def measures():
    return [
        measure("b", "sad", (0.5, 0.6, 0.9), 0.4),
        measure("a", "angry", (0.7, 0.6, 0.7), 0.2),
        measure("c", "sad", (0.6, 0.6, 0.8), 0.3),
    ]


@pytest.fixture
def record():
    return make_fold_result(
        ExperimentConfig(),
        utterances=["a", "b", "c"],
        labels=[0, 3, 3],
        predictions=[0, 3, 0],
        num_parameters=1,
        units=1,
        epochs=10,
        best_epoch=5,
        validation_ua=0.5,
        overlap={"test_speakers": 1, "shared_speakers": 1, "test_texts": 1, "shared_texts": 0},
        commit="abc",
        versions={"llds": "1"},
    )


def test_means_over_utterances(measures):
    table = build_saliency_table(measures)
    first, _, third = table.scores
    assert first.roc.mean == pytest.approx(0.6) and third.roc.mean == pytest.approx(0.8)
    assert third.emotions == {"angry": pytest.approx(0.7), "sad": pytest.approx(0.85)}
    assert first.untrained == 0.5 and third.untrained is None
    assert 0.699 < third.roc.low < 0.8 < third.roc.high < 0.901
    assert table.roc_growth.mean == pytest.approx(0.2) and table.gap_growth.mean == pytest.approx(0.2)
    top, random = table.deletions
    assert top.drop.mean == pytest.approx(0.3) and top.over_random.mean == pytest.approx(0.2)
    assert random.drop.mean == pytest.approx(0.1) and random.over_random.mean == 0


def test_the_interval_covers_as_often_as_it_says():
    """Of 200 samples of 40 numbers, the interval misses the true mean about ten times."""
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(200):
        found = Estimate.of(rng.normal(1.0, 2.0, 40))
        missed += not found.low <= 1.0 <= found.high
    assert 4 <= missed <= 22
    assert Estimate.of([0.3]) == Estimate(0.3, 0.3, 0.3) and Estimate.of([0.5, 0.5]) == Estimate(0.5, 0.5, 0.5)


def test_what_is_written_follows_from_the_measures(measures, record, tmp_path):
    directory = write_saliency(measures, [record], tmp_path)
    assert directory == tmp_path / "saliency" / "synthetic-quick-paper-random"
    text = (directory / "saliency.md").read_text(encoding="utf-8")
    assert render_saliency(directory) == text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]
    by_name = {row[0]: row for row in rows[2:]}
    assert by_name["random"][1:3] == ["22.0%", "0.700"] and by_name["random"][4] == "-"
    assert by_name["r, iteration 2"][1] == "0.600 [0.600, 0.600]" and "highest r, iteration 3" in by_name
    assert "changes by +0.200 [" in text and "3 test utterances with salient words" in text
    (directory / "utterances.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"utterances\.jsonl"):
        render_saliency(directory)


def test_the_committed_tables_follow_from_their_measures():
    for directory in sorted((ROOT / "results" / "saliency").glob("*")):
        assert (directory / "saliency.md").read_text(encoding="utf-8") == render_saliency(directory), directory
