"""Rows and results of measurements as files: one JSON per measurement, a Markdown table and a picture of all."""

import dataclasses
import io
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.timing import quartiles
from drl4ser.figures import make_figure
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit

PACKAGES = ("tensorflow", "keras", "torch", "numpy", "opensmile", "praat-parselmouth", "librosa")
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16")  # the latest last
TABLE, PICTURE = "benchmark.md", "benchmark.png"
_MET, _MISSED, _PLAIN = "#0072b2", "#d55e00", "#777777"  # Okabe and Ito's palette, for colour-blind readers too


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        against: what it is compared with.
        ours: our median.
        theirs: the other side's median, in the same unit.
        unit: "s", "ms", "MB", ...
        ratio: how many times better we are, the median of the rounds' ratios (for memory and overheads: ours / theirs).
        low: lower quartile of the ratio; equal to it where there is one number only.
        high: upper quartile.
        wanted: what the ratio should reach; None if there is no such number.
        at_most: whether `wanted` is an upper bound.
    """

    what: str
    against: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    low: float
    high: float
    wanted: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the ratio is as wanted."""
        if self.wanted is None:
            return None
        return self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted


@dataclasses.dataclass(frozen=True)
class Result:
    """What one measurement returns.

    Attributes:
        rows: of the table.
        facts: sentences below the table.
        samples: every number measured, by name.
    """

    rows: Sequence[Row] = ()
    facts: Sequence[str] = ()
    samples: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def compare_seconds(what: str, against: str, ours, theirs, wanted: float | None, scale=1e3, unit="ms") -> Row:
    """Make a row of two sides timed in turns: median speed-up over the rounds, medians of both.

    Args:
        what: see `Row`.
        against: see `Row`.
        ours: seconds, one number per round.
        theirs: seconds of the same rounds.
        wanted: least speed-up.
        scale: seconds in the unit of the table.
        unit: of the table.
    """
    ratio = quartiles([other / own for own, other in zip(ours, theirs, strict=True)])
    medians = [quartiles(values)[0] * scale for values in (ours, theirs)]
    return Row(what, against, *medians, unit, *ratio, wanted)


def write_result(directory: Path, name: str, result: Result, settings: dict) -> Path:
    """Write the numbers of one measurement and the machine that gave them."""
    content = {
        "module": name,
        "rows": [{**dataclasses.asdict(row), "met": row.met} for row in result.rows],
        "facts": list(result.facts),
        "samples": result.samples,
        "machine": {**describe_machine(), "clock": settings["clock"], "threads": settings["threads"]},
        "settings": settings,
    }
    return atomic_write_text(directory / f"{name}.json", json.dumps(content, indent=1) + "\n")


