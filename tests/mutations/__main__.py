"""Mistakes that a test must notice: `python -m tests.mutations [--only=resume]`.

Each mutation edits a copy of the package by replacing one piece of text, and runs the tests named beside it. The
run fails if these tests pass.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutations.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
FOLDERS = ("drl4ser", "experiments", "data_prep", "benchmarks", "tests", "docs", "results")
FILES = ("README.md", "pyproject.toml")


def main() -> int:
    """Try the mutations; exit code 1 if one passes its tests."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="try only mutations whose name contains this")
    parser.add_argument("--skip", help="leave out mutations whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutations at a time")
    arguments = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if arguments.only in mutation.name]
    chosen = [mutation for mutation in chosen if not arguments.skip or arguments.skip not in mutation.name]
    unnoticed = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for mutation, (noticed, seconds, output) in zip(chosen, pool.map(try_mutation, chosen), strict=True):
            print(f"{'noticed' if noticed else 'PASSES '} {seconds:4.0f} s  {mutation.name}", flush=True)
            if not noticed:
                unnoticed.append(mutation.name)
                print(output)
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} mutations are noticed")
    return 1 if unnoticed else 0


def try_mutation(mutation: Mutation) -> tuple[bool, float, str]:
    """Return whether the tests of a mutation fail, the seconds that they took, and the end of their output."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in FOLDERS:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, copy)
        mutate(mutation, copy)
        options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/tests"]
        command = [sys.executable, "-m", "pytest", *options, *mutation.tests]
        done = subprocess.run(
            command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False
        )
    # 1: tests ran and one failed. Anything else (no such test, an import that fails) proves nothing.
    noticed = done.returncode == 1 and "FAILED" in done.stdout
    output = f"pytest ended with exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-500:]}"
    return noticed, time.monotonic() - started, output


def mutate(mutation: Mutation, root: Path) -> None:
    """Edit the file of a mutation under `root`.

    Raises:
        ValueError: unless the text is there exactly once, or the pattern at all.
    """
    path = root / mutation.file
    text = path.read_text(encoding="utf-8")
    if isinstance(mutation.old, re.Pattern):
        changed, count = mutation.old.subn(mutation.new, text, count=1)
    else:
        changed, count = text.replace(mutation.old, mutation.new), text.count(mutation.old)
    if count != 1:
        raise ValueError(f"{mutation.name}: the text is {count} times in {mutation.file}: {mutation.old!r}")
    path.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
