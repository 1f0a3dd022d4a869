"""Segments with their emotions as annotation files: a TextGrid for Praat, a label track for Audacity."""

from collections.abc import Sequence

from drl4ser.inference.prediction import Prediction

LABEL_SUFFIXES = (".TextGrid", ".txt")


def format_label_track(segments: Sequence[Prediction]) -> str:
    r"""Write a label track of Audacity: a line with begin, end (in seconds) and emotion for each segment.

    Example:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> segment = Prediction(Path("a.wav"), ("angry", "sad"), np.array([0.25, 0.75]), (), 0.5, 2.0)
        >>> format_label_track([segment])
        '0.500000\t2.000000\tsad\n'
    """
    return "".join(f"{item.start_seconds:.6f}\t{item.end_seconds:.6f}\t{item.emotion}\n" for item in segments)


def format_text_grid(segments: Sequence[Prediction], seconds: float) -> str:
    """Write a TextGrid of Praat with the tiers "emotion" and "probability", that of the emotion.

    Args:
        segments: in order, without overlap.
        seconds: length of the recording.
    """
    bounds = [(item.start_seconds, item.end_seconds) for item in segments]
    tiers = {
        "emotion": [item.emotion for item in segments],
        "probability": [f"{item.probabilities.max():.3f}" for item in segments],
    }
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", f"xmin = 0\nxmax = {seconds:.6f}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, labels) in enumerate(tiers.items(), start=1):
        intervals = _fill_gaps(bounds, labels, seconds)
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += [f"        xmin = 0\n        xmax = {seconds:.6f}", f"        intervals: size = {len(intervals)}"]
        for index, (start, end, label) in enumerate(intervals, start=1):
            text = label.replace('"', '""')
            lines += [f"        intervals [{index}]:", f"            xmin = {start}", f"            xmax = {end}"]
            lines += [f'            text = "{text}"']
    return "\n".join(lines) + "\n"


def _fill_gaps(bounds, labels, seconds: float) -> list[tuple[str, str, str]]:
    """(begin, end, label) of the segments and, without a label, of what is between, as the file has them."""
    filled, reached = [], f"{0:.6f}"
    for (start, end), label in zip(bounds, labels, strict=True):
        first, last = f"{start:.6f}", f"{end:.6f}"
        filled += [(reached, first, "")] if first != reached else []
        filled, reached = [*filled, (first, last, label)], last
    return [*filled, (reached, f"{seconds:.6f}", "")] if reached != f"{seconds:.6f}" else filled
