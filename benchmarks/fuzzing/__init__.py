"""Hostile input for every reader of the project; `benchmarks.fuzz` runs it."""

from benchmarks.fuzzing import audio, corpora, records, runs
from benchmarks.fuzzing.kind import Kind, run_cases

KINDS: dict[str, Kind] = {kind.name: kind for module in (audio, corpora, records, runs) for kind in module.KINDS}

__all__ = ["KINDS", "Kind", "run_cases"]
