"""Prediction and failure as HTML. Names and words of a visitor are escaped."""

from html import escape

from drl4ser.inference.prediction import Prediction

STYLE = """
.drl4ser table { width: 100%; border-collapse: collapse; margin: 0.5rem 0; }
.drl4ser :is(table, tr, td) { border: 0 !important; }
.drl4ser td { padding: 0.25rem 0.75rem 0.25rem 0 !important; white-space: nowrap; }
.drl4ser td:last-child { width: 100%; }
.drl4ser .share { text-align: right; font-variant-numeric: tabular-nums; }
.drl4ser .bar { height: 0.9rem; min-width: 1px; background: #0072B2; }
.drl4ser tr.best { font-weight: 600; }
.drl4ser .note { margin: 0.75rem 0 0; padding: 0.5rem 0.75rem; border-left: 4px solid #E69F00;
  background: #E69F0022; }
.drl4ser .failure { padding: 0.75rem 1rem; border-left: 4px solid #D55E00; background: #D55E0022; }
.drl4ser ul { margin: 0.25rem 0 0 1.25rem; list-style: disc; }
@media (max-width: 640px) {
  #waveform :has(> img) { align-items: flex-start; overflow-x: auto; }
  #waveform img { width: 40rem; max-width: none; }
}
"""
"""Style of all of these. Colours of Okabe & Ito's palette, transparent where text stands on them.

On a phone the waveform keeps a width at which its labels can be read, and is scrolled.
"""


def show_prediction(prediction: Prediction) -> str:
    """Show a bar for each class, the entropy, and the warnings if there are any."""
    shares = zip(prediction.classes, prediction.probabilities, strict=True)
    rows = "".join(_row(name, share, name == prediction.emotion) for name, share in shares)
    name = escape(prediction.path.name)
    return (
        f'<div class="drl4ser" role="status"><p>{name}: <strong>{escape(prediction.emotion)}</strong>, '
        f"entropy {prediction.entropy:.2f} bits</p><table>{rows}</table>{_warnings(prediction)}</div>"
    )


def show_failure(message: str, advice: str) -> str:
    """Show why a recording cannot be used, and what can be.

    Example:
        >>> "<p>a.wav: no audio</p>" in show_failure("a.wav: no audio", "Try WAV.")
        True
    """
    return (
        '<div class="drl4ser" role="alert"><div class="failure"><strong>This recording cannot be used.</strong>'
        f"<p>{escape(message)}</p><p>{escape(advice)}</p></div></div>"
    )


def show_hint(text: str) -> str:
    """Show a text in place of a prediction.

    Example:
        >>> show_hint("No recording yet.")
        '<div class="drl4ser" role="status"><p>No recording yet.</p></div>'
    """
    return f'<div class="drl4ser" role="status"><p>{escape(text)}</p></div>'


def _row(name: str, share: float, best: bool) -> str:
    emphasis = ' class="best"' if best else ""
    return (
        f'<tr data-class="{escape(name)}" data-probability="{share:.9f}"{emphasis}><td>{escape(name)}</td>'
        f'<td class="share">{share:.1%}</td><td><div class="bar" style="width: {share:.1%}"></div></td></tr>'
    )


def _warnings(prediction: Prediction) -> str:
    if not prediction.warnings:
        return ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in prediction.warnings)
    return f'<div class="note">Warnings: trust this less.<ul>{lines}</ul></div>'
