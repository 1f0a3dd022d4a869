"""Runs a command whose workers wait after each checkpoint while a file exists: `python -m tests.hold FILE MODULE ...`.

A test can then kill a run in the middle of training without a race against its end.
"""

import multiprocessing
import os
import runpy
import sys
import time
from pathlib import Path

from drl4ser.console import import_tensorflow

_FILE = "TESTS_HOLD_FILE"  # in the environment, which workers inherit


def hold_after_checkpoints(file: Path) -> None:
    """Let this process, a worker, wait after every checkpoint that it writes while `file` exists.

    Workers import their parent's main module, which calls this; the parent trains nothing and is left alone.
    """
    if multiprocessing.parent_process() is None:
        return
    import_tensorflow()
    from drl4ser.runs import checkpoints

    save = checkpoints.save_checkpoint

    def save_and_wait(*arguments):
        save(*arguments)
        while file.exists():
            time.sleep(0.01)

    checkpoints.save_checkpoint = save_and_wait


if __name__ == "__mp_main__":
    hold_after_checkpoints(Path(os.environ[_FILE]))
elif __name__ == "__main__":
    os.environ[_FILE] = sys.argv[1]
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__")  # beside this module, which remains the main one
