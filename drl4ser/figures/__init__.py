"""Figures by NumPy and matplotlib's objects: without global state and windows, so that a training run can draw them."""

import io
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from drl4ser.figures.fonts import AnyScriptLayout
from drl4ser.files import atomic_write_bytes

CM_PER_INCH = 2.54
FONT_SIZE = 7
SCREEN_DPI = 150
"""Dots per inch on a screen: TensorBoard, notebooks, the demo."""
PRINT_DPI = 300
"""Dots per inch of the files that `save_figure` writes."""
SERIES_COLORS = ("#000000", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#E69F00", "#999999")
"""Okabe and Ito's colours of lines: told apart with any kind of colour vision."""


def make_figure(width_cm: float, height_cm: float) -> Figure:
    """Make an empty figure of a given size whose parts make room for each other.

    Example:
        >>> figure = make_figure(9, 6)
        >>> figure_to_array(figure).shape
        (354, 531, 4)
    """
    figure = Figure((width_cm / CM_PER_INCH, height_cm / CM_PER_INCH), dpi=SCREEN_DPI, layout=AnyScriptLayout())
    FigureCanvasAgg(figure)
    return figure


def figure_to_array(figure: Figure) -> np.ndarray:
    """Draw a figure as uint8 [height, width, 4] (red, green, blue, opacity), as TensorBoard's images want it."""
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba(), dtype=np.uint8)


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write `<stem>.png` (300 dots per inch) and `<stem>.pdf`; the same figure gives the same bytes.

    Returns:
        The two paths.
    """
    paths = []
    for suffix, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None, "Producer": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=PRINT_DPI, metadata=metadata)
        path = stem.with_name(f"{stem.name}.{suffix}")
        paths.append(atomic_write_bytes(path, buffer.getvalue()))
    return paths
