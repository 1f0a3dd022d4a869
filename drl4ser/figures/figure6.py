"""The paper's Figure 6: how recognition grows with the training data."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from drl4ser.figures import FONT_SIZE, make_figure


def data_scale_figure(
    per_class: Sequence[int], uas: Sequence[Sequence[float]], paper: Mapping[int, float], title: str = ""
) -> Figure:
    """Two curves of one height, ours on the left and the paper's on the right; 16 cm wide.

    Args:
        per_class: training utterances of each class, ascending.
        uas: UA of each seed for each of these, fractions.
        paper: the same for the paper's curve.
        title: over our curve.

    Returns:
        The figure.
    """
    figure = make_figure(16, 6.5)
    ours, theirs = figure.subplots(1, 2, sharey=True)
    means = [100 * np.mean(values) for values in uas]
    ours.plot(per_class, means, "-o", color="#0072B2", markersize=4, linewidth=1.2, label="mean")
    for place, (size, values) in enumerate(zip(per_class, uas, strict=True)):
        label = "single seeds" if not place else None
        ours.plot([size] * len(values), 100 * np.asarray(values), "_", color="0.35", markersize=7, label=label)
    theirs.plot(
        list(paper), [100 * value for value in paper.values()], "-s", color="#D55E00", markersize=4, linewidth=1.2
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
