"""Archives that mean harm."""

import io
import stat
import zipfile

import pytest

from drl4ser.corpora import CorpusError
from drl4ser.corpora.download_archive import unpack


def make_zip(members: dict[str, bytes], attributes: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = attributes << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, value)
    return content.getvalue()


def unpack_bytes(content, tmp_path, **limits):
    (tmp_path / "a.zip").write_bytes(content)
    unpack(tmp_path / "a.zip", tmp_path / "inside" / "target", **limits)


def test_an_archive_is_unpacked(tmp_path):
    unpack_bytes(make_zip({"a/b.wav": b"1", "c.txt": b"22"}), tmp_path)
    target = tmp_path / "inside" / "target"
    assert {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*.*")} == {
        "a/b.wav": b"1",
        "c.txt": b"22",
    }


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/tmp/absolute", "..\\up", "C:/windows", "a/../b"])
def test_no_path_leaves_the_folder(tmp_path, name):
    content = make_zip({"good": b"1", "x" * len(name): b"2"}).replace(b"x" * len(name), name.encode())
    with pytest.raises(CorpusError, match="leads out of the folder: not unpacked"):
        unpack_bytes(content, tmp_path)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a.zip"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_no_links_and_devices(tmp_path, kind):
    with pytest.raises(CorpusError, match="is a link or a device"):
        unpack_bytes(make_zip({"link": b"/etc/passwd"}, kind | 0o777), tmp_path)


def test_no_bombs(tmp_path):
    with pytest.raises(CorpusError, match="more than 1,000 bytes"):
        unpack_bytes(make_zip({"big": bytes(10_000)}), tmp_path, max_bytes=1000)
    with pytest.raises(CorpusError, match="3 files, more than 2"):
        unpack_bytes(make_zip(dict.fromkeys("abc", b"")), tmp_path, max_files=2)
    lying = make_zip({"big": bytes(100_000)}).replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(CorpusError, match="damaged"):
        unpack_bytes(lying, tmp_path, max_bytes=1000)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a.zip"}


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", b"", make_zip({"a": bytes(range(256)) * 1000})[:-500]])
def test_what_is_no_archive(tmp_path, content):
    with pytest.raises(CorpusError, match=r"a\.zip is no ZIP archive or is damaged"):
        unpack_bytes(content, tmp_path)


def test_a_member_that_does_not_match_its_checksum(tmp_path):
    content = bytearray(make_zip({"a": b"spoken words"}))
    content[40] ^= 0xFF
    with pytest.raises(CorpusError, match="damaged"):
        unpack_bytes(bytes(content), tmp_path)
