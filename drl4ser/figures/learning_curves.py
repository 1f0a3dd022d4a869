"""Learning curves: loss of the training and the validation part and validation UA by epoch, one colour per system."""

import textwrap
from collections.abc import Mapping, Sequence
from statistics import fmean

from matplotlib.figure import Figure

from drl4ser.figures import FONT_SIZE, SERIES_COLORS, make_figure

MANY = 3
MANY_SYSTEMS = 5
"""More share no panel: each has one of its own for its losses and one for its UA."""


def learning_curves_figure(histories: Mapping[tuple[str, str], Sequence[Sequence[dict]]]) -> Figure:
    """Two panels for each input, 16 cm wide: losses on the left, validation UA on the right.

    Args:
        histories: for each (system, input) the histories of its folds and seeds, rows as `Trainer.fit` returns them.

    Returns:
        The figure. Each fold and seed is a line of its own, with a dot at the epoch that was kept. Of more than `MANY`
        these are pale, behind their mean up to the end of the shortest. Of more than `MANY_SYSTEMS` systems each has
        a column, with the mean UA of the others in grey.

    Example:
        >>> rows = [{"epoch": 1, "loss": 1.4, "validation_loss": 1.3, "validation_ua": 0.3, "best": True}]
        >>> [axes.get_ylabel() for axes in learning_curves_figure({("S3", "A"): [rows]}).axes]
        ['cross-entropy', 'validation UA / %']
    """
    systems, inputs = (list(dict.fromkeys(key[part] for key in histories)) for part in (0, 1))
    if len(systems) > MANY_SYSTEMS:
        return _draw_columns(histories)
    figure = make_figure(16, 6.5 * len(inputs))
    for (left, right), of_input in zip(figure.subplots(len(inputs), 2, squeeze=False), inputs, strict=True):
        for (system, _), runs in ((key, runs) for key, runs in histories.items() if key[1] == of_input):
            _draw_runs(left, right, runs, SERIES_COLORS[systems.index(system) % len(SERIES_COLORS)], system)
        left.set_title(f"Input {of_input}: training (solid) and validation (dashed)", fontsize=FONT_SIZE + 1)
        left.set_ylabel("cross-entropy", fontsize=FONT_SIZE)
        right.set_title(f"Input {of_input}", fontsize=FONT_SIZE + 1)
        right.set_ylabel("validation UA / %", fontsize=FONT_SIZE)
        right.legend(fontsize=FONT_SIZE, frameon=False, loc="lower right")
        for axes in (left, right):
            axes.set_xlabel("epoch", fontsize=FONT_SIZE)
            _decorate(axes)
        # The loss of a first epoch can be ten times all others, which would lie on the axis.
        if later := [loss for line in left.lines for loss in line.get_ydata()[1:]]:
            left.set_ylim(top=1.05 * max(later))
    return figure


def _draw_columns(histories: Mapping[tuple[str, str], Sequence[Sequence[dict]]]) -> Figure:
    num_rows = 2 * -(-len(histories) // MANY_SYSTEMS)
    figure = make_figure(16, 3.2 * num_rows)
    grid = figure.subplots(num_rows, MANY_SYSTEMS, sharex=True, sharey="row", squeeze=False)
    means = [_curve(_mean(runs), "validation_ua", 100) for runs in histories.values()]
    for number, ((system, of_input), runs) in enumerate(histories.items()):
        row, column = 2 * (number // MANY_SYSTEMS), number % MANY_SYSTEMS
        losses, uas = grid[row, column], grid[row + 1, column]
        for mean in means:
            uas.plot(*mean, color="0.85", linewidth=0.6)
        _draw_runs(losses, uas, runs, SERIES_COLORS[5], system)
        losses.set_title(textwrap.fill(f"{system}, {of_input}", 22, break_on_hyphens=False), fontsize=FONT_SIZE)
        if column == 0:
            losses.set_ylabel("cross-entropy", fontsize=FONT_SIZE)
            uas.set_ylabel("validation UA / %", fontsize=FONT_SIZE)
        uas.set_xlabel("epoch", fontsize=FONT_SIZE)
    for axes in grid.flat:
        axes.set_visible(axes.has_data())
        _decorate(axes)
    return figure


def _decorate(axes) -> None:
    axes.set_ylim(bottom=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(labelsize=FONT_SIZE, length=2)
    axes.grid(color="0.9", linewidth=0.5)


def _draw_runs(left, right, runs: Sequence[Sequence[dict]], color: str, system: str) -> None:
    many = len(runs) > MANY
    for number, rows in enumerate(runs):
        style = {"color": color, "linewidth": 0.5 if many else 1.0, "alpha": 0.25 if many else 1.0}
        _draw_run(left, right, rows, style, system if number == 0 and not many else None)
    if many:
        _draw_run(left, right, _mean(runs), {"color": color, "linewidth": 1.5}, system)


def _mean(runs: Sequence[Sequence[dict]]) -> list[dict]:
    names = ("epoch", "loss", "validation_loss", "validation_ua")
    return [{name: fmean(row[name] for row in rows) for name in names} for rows in zip(*runs, strict=False)]


def _draw_run(left, right, rows: Sequence[dict], style: dict, label: str | None) -> None:
    left.plot(*_curve(rows, "loss"), **style)
    left.plot(*_curve(rows, "validation_loss"), "--", **style)
    right.plot(*_curve(rows, "validation_ua", 100), **style, label=label)
    for row in [row for row in rows if row.get("best")][-1:]:
        right.plot(row["epoch"], 100 * row["validation_ua"], "o", markersize=3, **style)


def _curve(rows: Sequence[dict], name: str, factor: float = 1.0) -> tuple[list, list]:
    return [row["epoch"] for row in rows], [factor * row[name] for row in rows]
