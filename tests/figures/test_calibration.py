import numpy as np
import pytest

from drl4ser.figures.calibration import measure_reliability, reliability_figure
from drl4ser.figures.confusion import recall_figure


def test_reliability_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.95, 0.05], [0.4, 0.6], [0.35, 0.65]])
    found = measure_reliability(probabilities, np.array([0, 1, 1, 1]), num_bins=10)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert found.confidence[[6, 9]] == pytest.approx([0.625, 0.925])
    assert found.accuracy[[6, 9]] == pytest.approx([1.0, 0.5])
    assert np.isnan(found.accuracy[0])
    assert found.error == pytest.approx((2 * 0.375 + 2 * 0.425) / 4)


def test_a_calibrated_system_has_no_error():
    rng = np.random.default_rng(0)
    first = rng.uniform(0.5, 1, 20_000)
    labels = (rng.uniform(size=20_000) > first).astype(int)
    assert measure_reliability(np.stack([first, 1 - first], axis=1), labels).error < 0.015
    sure = measure_reliability(np.eye(2)[[0, 0, 1]], np.array([0, 0, 0]))
    assert sure.counts[-1] == 3 and sure.error == pytest.approx(1 / 3)


def test_figures():
    upper, lower = reliability_figure(measure_reliability([[0.8, 0.2]], [0])).axes
    assert upper.get_title() == "calibration error 20.0%" and lower.patches[8].get_height() == 1
    bars = recall_figure([0.5, 1.0], ["angry", "sad"]).axes[0]
    assert [bar.get_height() for bar in bars.patches] == [50, 100]
    assert [text.get_text() for text in bars.texts] == ["50", "100"]
