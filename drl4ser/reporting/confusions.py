"""The picture that goes with a table: the confusion matrices of all its rows."""

import io
from typing import Any

from drl4ser.figures.confusion import confusion_grid
from drl4ser.reporting.layout import MODALITY_NAMES, SYSTEM_NAMES


def draw_confusions(table: dict[str, Any]) -> bytes:
    """A PNG with one confusion matrix for each row of the table, two side by side, each 8 cm wide."""
    panels = []
    for row in table["rows"]:
        name = f"{SYSTEM_NAMES[row['system']]}, {MODALITY_NAMES[row['modality']]}"
        panels.append((f"{name}: UA {100 * row['ua']:.1f} %", row["confusion"]))
    figure = confusion_grid(panels, list(table["facts"]["classes"]))
    file = io.BytesIO()
    # Matplotlib would write its version into the file.
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
