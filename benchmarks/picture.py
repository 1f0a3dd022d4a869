"""The table as a picture: ratios on a logarithmic axis, with what was wanted of each."""

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.result import Row

WIDTH_INCHES, ROW_INCHES, DOTS_PER_INCH = 8.5, 0.42, 150
MET, MISSED, PLAIN = "#0072b2", "#d55e00", "#777777"  # of Okabe and Ito's palette, told apart by all


def draw_ratios(rows: Sequence[Row]) -> bytes:
    """A PNG: one point a row with its quartiles, a bar where the wanted ratio is, better towards the right.

    Ratios that should be small (memory, overheads) are drawn as their reciprocals.
    """
    figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * len(rows) + 1.1), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, row in enumerate(rows):
        middle, low, high = (_orient(row, value) for value in (row.ratio, row.low, row.high))
        color = {True: MET, False: MISSED, None: PLAIN}[row.met]
        axes.plot(sorted([low, high]), [place, place], color=color, linewidth=2)
        axes.plot([middle], [place], "o" if row.met else "s", color=color, markersize=5)
        axes.annotate(f"{middle:.2f}", (middle, place), (0, 5), textcoords="offset points", fontsize=7, ha="center")
        if row.wanted is not None:
            axes.plot([_orient(row, row.wanted)], [place], "|", color="black", markersize=13)
    labels = [f"{row.what}\nagainst {row.against}" for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=6.5)
    axes.invert_yaxis()
    axes.set_xscale("log")
    ticks = [0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=7)
    axes.minorticks_off()
    axes.axvline(1.0, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.set_xlabel("times better than the other side (line: quartiles; bar: wanted)", fontsize=8)
    axes.set_title("Blue circle: as wanted. Orange square: short of it.", fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _orient(row: Row, value: float) -> float:
    return 1.0 / value if row.at_most else value
