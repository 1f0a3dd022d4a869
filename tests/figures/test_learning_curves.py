import numpy as np
import pytest

from drl4ser.figures.learning_curves import learning_curves_figure


def history(*uas):
    best = np.argmax(uas) + 1
    return [
        {"epoch": n, "loss": 1 / n, "validation_loss": 2 / n, "validation_ua": ua, "best": n <= best}
        for n, ua in enumerate(uas, start=1)
    ]


def test_every_fold_is_a_line_and_the_kept_epoch_a_dot():
    figure = learning_curves_figure({("S1", "A"): [history(0.3, 0.5, 0.4), history(0.2)], ("S3", "A"): [history(0.6)]})
    losses, uas = figure.axes
    assert [line.get_ydata().tolist() for line in losses.lines[:2]] == [[1, 1 / 2, 1 / 3], [2, 1, 2 / 3]]
    assert losses.lines[1].get_linestyle() == "--"
    lines, dots = uas.lines[::2], uas.lines[1::2]
    assert [line.get_ydata().tolist() for line in lines] == [[30, 50, 40], [20], [60]]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(2, 50), (1, 20), (1, 60)]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert [text.get_text() for text in uas.get_legend().get_texts()] == ["S1", "S3"]


def test_the_loss_of_a_first_epoch_does_not_set_the_scale():
    rows = history(0.3, 0.5, 0.4)
    rows[0]["loss"] = 12.0
    losses, _ = learning_curves_figure({("S1", "A"): [rows]}).axes
    assert losses.get_ylim() == (0, pytest.approx(1.05))  # of the second epoch's validation loss, 1
    assert learning_curves_figure({("S1", "A"): [history(0.3)]}).axes[0].get_ylim()[1] > 2  # one epoch alone is seen


def test_each_input_has_its_row():
    figure = learning_curves_figure({("S1", "A"): [history(0.3)], ("S1", "A+L"): [history(0.4)]})
    assert [axes.get_title() for axes in figure.axes[1::2]] == ["Input A", "Input A+L"]
    assert figure.axes[3].lines[0].get_ydata()[0] == pytest.approx(40)


def test_many_folds_are_pale_behind_their_mean():
    figure = learning_curves_figure({("S1", "A"): [history(0.2, 0.6), history(0.4), history(0.3), history(0.5)]})
    losses, uas = figure.axes
    assert all(line.get_alpha() < 0.5 for line in losses.lines[:8]) and len(losses.lines) == 10
    mean = uas.lines[-1]
    assert mean.get_label() == "S1" and mean.get_alpha() is None
    np.testing.assert_allclose(mean.get_ydata(), [35])  # only one fold has a second epoch


def test_many_systems_have_columns_of_their_own():
    histories = {(f"V{number}", "A"): [history(number / 10, 0.9)] for number in range(7)}
    figure = learning_curves_figure(histories)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    titles = [axes.get_title() for axes in panels if axes.get_title()]
    assert titles == [f"V{number}, A" for number in range(7)] and len(panels) == 14
    uas = [axes for axes in panels if not axes.get_title()]
    for number, axes in enumerate(uas):  # seven grey means, then its own run and the dot at the kept epoch
        assert [line.get_color() for line in axes.lines[:7]] == ["0.85"] * 7
        assert axes.lines[7].get_ydata().tolist() == pytest.approx([10 * number, 90])
        assert axes.lines[8].get_xdata().tolist() == [2]
