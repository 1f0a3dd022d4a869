import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drl4ser import locks
from drl4ser.locks import LockedError, lock_folder

ROOT = Path(__file__).parents[1]
HOLD = (
    "import sys, time; from pathlib import Path; from drl4ser.locks import lock_folder\n"
    "with lock_folder(Path(sys.argv[1]), ''):\n    print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path/run."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_process_is_refused_and_told_who_holds_it(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.3)
    started = time.monotonic()
    with (
        pytest.raises(LockedError, match=rf"run is in use by process {holder.pid} on .*; wait for it"),
        lock_folder(tmp_path / "run", "wait for it"),
    ):
        pass
    assert time.monotonic() - started >= 0.3


def test_a_lock_ends_with_its_process(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    with lock_folder(tmp_path / "run", ""):
        pass
    assert not list(tmp_path.iterdir())


def test_waiting_is_enough(holder, tmp_path):
    def end_soon():
        time.sleep(0.5)
        holder.kill()

    import threading

    thread = threading.Thread(target=end_soon)
    thread.start()
    with lock_folder(tmp_path / "run", ""):
        thread.join()


def test_other_folders_are_free(holder, tmp_path):
    with lock_folder(tmp_path / "other", ""), lock_folder(tmp_path / "third", ""):
        pass
