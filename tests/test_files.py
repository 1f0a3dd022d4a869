import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drl4ser import files
from drl4ser.files import (
    LockedError,
    add_checksum,
    atomic_path,
    atomic_write_text,
    decode_text,
    file_sha256,
    lock_folder,
    naming_full_disks,
    verify_checksum,
)
from tests.conftest import PATIENCE_S


@pytest.fixture
def full_disk(monkeypatch):
    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)  # as late as the system may notice


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_the_old_one(tmp_path, full_disk):
    path = tmp_path / "table.md"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match=r"table\.md cannot be written \(No space left.*make room and run"):
        atomic_write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such"), atomic_path(tmp_path / "a"):
        raise FileNotFoundError(errno.ENOENT, "no such file")
    with pytest.raises(OSError, match="no room") as caught, naming_full_disks(tmp_path / "b"):
        raise OSError("no room")
    assert caught.value.errno is None


def test_an_object_with_a_checksum_comes_back_also_through_json():
    values = {"b": [1, 2.5, None], "a": {"ä": "\u2028"}}
    assert verify_checksum(json.loads(json.dumps(add_checksum(values), indent=3))) == values


def test_every_change_of_a_value_or_name_is_found():
    written = json.dumps(add_checksum({"ua": 0.7031, "ids": ["a", "b"]}))
    for old, new in (("0.7031", "0.7131"), ('"a"', '"c"'), ('"ua"', '"ub"'), ('["a", "b"]', '["a"]')):
        with pytest.raises(ValueError, match="does not match its checksum"):
            verify_checksum(json.loads(written.replace(old, new)))


def test_objects_of_earlier_versions_have_no_checksum():
    assert verify_checksum({"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="not a JSON object"):
        verify_checksum([1])


def test_a_file_is_read_in_blocks(tmp_path, monkeypatch):
    content = bytes(range(256)) * 10
    (tmp_path / "f").write_bytes(content)
    monkeypatch.setattr("drl4ser.files._BLOCK_BYTES", 100)
    assert file_sha256(tmp_path / "f") == hashlib.sha256(content).hexdigest()


ROOT = Path(__file__).parents[1]
HOLD = (
    "import sys, time; from pathlib import Path; from drl4ser.files import lock_folder\n"
    f"with lock_folder(Path(sys.argv[1]), ''):\n    print('held', flush=True); time.sleep({PATIENCE_S})"
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
    monkeypatch.setattr(files, "WAIT_SECONDS", 0.3)
    started = time.monotonic()
    with (
        pytest.raises(LockedError, match=rf"run is in use by process {holder.pid} on .*; wait for it"),
        lock_folder(tmp_path / "run", "wait for it"),
    ):
        pass
    assert time.monotonic() - started >= 0.3


def test_a_command_may_wait_less_and_locks_of_other_purposes_are_free(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WAIT_SECONDS", PATIENCE_S)
    started = time.monotonic()
    with pytest.raises(LockedError, match="run is in use"), lock_folder(tmp_path / "run", "", seconds=0.1):
        pass
    assert time.monotonic() - started < files.WAIT_SECONDS / 2
    with lock_folder(tmp_path / "run", "", purpose=".command"):
        pass


def test_a_lock_ends_with_its_process(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    with lock_folder(tmp_path / "run", ""):
        pass
    assert not list(tmp_path.iterdir())


def test_waiting_is_enough(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WAIT_SECONDS", PATIENCE_S)

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_in_every_encoding_that_names_itself(encoding):
    assert decode_text("schön,\r\nनमस्ते\n".encode(encoding)) == "schön,\r\nनमस्ते\n"
    big_endian = b"\xfe\xff" + "schön".encode("utf-16-be")
    assert decode_text(big_endian) == "schön" and decode_text(b"") == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a\nschön".encode("latin-1"), "line 2: not UTF-8; save the file as UTF-8"),
        ("a\nb".encode("utf-16-le"), "line 1: a NUL character, as of UTF-16 without byte order mark; save the"),
        ("schön".encode("utf-16")[:-1], "line 1: not UTF-16; save the file as UTF-8"),
    ],
)
def test_text_that_cannot_be_decoded_is_refused_with_the_remedy(data, message):
    with pytest.raises(ValueError, match=message):
        decode_text(data)
