from pathlib import Path

import numpy as np
import pytest

from drl4ser.analysis.data_scale import build_curve, choose_sizes, render_data_scale, write_data_scale
from drl4ser.config import ExperimentConfig, ModelConfig
from drl4ser.reporting.fold_result import make_fold_result

ROOT = Path(__file__).parents[2]
LABELS = np.arange(40) % 4


def record(size, seed, hits, tested=40, system="s3"):
    predictions = np.where(np.arange(40) < hits, LABELS, (LABELS + 1) % 4)
    config = ExperimentConfig(train_per_class=size, seed=seed, split_seed=0, model=ModelConfig(system=system))
    return make_fold_result(
        config,
        utterances=[f"u{index:02d}" for index in range(tested)],
        labels=LABELS[:tested],
        predictions=predictions[:tested],
        num_parameters=1,
        units=1,
        epochs=10,
        best_epoch=5,
        validation_ua=0.5,
        overlap={"test_speakers": 1, "shared_speakers": 1, "test_texts": 1, "shared_texts": 0},
        commit="abc",
        versions={"llds": "1"},
    )


@pytest.fixture
def records():
    return [record(100, 0, 36), record(100, 1, 32), record(10, 1, 12), record(10, 0, 8), record(5, 0, 8)]


def test_sizes_are_numbers_that_the_smallest_class_has_each_once():
    assert choose_sizes(["30", "5", "030"], largest=30) == [30, 5]
    assert choose_sizes([], largest=3) == [1, 3]
    for size in ("31", "0", "-1", "some", "1.5", ""):
        with pytest.raises(ValueError, match=f"from 1 to 30, .* Received: '{size}'"):
            choose_sizes(["5", size], largest=30)


def test_points_are_means_over_seeds_beside_the_papers_curve(records):
    five, ten, hundred = build_curve(records)
    assert (five.per_class, ten.per_class, hundred.per_class) == (5, 10, 100)
    assert hundred.uas == (0.9, 0.8) and ten.uas == (0.2, 0.3)
    low, high = hundred.interval
    assert 0.7 < low < 0.85 < high < 0.97
    # a tenth of the paper's 60,000 is its first point, all of it the last; below, there is nothing to compare with
    assert (ten.share, ten.paper_ua, hundred.paper_ua, five.paper_ua) == (0.1, 0.655, 0.882, None)
    # 55 of 60 is 55,000 of the paper's 60,000: a sixth of the way from its point at 54,000 to the last
    between, _ = build_curve([record(60, 0, 20), record(55, 0, 20)])
    assert between.paper_ua == pytest.approx(0.877 + (0.882 - 0.877) / 6)


def test_each_system_has_a_curve_of_its_own(records, tmp_path):
    curves = build_curve([*records, record(5, 0, 20, system="poria_cnn"), record(100, 0, 38, system="poria_cnn")])
    assert [(point.system, point.per_class) for point in curves] == [
        *(("s3", size) for size in (5, 10, 100)), ("poria_cnn", 5), ("poria_cnn", 100),
    ]  # fmt: skip
    assert [point.uas for point in curves[3:]] == [(0.5,), (0.95,)]
    directory = write_data_scale([record(5, 0, 8), record(5, 0, 20, system="poria_cnn")], tmp_path)
    rows = (directory / "figure6.md").read_text(encoding="utf-8").splitlines()[2:4]
    assert [row.split("|")[1].strip() for row in rows] == ["S3", "Poria et al. 2016, softmax"]


def test_one_test_part_is_required(records):
    with pytest.raises(ValueError, match="one test part"):
        build_curve([*records, record(20, 0, 10, tested=36)])


def test_table_and_picture(records, tmp_path):
    directory = write_data_scale(records, tmp_path)
    assert directory == tmp_path / "figure6" / "synthetic-quick-paper-random"
    assert {path.name for path in directory.iterdir()} == {"folds.jsonl", "figure6.md", "figure6.png", "figure6.pdf"}
    table = (directory / "figure6.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line[:1] == "|"]
    assert rows[2][:5] == ["S3", "5", "0.05", "1", "20.0"] and rows[2][6] == "-"
    assert rows[4][:5] == ["S3", "100", "1", "2", "85.0 ± 7.1"] and rows[4][6] == "88.2"
    assert render_data_scale(directory) == table


def test_the_committed_curves_follow_from_their_records():
    for directory in sorted((ROOT / "results" / "figure6").glob("*")):
        assert (directory / "figure6.md").read_text(encoding="utf-8") == render_data_scale(directory), directory
