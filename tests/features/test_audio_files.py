import errno
import os
from pathlib import Path

import pytest

from drl4ser.features import find_audio


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names_in(root):
    return [path.relative_to(root).as_posix() for path in find_audio(root)]


def test_a_file_is_itself(tmp_path):
    assert find_audio(tmp_path / "no.txt") == [tmp_path / "no.txt"]


def test_every_format_is_found_in_any_case_and_depth(tmp_path):
    names = ["a.WAV", "b.flac", "c/d/e.Mp3", "f.opus", "g.aiff", "h.aif", "i.ogg", "j.oga", "k.m4a", "l.wma", "m.webm"]
    touch(tmp_path, *names, "notes.txt", "a.csv", "c/wav")
    assert names_in(tmp_path) == sorted(names)


def test_what_macos_leaves_beside_recordings_is_none(tmp_path):
    touch(tmp_path, "a.wav", "._a.wav", ".hidden/b.wav", "__MACOSX/._a.wav", "__MACOSX/c.wav", "d/__MACOSX/e.wav")
    assert names_in(tmp_path) == ["a.wav"]
    touch(tmp_path / "__MACOSX" / "mine", "a.wav")
    assert names_in(tmp_path / "__MACOSX") == ["c.wav", "mine/a.wav"]  # asked for by name


def test_linked_folders_are_followed_once(tmp_path):
    touch(tmp_path / "elsewhere", "a.wav", "b/c.wav")
    touch(tmp_path / "root" / "own", "d.wav")
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "own" / "up").symlink_to(tmp_path / "root")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "elsewhere" / "b")
    (tmp_path / "root" / "gone.wav").symlink_to(tmp_path / "gone")
    assert names_in(tmp_path / "root") == ["gone.wav", "linked/a.wav", "linked/again/c.wav", "own/d.wav"]


def test_a_folder_without_audio_or_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "notes.txt", "sub/a.wav")
    (tmp_path / "sub" / "a.wav").unlink()
    with pytest.raises(ValueError, match=rf"{tmp_path.name} holds no audio file \(\.wav, \.flac"):
        find_audio(tmp_path)
    scandir = os.scandir

    def fail(folder):  # root may read everything, so it is not done by permissions
        if Path(folder).name == "sub":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(ValueError, match=r"sub cannot be read \(Permission denied\)"):
        find_audio(tmp_path)
