"""Writes an LLD report (a dictionary of plain values) as Markdown, CSV and JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from drl4ser.files import atomic_write_text
from drl4ser.reporting.render import MISSING, TextTable

_PERCENT = ("gross errors (over 20 %)", "median deviation", "voicing decision differs")


def write_tables(report: dict[str, Any], directory: Path) -> Path:
    """Writes `lld-report.json`, `.csv` and `.md`; returns the last."""
    texts = {
        "json": json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        "csv": render_csv(report),
        "md": render_markdown(report),
    }
    for suffix, text in texts.items():
        atomic_write_text(directory / f"lld-report.{suffix}", text)
    return directory / "lld-report.md"


def render_csv(report: dict[str, Any]) -> str:
    """A line for each row of the accuracy table; fractions, not percent."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(report["accuracy"][0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(report["accuracy"])
    return file.getvalue()


def render_markdown(report: dict[str, Any]) -> str:
    """Accuracy, cost, and what they were measured on."""
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
        values = [
            MISSING if value is None else f"{scale * value:.{decimals}f}{unit}"
            for value in (row["ours"], row["opensmile"])
        ]
        sign = "≤" if row["limit"] == "most" else "≥"
        wanted = f"{sign} {scale * row['wanted']:g}{unit}"
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
        _own("first call in a new process, s", f"{first['processor_seconds']:.2f}", "< 3"),
        *(
            _own(f"recording of {item['minutes']:g} min: µs a frame", f"{_per_frame(item):.1f}", MISSING)
            for item in lengths[1:]
        ),
        _own(f"peak memory at {hour['minutes']:g} min, MB", f"{hour['peak_mb']:.0f}", "< 500"),
    ]
    return TextTable(header, rows, num_names=1)


def _own(name, value, wanted):
    return [name, value, MISSING, MISSING, wanted]


def _per_frame(item):
    return 1e6 * item["processor_seconds"] / item["num_frames"]


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
