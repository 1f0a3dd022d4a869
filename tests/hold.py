"""Runs a command that waits after each checkpoint while a file exists: `python -m tests.hold FILE MODULE ARGUMENTS`.

A test can then kill a run in the middle of training without a race against its end.
"""

import runpy
import sys
import time
from pathlib import Path

from drl4ser.console import import_tensorflow


def hold_after_checkpoints(file: Path) -> None:
    """Let this process wait after every checkpoint that it writes while `file` exists."""
    import_tensorflow()
    from drl4ser.runs import checkpoints

    save = checkpoints.save_checkpoint

    def save_and_wait(*arguments):
        save(*arguments)
        while file.exists():
            time.sleep(0.01)

    checkpoints.save_checkpoint = save_and_wait


if __name__ == "__main__":
    hold_after_checkpoints(Path(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
