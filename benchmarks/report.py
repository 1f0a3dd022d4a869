"""Results as files: one JSON for each module, and a Markdown table and a picture made of all of them."""

import dataclasses
import json
import os
import platform
import re
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.result import Result, Row
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit

PACKAGES = ("tensorflow", "keras", "torch", "numpy", "opensmile", "praat-parselmouth", "librosa", "pysptk")
TABLE, PICTURE = "benchmark.md", "benchmark.png"


def write_result(directory: Path, name: str, result: Result, settings: dict) -> Path:
    """One module's numbers with the machine they were measured on."""
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
    """Processor, cores, load, versions, commit and time."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _read_processor(),
        "cores": os.cpu_count(),
        "load_1_minute": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": versions,
        "commit": current_commit(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def read_results(directory: Path, order: list[str]) -> list[dict]:
    """The files of the modules that have been measured, in the order given."""
    paths = [directory / f"{name}.json" for name in order]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def render_table(results: list[dict]) -> str:
    """Markdown: a line for each row, the facts, and what it was measured on."""
    lines = [
        "| What | Ours | Against | Theirs | Ratio [quartiles] | Wanted | Met |",
        "| ---- | ---: | ------- | -----: | ----------------: | -----: | --- |",
    ]
    rows = [read_row(row) for result in results for row in result["rows"]]
    lines += [_render_row(row) for row in rows]
    facts = [f"- {fact}" for result in results for fact in result["facts"]]
    return "\n".join([*lines, "", *facts, *_render_machines(results), ""])


def read_row(values: dict) -> Row:
    """A row from its JSON."""
    return Row(**{field.name: values[field.name] for field in dataclasses.fields(Row)})


def _render_row(row: Row) -> str:
    spread = "" if row.low == row.high else f" [{row.low:.2f}, {row.high:.2f}]"
    wanted = "" if row.wanted is None else f"{'at most' if row.at_most else 'at least'} {row.wanted:g}"
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    ours, theirs = (f"{value:,.{_decimals(value)}f}" for value in (row.ours, row.theirs))
    return (
        f"| {row.what} | {ours} {row.unit} | {row.against} | {theirs} {row.unit} "
        f"| {row.ratio:.2f}{spread} | {wanted} | {met} |"
    )


def _decimals(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2


def _render_machines(results: list[dict]) -> list[str]:
    """One line for each machine and set of versions, with the commits and the load met."""
    groups = {}
    for result in results:
        machine = result["machine"]
        names = ("processor", "cores", "clock", "threads")
        key = (*(machine[name] for name in names), tuple(machine["versions"].items()))
        groups.setdefault(key, []).append(machine)
    lines = []
    for (processor, cores, clock, threads, versions), machines in groups.items():
        loads = sorted(machine["load_1_minute"] for machine in machines)
        commits = ", ".join(sorted({machine["commit"] for machine in machines}))
        packages = ", ".join(f"{name} {version}" for name, version in versions)
        timed = f"{clock} time, {f'{threads} threads' if threads else 'default threads'}"
        load = f"load while measuring {loads[0]} to {loads[-1]}"
        lines.append(f"- {processor}, {cores} cores; {timed}; {load}; commit {commits}; {packages}.")
    return lines


def _read_processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", path.read_text()) if path.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
