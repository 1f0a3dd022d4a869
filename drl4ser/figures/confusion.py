"""Confusion matrices and the recall of each class."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from drl4ser.console import one_line
from drl4ser.figures import FONT_SIZE, make_figure

PANEL_CM = 8.0
LONGEST_NAME = 18
"""Letters of a class's name in a figure; of longer ones the ends are shown: they would push the matrix aside."""


def confusion_figure(confusion, classes: Sequence[str], title: str = "") -> Figure:
    """One confusion matrix, 8 cm wide, or 1 cm for each class if that is more.

    Args:
        confusion: counts [C, C], rows are true classes.
        classes: C class names.
        title: stands above it.

    Returns:
        The figure. Cells are coloured by the share of their row and show it in percent above the count.
    """
    return confusion_grid([(title, confusion)], classes)


def confusion_grid(panels: Sequence[tuple[str, object]], classes: Sequence[str], columns: int = 2) -> Figure:
    """Several confusion matrices of the same classes, each as wide as that of `confusion_figure`.

    Args:
        panels: titles and counts [C, C], drawn from left to right and from top to bottom.
        classes: C class names.
        columns: how many stand side by side.

    Returns:
        The figure.
    """
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    panel_cm = max(PANEL_CM, len(classes))
    figure = make_figure(columns * panel_cm, rows * panel_cm)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (title, confusion) in zip(all_axes, panels, strict=False):
        _draw_confusion(axes, np.asarray(confusion, dtype=np.float64), classes, title)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    return figure


def recall_figure(recalls, classes: Sequence[str], title: str = "") -> Figure:
    """Recall of each class as bars with their percentages, 8 cm wide.

    Args:
        recalls: fractions [C], NaN for a class without utterances.
        classes: C class names.
        title: stands above.

    Returns:
        The figure.
    """
    figure = make_figure(PANEL_CM, 0.6 * PANEL_CM)
    axes = figure.subplots()
    places = range(len(classes))
    bars = axes.bar(places, [100 * recall for recall in recalls], color="#56B4E9", edgecolor="black")
    axes.bar_label(bars, fmt="%.0f", fontsize=FONT_SIZE)
    axes.set_ylim(0, 110)
    axes.set_xticks(places, [_short(name) for name in classes])
    axes.set_ylabel("recall / %", fontsize=FONT_SIZE)
    axes.set_title(one_line(title), fontsize=FONT_SIZE + 1)
    axes.tick_params(labelsize=FONT_SIZE, length=2)
    return figure


def _draw_confusion(axes, confusion: np.ndarray, classes: Sequence[str], title: str) -> None:
    support = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, support, out=np.zeros_like(confusion), where=support > 0)
    # One hue from light to dark: the order of values survives colour blindness and a black and white print.
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_title(one_line(title), fontsize=FONT_SIZE + 1)
    axes.set_xlabel("predicted", fontsize=FONT_SIZE)
    axes.set_ylabel("true", fontsize=FONT_SIZE)
    ticks, names = range(len(classes)), [_short(name) for name in classes]
    axes.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, names)
    axes.tick_params(labelsize=FONT_SIZE, length=2)
    font_size = float(np.clip(44 / len(classes), 5.0, 7.5))
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f} %\n({_format_count(confusion[row, column])})"
        color = "white" if share > 0.6 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=font_size, color=color)


def _short(name: str) -> str:
    line = one_line(name)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 8].rstrip()}…{line[-7:].lstrip()}"


def _format_count(count: float) -> str:
    # Averages over seeds are fractions.
    return f"{count:.0f}" if float(count).is_integer() else f"{count:.1f}"
