"""Files that are complete or not there, on a disk that has no room."""

import errno
import os

import pytest

from drl4ser.atomic import atomic_path, atomic_write_text, naming_full_disks


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
