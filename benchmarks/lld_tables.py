"""An LLD report (a dictionary of plain values) as Markdown, CSV and JSON, and pictures of three programs' contours."""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.front_ends import NO_HNR_DB
from drl4ser.features import LLD_NAMES, frame_times
from drl4ser.figures import make_figure
from drl4ser.files import atomic_write_bytes, atomic_write_text
from drl4ser.reporting.render import MISSING, TextTable

_PERCENT = ("gross errors (over 20 %)", "median deviation", "voicing decision differs")


# Thick and pale below, thin and dark on top: they can be told apart in black and white too.
_PRAAT = {"color": "#f4a261", "linewidth": 3.0, "solid_capstyle": "round", "label": "Praat"}
_OPENSMILE = {"color": "#8ab17d", "linewidth": 2.2, "label": "openSMILE"}
_OURS = {"color": "#1d3557", "linewidth": 0.8, "label": "ours"}


@dataclasses.dataclass(frozen=True)
class Tracks:
    """One recording as three programs describe it, frame by frame.

    Attributes:
        ours: float32 [num_frames, 17].
        opensmile: float32 [num_frames, 17].
        praat_f0_hz: float64 [num_frames], 0 where unvoiced.
        praat_hnr_db: float64 [num_frames], `NO_HNR_DB` where there is none.
    """

    ours: np.ndarray
    opensmile: np.ndarray
    praat_f0_hz: np.ndarray
    praat_hnr_db: np.ndarray


def write_tables(report: dict[str, Any], directory: Path) -> Path:
    """Write `lld-report.json`, `.csv` and `.md`; return the last."""
    texts = {
        "json": json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        "csv": render_csv(report),
        "md": render_markdown(report),
    }
    for suffix, text in texts.items():
        atomic_write_text(directory / f"lld-report.{suffix}", text)
    return directory / "lld-report.md"


def render_csv(report: dict[str, Any]) -> str:
    """Render the accuracy table; fractions, not percent."""
    return pd.DataFrame(report["accuracy"]).to_csv(index=False, lineterminator="\n")


def render_markdown(report: dict[str, Any]) -> str:
    """Render accuracy, cost, and what they were measured on."""
    grids = (_accuracy_grid(report["accuracy"]), _cost_grid(report["speed"], report["lengths"]))
    notes = "".join(f"- {note}\n" for note in _notes(report))
    return "\n".join([*(grid.to_markdown() for grid in grids), notes])


def _accuracy_grid(rows):
    cepstra = [row for row in rows if row["descriptor"].startswith("mfcc_")]
    lowest = {**min(cepstra, key=lambda row: row["ours"]), "descriptor": f"mfcc_1 to mfcc_{len(cepstra)}, lowest"}
    at = rows.index(cepstra[0])
    rows = [*rows[:at], lowest, *(row for row in rows[at:] if row not in cepstra)]
    header = ["Descriptor", "Measure", "Against", "Ours", "openSMILE", "Wanted"]
    cells = []
    for row in rows:
        scale, decimals, unit = (100, 2, " %") if row["measure"] in _PERCENT else (1, 4, "")
        both = (row["ours"], row["opensmile"])
        values = [MISSING if value is None else f"{scale * value:.{decimals}f}{unit}" for value in both]
        wanted = f"{'≤' if row['limit'] == 'most' else '≥'} {scale * row['wanted']:g}{unit}"
        cells.append([row["descriptor"], row["measure"], row["reference"], *values, wanted])
    return TextTable(header, cells, num_names=3)


def _cost_grid(speed, lengths):
    first, *_, hour = lengths
    header = ["Cost", "Ours", "openSMILE", "Praat", "Wanted"]
    factors = [f"{speed[name]:.0f}" for name in ("ours", "opensmile", "praat")]
    ratios = [f"{speed[f'over_{name}']:.2f}" for name in ("opensmile", "praat")]
    rows = [
        ["seconds of audio per second, one core", *factors, MISSING],
        ["our speed over theirs", MISSING, *ratios, "≥ 1.5 (openSMILE)"],
        ["first call in a new process, s", f"{first['processor_seconds']:.2f}", MISSING, MISSING, "< 3"],
    ]
    for item in lengths[1:]:
        per_frame = 1e6 * item["processor_seconds"] / item["num_frames"]
        name = f"recording of {item['minutes']:g} min: µs a frame"
        rows.append([name, f"{per_frame:.1f}", MISSING, MISSING, MISSING])
    rows.append([f"peak memory at {hour['minutes']:g} min, MB", f"{hour['peak_mb']:.0f}", MISSING, MISSING, "< 500"])
    return TextTable(header, rows, num_names=1)


def _notes(report):
    data, versions = report["data"], ", ".join(f"{name} {v}" for name, v in report["versions"].items())
    every = f", every {data['every']}th file" if data["every"] > 1 else ""
    return [
        f"Recordings: {data['name']}{every}: {data['num_files']} files, {data['minutes']:.1f} min, "
        f"{data['num_frames']:,} frames ({len(data['problems'])} files could not be used).",
        "All programs described the same 16-bit samples at 16 kHz in frames of 25 ms every 5 ms. Praat: F0 by "
        "autocorrelation, 60 to 500 Hz; harmonicity by cross-correlation from 60 Hz. openSMILE: "
        "`drl4ser/features/opensmile_llds.conf`, F0, HNR and voicing by cPitchACF. F0 and HNR "
        "are compared in frames that both programs call voiced.",
        "Speed: processor time of one core, programs taking turns, fastest of 5 turns each; Praat makes only F0 and "
        f"HNR. The first call ({60 * report['lengths'][0]['minutes']:.0f} s of audio) includes all imports. "
        "Lengths: reading the file included, each in a process of its own.",
        f"Machine: {report['machine']}. {versions}.",
    ]


def write_picture(tracks: Tracks, path: Path) -> None:
    """Draw the tracks of a recording as a PNG titled by the file's name.

    F0, HNR and voicing stand over Praat's; log energy, a cepstral coefficient and zero crossings over openSMILE's.
    """
    figure = make_figure(16, 17)
    figure.suptitle(path.stem, fontsize=8)
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
    for panel, name in zip(axes[3:], ("log_energy", "mfcc_1", "zcr"), strict=True):
        _draw(panel, times, name.replace("log_", "log "), (theirs[name], _OPENSMILE), (ours[name], _OURS))
    for panel in axes:
        panel.legend(loc="upper right", fontsize=6, frameon=False, ncols=2)
    axes[-1].set_xlabel("time, s", fontsize=7)
    axes[-1].set_xlim(0, times[-1])
    file = io.BytesIO()
    # Matplotlib would write its version into the file.
    figure.savefig(file, format="png", metadata={"Software": None})
    atomic_write_bytes(path, file.getvalue())


def _where(values, condition):
    return np.where(condition, values, np.nan)


def _draw(panel, times, label, *curves):
    for values, style in curves:
        panel.plot(times, values, **style)
    panel.set_ylabel(label, fontsize=7)
    panel.tick_params(labelsize=6, length=2)
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
