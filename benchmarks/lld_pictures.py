"""Contours of three programs over each other, one recording a picture."""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.lld_accuracy import Tracks
from benchmarks.peers.praat import NO_HNR_DB
from drl4ser.features import LLD_NAMES, frame_times
from drl4ser.figures import make_figure
from drl4ser.files import atomic_write_bytes

# Thick and pale below, thin and dark on top: they can be told apart in black and white too.
_PRAAT = {"color": "#f4a261", "linewidth": 3.0, "solid_capstyle": "round", "label": "Praat"}
_OPENSMILE = {"color": "#8ab17d", "linewidth": 2.2, "label": "openSMILE"}
_OURS = {"color": "#1d3557", "linewidth": 0.8, "label": "ours"}


def write_picture(tracks: Tracks, path: Path) -> None:
    """Writes `draw_tracks` as a PNG; the file's name is the title."""
    file = io.BytesIO()
    # Matplotlib would write its version into the file.
    draw_tracks(tracks, path.stem).savefig(file, format="png", metadata={"Software": None})
    atomic_write_bytes(path, file.getvalue())


def draw_tracks(tracks: Tracks, title: str) -> Figure:
    """F0, HNR and voicing against Praat; log energy, a cepstral coefficient and zero crossings against openSMILE.

    Args:
        tracks: of one recording.
        title: stands above the panels.

    Returns:
        A figure 16 cm wide.
    """
    figure = make_figure(16, 17)
    figure.suptitle(title, fontsize=8)
    axes = figure.subplots(6, 1, sharex=True)
    times = frame_times(len(tracks.ours))
    ours = dict(zip(LLD_NAMES, tracks.ours.T.astype(np.float64), strict=True))
    theirs = dict(zip(LLD_NAMES, tracks.opensmile.T.astype(np.float64), strict=True))
    voiced = tracks.praat_f0_hz > 0
    f0_hz = np.exp(_where(ours["log_f0"], ours["log_f0"] > 0))
    _draw(axes[0], times, "F0, Hz", (_where(tracks.praat_f0_hz, voiced), _PRAAT), (f0_hz, _OURS))
    hnr_db = _where(tracks.praat_hnr_db, voiced & (tracks.praat_hnr_db > NO_HNR_DB))
    _draw(axes[1], times, "HNR, dB", (hnr_db, _PRAAT), (ours["hnr_db"], _OURS))
    _draw(axes[2], times, "voicing prob.", (ours["voicing_probability"], _OURS))
    axes[2].fill_between(times, voiced, step="mid", color=_PRAAT["color"], alpha=0.5, lw=0, label="voiced in Praat")
    for panel, name, label in zip(
        axes[3:], ("log_energy", "mfcc_1", "zcr"), ("log energy", "mfcc_1", "zcr"), strict=True
    ):
        _draw(panel, times, label, (theirs[name], _OPENSMILE), (ours[name], _OURS))
    for panel in axes:
        panel.legend(loc="upper right", fontsize=6, frameon=False, ncols=2)
    axes[-1].set_xlabel("time, s", fontsize=7)
    axes[-1].set_xlim(0, times[-1])
    return figure


def _where(values, condition):
    return np.where(condition, values, np.nan)


def _draw(panel, times, label, *curves):
    for values, style in curves:
        panel.plot(times, values, **style)
    panel.set_ylabel(label, fontsize=7)
    panel.tick_params(labelsize=6, length=2)
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
