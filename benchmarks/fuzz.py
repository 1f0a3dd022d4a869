"""Hostile input by the hundred thousand: `python -m benchmarks.fuzz --cases=100000 --output=results/fuzz.json`.

Every case must be read or refused with one of our own errors that names the file. The first that is not ends the run.
"""

import json
import resource
import time
from pathlib import Path
from random import Random

from absl import flags

from benchmarks.fuzzing import KINDS, run_cases
from data_prep.command import run
from drl4ser.console import import_tensorflow, silenced
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit

FLAGS = flags.FLAGS
flags.DEFINE_integer("cases", 1000, "Cases of each kind.", lower_bound=1)
flags.DEFINE_list("kinds", list(KINDS), "Kinds of input.")
flags.DEFINE_integer("seed", 0, "Equal seeds try equal cases.", lower_bound=0)
flags.DEFINE_string("output", None, "JSON file that the counts are added to.")

MEMORY_BYTES = 2 * 2**30  # more than this on top of what the program itself needs is a finding


def main() -> None:
    """Try every kind and note how it went."""
    import_tensorflow()
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_BYTES,) * 2)
    for name in FLAGS.kinds:
        if name not in KINDS:
            raise ValueError(f"unknown kind {name!r}; choose among {', '.join(KINDS)}")
        first = FLAGS.seed * FLAGS.cases
        started = time.monotonic()
        with silenced():  # decoders write to standard error what they think of a file
            outcomes = run_cases(KINDS[name], map(Random, range(first, first + FLAGS.cases)))
        row = {**outcomes, "seconds": round(time.monotonic() - started), "seed": FLAGS.seed}
        print(name, *(f"{key} {value}" for key, value in row.items()), flush=True)
        if FLAGS.output:
            path = Path(FLAGS.output)
            rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            rows[name] = {**row, "commit": current_commit()}
            atomic_write_text(path, json.dumps(dict(sorted(rows.items())), indent=1) + "\n")


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    run(main)
