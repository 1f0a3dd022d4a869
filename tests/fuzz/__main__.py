"""Hostile input by the hundred thousand: `python -m tests.fuzz --cases=100000 --output=results/fuzz.json`.

Every case must be read, or refused with one of our own errors that names the file. The first that is neither ends
the run.
"""

import argparse
import json
import resource
import time
from pathlib import Path

from drl4ser.console import import_tensorflow, silenced
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit
from tests.fuzz import audio, corpora, records, runs
from tests.fuzz.kinds import run_cases

KINDS = {kind.name: kind for module in (audio, corpora, records, runs) for kind in module.KINDS}
MEMORY_BYTES = 2 * 2**30  # more than this on top of what the program itself needs is a finding


def main() -> None:
    """Try every kind and write the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000, help="cases of each kind")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, help="kinds of input")
    parser.add_argument("--seed", type=int, default=0, help="equal seeds try equal cases")
    parser.add_argument("--output", type=Path, help="JSON file to which the counts are added")
    arguments = parser.parse_args()
    import_tensorflow()
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_BYTES,) * 2)
    for name in arguments.kinds:
        started = time.monotonic()
        with silenced():  # decoders write warnings about a file to standard error
            outcomes = run_cases(KINDS[name], arguments.cases, arguments.seed)
        row = {**outcomes, "seconds": round(time.monotonic() - started), "seed": arguments.seed}
        print(name, *(f"{key} {value}" for key, value in row.items()), flush=True)
        if arguments.output:
            path = arguments.output
            rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            rows[name] = {**row, "commit": current_commit()}
            atomic_write_text(path, json.dumps(dict(sorted(rows.items())), indent=1) + "\n")


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
