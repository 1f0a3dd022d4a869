"""The paper's Figure 6: how recognition grows with the training data."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from drl4ser.figures import FONT_SIZE, SERIES_COLORS, make_figure


def data_scale_figure(
    curves: Mapping[str, Mapping[int, Sequence[float]]], paper: Mapping[int, float], title: str = ""
) -> Figure:
    """Our curves on the left, the paper's of the same height on the right; 16 cm wide.

    Args:
        curves: of each system, by its name: UA (fraction) of each seed for each number of training utterances of
            each class, ascending.
        paper: UA for each number of utterances of the paper's curve.
        title: over our curves.

    Returns:
        The figure.
    """
    figure = make_figure(16, 6.5)
    ours, theirs = figure.subplots(1, 2, sharey=True)
    styles = itertools.cycle(zip(SERIES_COLORS[1:], "oD^vP<>", strict=True))
    for (system, points), (color, marker) in zip(curves.items(), styles, strict=False):
        means = [100 * np.mean(uas) for uas in points.values()]
        ours.plot(list(points), means, f"-{marker}", color=color, markersize=4, linewidth=1.2, label=system)
        for size, uas in points.items():
            ours.plot([size] * len(uas), 100 * np.asarray(uas), "_", color=color, markersize=7)
    ours.plot([], [], "_", color="0.35", markersize=7, label="single seeds")
    theirs.plot(
        list(paper),
        [100 * value for value in paper.values()],
        "-s",
        color=SERIES_COLORS[0],
        markersize=4,
        linewidth=1.2,
    )
    ours.set_title(title, fontsize=FONT_SIZE + 1)
    theirs.set_title("Li et al. 2019, RID", fontsize=FONT_SIZE + 1)
    ours.set_ylabel("unweighted accuracy / %", fontsize=FONT_SIZE)
    ours.legend(fontsize=FONT_SIZE, frameon=False, loc="lower right")
    for axes in (ours, theirs):
        axes.set_xlim(left=0)
        axes.set_xlabel("training utterances of each class", fontsize=FONT_SIZE)
        axes.tick_params(labelsize=FONT_SIZE, length=2)
        axes.grid(color="0.9", linewidth=0.5)
    return figure