def describe_machine() -> dict:
    """Return processor, instruction sets, cores, load, versions, commit and time."""
    installed = {distribution.name: distribution.version for distribution in metadata.distributions()}
    return {
        "processor": _read_processor("model name") or platform.processor() or platform.machine(),
        "instruction_sets": read_instruction_sets(),
        "cores": os.cpu_count(),
        "load_1_minute": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: installed[name] for name in PACKAGES if name in installed},
        "commit": current_commit(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def read_instruction_sets() -> list[str]:
    """Return those of `INSTRUCTION_SETS` that this processor has."""
    flags = _read_processor("flags").split()
    return [name for name in INSTRUCTION_SETS if name in flags]


def _read_processor(field: str) -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(rf"^{field}\s*: (.+)$", path.read_text(), re.MULTILINE) if path.exists() else None
    return found[1] if found else ""


def name_folder(machine: dict) -> str:
    """Return the folder of a processor's results: its model and its latest instruction set."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join([machine["processor"], *machine["instruction_sets"][-1:]]).lower())


def read_results(directory: Path, names: Sequence[str]) -> list[dict]:
    """Read the results that exist, in the order of the names."""
    paths = [directory / f"{name}.json" for name in names]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def read_rows(results: list[dict]) -> list[Row]:
    """Return the rows of all results."""
    names = [field.name for field in dataclasses.fields(Row)]
    return [Row(**{name: row[name] for name in names}) for result in results for row in result["rows"]]


def render_tables(processors: Sequence[list[dict]]) -> str:
    """Render the results of several processors side by side as Markdown, then the facts and machine of each.

    Bold ratios fall short of what is wanted.
    """
    titles, cells, notes = [], {}, []
    for number, results in enumerate(processors):
        machine = results[0]["machine"]
        title = ", ".join([machine["processor"], *machine.get("instruction_sets", [])[-1:]])
        titles += [f"{title}: ours, theirs", "Ratio [quartiles] (wanted)"]
        for row in read_rows(results):
            numbers = cells.setdefault((row.what, row.against), [""] * 2 * len(processors))
            numbers[2 * number : 2 * number + 2] = _format_row(row)
        facts = [f"- {fact}" for result in results for fact in result["facts"]]
        notes += ["", f"{title}:", "", *facts, *_describe_machines(results)]
    lines = [["What", "Against", *titles], ["---"] * 2 + ["---:"] * len(titles)]
    lines += [[*names, *numbers] for names, numbers in cells.items()]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *notes, ""])


def _format_row(row: Row) -> list[str]:
    ours, theirs = (f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}" for value in (row.ours, row.theirs))
    spread = "" if row.low == row.high else f" [{row.low:.2f}, {row.high:.2f}]"
    ratio = f"**{row.ratio:.2f}**" if row.met is False else f"{row.ratio:.2f}"
    wanted = "" if row.wanted is None else f" ({'≤' if row.at_most else '≥'} {row.wanted:g})"
    return [f"{ours}, {theirs} {row.unit}", f"{ratio}{spread}{wanted}"]


def _describe_machines(results: list[dict]) -> list[str]:
    """Return a line per machine and set of versions, with its commits and loads."""
    groups = {}
    for machine in (result["machine"] for result in results):
        sets = ", ".join(machine.get("instruction_sets", []))
        threads = f"{machine['threads']} threads" if machine["threads"] else "default threads"
        name = f"{machine['processor']}{f' ({sets})' if sets else ''}, {machine['cores']} cores"
        versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
        groups.setdefault((f"{name}; {machine['clock']} time, {threads}", versions), []).append(machine)
    lines = []
    for (name, versions), machines in groups.items():
        loads = sorted(machine["load_1_minute"] for machine in machines)
        commits = ", ".join(sorted({machine["commit"] for machine in machines}))
        lines.append(f"- {name}; load while measuring {loads[0]} to {loads[-1]}; commit {commits}; {versions}.")
    return lines


def draw_ratios(rows: Sequence[Row]) -> bytes:
    """Draw the table as a PNG: a point per row with its quartiles, a bar at the wanted ratio, better to the right.

    Ratios that should be small (memory, overheads) are drawn as their reciprocals.
    """
    figure = make_figure(21.6, 1.07 * len(rows) + 2.8)
    axes = figure.subplots()
    for place, row in enumerate(rows):
        middle, low, high = (_orient(row, value) for value in (row.ratio, row.low, row.high))
        color = {True: _MET, False: _MISSED, None: _PLAIN}[row.met]
        axes.plot(sorted([low, high]), [place, place], color=color, linewidth=2)
        axes.plot([middle], [place], "o" if row.met else "s", color=color, markersize=5)
        axes.annotate(f"{middle:.2f}", (middle, place), (0, 5), textcoords="offset points", fontsize=7, ha="center")
        if row.wanted is not None:
            axes.plot([_orient(row, row.wanted)], [place], "|", color="black", markersize=13)
    axes.set_yticks(range(len(rows)), [f"{row.what}\nagainst {row.against}" for row in rows], fontsize=6.5)
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
