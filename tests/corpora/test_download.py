"""Downloads against a local server that breaks off, redirects and serves wrong files."""

import dataclasses
import hashlib
import io
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from data_prep import download_corpus as command
from drl4ser.corpora import CorpusError, read_corpus
from drl4ser.corpora import download_http as http
from drl4ser.corpora.download import SOURCES, download_corpus, find_missing, unpack
from tests.corpora.web_server import run_server

REAL_RAVDESS = Path(__file__).parents[3] / "shared" / "corpora" / "ravdess"
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(http, "_CHUNK_BYTES", 1_000)
    with run_server() as running:
        running.files["/file"] = CONTENT
        yield running


def digest_of(content, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def fetch(server, path, *arguments, **options):
    return http.fetch(f"{server.url}/file", path, *arguments, **options)


def test_a_file_arrives_and_is_not_asked_for_again(server, tmp_path):
    path, counted = tmp_path / "new" / "file", []
    for _ in range(2):
        assert fetch(server, path, len(CONTENT), digest_of(CONTENT, "md5"), counted.append) == path
    assert path.read_bytes() == CONTENT and sum(counted) == 2 * len(CONTENT)
    assert server.requests == [("/file", None)]
    assert [item.name for item in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_broken_download_goes_on_where_it_was(server, tmp_path, size):
    server.faults["/file"] = ["break", "break", 503, "break"]
    counted = []
    path = fetch(server, tmp_path / "file", size, digest_of(CONTENT), counted.append)
    assert path.read_bytes() == CONTENT and sum(counted) == len(CONTENT)
    ranges = [asked for _, asked in server.requests]
    assert ranges == [None, "bytes=128000-", "bytes=192000-", "bytes=192000-", "bytes=224000-"]


def test_a_later_call_goes_on_too(server, tmp_path):
    server.faults["/file"] = ["break", *[503] * http._TRIES]
    with pytest.raises(CorpusError, match="5 times in a row; the same command resumes"):
        fetch(server, tmp_path / "file", len(CONTENT))
    assert not (tmp_path / "file").exists() and (tmp_path / "file.part").stat().st_size == 128_000
    counted = []
    assert fetch(server, tmp_path / "file", progress=counted.append).read_bytes() == CONTENT
    assert server.requests[-1] == ("/file", "bytes=128000-") and counted[0] == 128_000


@pytest.mark.parametrize("fault", ["restart", "shift", 416])
def test_a_server_that_cannot_resume(server, tmp_path, fault):
    (tmp_path / "file.part").write_bytes(b"other bytes")
    server.faults["/file"] = [fault]
    counted = []
    assert fetch(server, tmp_path / "file", progress=counted.append).read_bytes() == CONTENT
    assert sum(counted) == len(CONTENT)


def test_redirections_are_followed(server, tmp_path):
    server.redirects["/old"] = "/older"
    server.redirects["/older"] = f"{server.url}/file"
    assert http.fetch(f"{server.url}/old", tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("size", "digest", "words"),
    [
        (len(CONTENT) + 1, None, "256,000 bytes, expected 256,001"),
        (100, None, "256,000 bytes, expected 100"),
        (None, digest_of(b"other"), "sha256 .* expected"),
    ],
)
def test_a_wrong_file_is_not_kept(server, tmp_path, size, digest, words):
    with pytest.raises(CorpusError, match=words):
        fetch(server, tmp_path / "file", size, digest)
    assert not (tmp_path / "file").exists() and not (tmp_path / "file.part").exists()


@pytest.mark.parametrize("size", [100, 300_000])
def test_a_wrong_file_without_an_announced_size(server, tmp_path, size):
    server.chunked = True
    with pytest.raises(CorpusError, match=f"expected {size:,}|5 times in a row"):
        fetch(server, tmp_path / "file", size)
    assert not (tmp_path / "file").exists()


def test_what_the_server_refuses(server, tmp_path):
    with pytest.raises(CorpusError, match="/nothing: the server answers 404"):
        http.fetch(f"{server.url}/nothing", tmp_path / "file")
    with pytest.raises(CorpusError, match="ConnectionError 5 times in a row"):
        http.fetch("http://127.0.0.1:9/file", tmp_path / "file")
    with pytest.raises(CorpusError, match="bytes free"):
        fetch(server, tmp_path / "file", 1 << 60)


# --- archives


def make_zip(members: dict[str, bytes], attributes: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = attributes << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, value)
    return content.getvalue()


def unpack_bytes(content, tmp_path):
    (tmp_path / "a.zip").write_bytes(content)
    unpack(tmp_path / "a.zip", tmp_path / "inside" / "target")
    target = tmp_path / "inside" / "target"
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_an_archive_is_unpacked(tmp_path):
    members = {"a/b.wav": b"1", "c.txt": b"22"}
    assert unpack_bytes(make_zip(members), tmp_path) == members


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/tmp/absolute", "..\\up", "C:/windows", "a/../b"])
def test_no_path_leaves_the_folder(tmp_path, name):
    content = make_zip({"good": b"1", "x" * len(name): b"2"}).replace(b"x" * len(name), name.encode())
    assert sorted(unpack_bytes(content, tmp_path).values()) == [b"1", b"2"]
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 3


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_no_links_and_devices(tmp_path, kind):
    assert unpack_bytes(make_zip({"link": b"/etc/passwd"}, kind | 0o777), tmp_path) == {"link": b"/etc/passwd"}
    assert not (tmp_path / "inside" / "target" / "link").is_symlink()


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", b"", make_zip({"a": bytes(range(256)) * 1000})[:-500]])
def test_what_is_not_an_archive(tmp_path, content):
    with pytest.raises(CorpusError, match=r"a\.zip is not a ZIP archive or is damaged"):
        unpack_bytes(content, tmp_path)


def test_a_member_that_does_not_match_its_checksum_or_size(tmp_path):
    content = bytearray(make_zip({"a": b"spoken words"}))
    content[40] ^= 0xFF
    lying = make_zip({"big": bytes(100_000)}).replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    for damaged in (bytes(content), lying):
        with pytest.raises(CorpusError, match="damaged"):
            unpack_bytes(damaged, tmp_path)
        assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a.zip"}


# --- whole corpora, small: the readers go by names and counts alone

EMODB_NAMES = ["wav/03a01Fa.wav", "wav/03a01Wa.wav", "wav/08b02Tb.wav"]
EMODB_COUNTS = {"happy": 1, "angry": 1, "sad": 1}


def small_source(server, name, content, counts, **fields):
    server.files["/corpus.zip"] = content
    return dataclasses.replace(
        SOURCES[name],
        url=f"{server.url}/corpus.zip",
        size=len(content),
        digest=digest_of(content),
        counts=counts,
        **fields,
    )


def test_a_corpus_from_address_to_utterances(server, tmp_path):
    content = make_zip(dict.fromkeys(EMODB_NAMES, CONTENT))
    source = small_source(server, "emodb", content, EMODB_COUNTS)
    server.faults["/corpus.zip"] = ["break"]
    assert download_corpus("emodb", tmp_path / "emodb", source)
    assert len(read_corpus("emodb", tmp_path / "emodb", "all")) == 3
    assert not list((tmp_path / "emodb").glob("*.zip*"))
    assert not download_corpus("emodb", tmp_path / "emodb", source)
    assert len(server.requests) == 2


def test_an_incomplete_corpus_is_not_taken_for_whole(server, tmp_path):
    source = small_source(server, "emodb", make_zip(dict.fromkeys(EMODB_NAMES[:2], b"1")), EMODB_COUNTS)
    with pytest.raises(CorpusError, match=r"not complete: 0 sad \(expected 1\)"):
        download_corpus("emodb", tmp_path, source)


def make_crema_d(server, audio):
    """The repository's archive holds pointers; the audio is elsewhere."""
    members = {"CREMA-D-master/README.md": b"about", "CREMA-D-master/AudioWAV/notes.wav": b"no pointer"}
    for name, content in audio.items():
        digest = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
        members[f"CREMA-D-master/AudioWAV/{name}"] = pointer.encode()
        members[f"CREMA-D-master/AudioMP3/{name}"] = pointer.encode()
        server.files[f"/media/{name}"] = content
    counts = {"angry": len(audio)}
    return small_source(server, "crema_d", make_zip(members), counts, lfs_url=f"{server.url}/media/")


def test_large_files_come_from_their_own_address(server, tmp_path):
    audio = {f"10{number:02d}_DFA_ANG_XX.wav": bytes([number]) * 50_000 for number in range(20)}
    source = dataclasses.replace(make_crema_d(server, audio), size=None, digest=None)
    server.faults["/media/1003_DFA_ANG_XX.wav"] = ["break", 429]
    server.files["/media/1007_DFA_ANG_XX.wav"] = b"another file".ljust(50_000)
    with pytest.raises(CorpusError, match=r"1007_DFA_ANG_XX\.wav: sha256"):
        download_corpus("crema_d", tmp_path, source)
    server.files["/media/1007_DFA_ANG_XX.wav"] = audio["1007_DFA_ANG_XX.wav"]
    assert download_corpus("crema_d", tmp_path, source)
    assert {path.name: path.read_bytes() for path in (tmp_path / "AudioWAV").iterdir()} == audio
    asked = [path for path, _ in server.requests]
    assert asked.count("/media/1000_DFA_ANG_XX.wav") == 1 == asked.count("/corpus.zip")


def test_the_published_counts():
    assert {name: sum(source.counts.values()) for name, source in SOURCES.items()} == {
        "ravdess": 1440,
        "emodb": 535,
        "crema_d": 7442,
    }


@pytest.mark.skipif(not REAL_RAVDESS.is_dir(), reason="RAVDESS is not in ../shared")
def test_the_real_ravdess_is_complete():
    assert find_missing("ravdess", REAL_RAVDESS, SOURCES["ravdess"]) == ""


def test_the_command(server, tmp_path, monkeypatch, capsys):
    source = small_source(server, "emodb", make_zip(dict.fromkeys(EMODB_NAMES, b"1")), EMODB_COUNTS)
    monkeypatch.setitem(SOURCES, "emodb", source)
    monkeypatch.setattr(sys, "argv", ["download_corpus", "--corpus=emodb", f"--output_dir={tmp_path / 'emodb'}"])
    command.FLAGS(sys.argv)
    command.main()
    output = capsys.readouterr().out
    assert "Licence: " in output and "Burkhardt" in output and "all 3 utterances are there" in output
    command.main()
    assert "were there already" in capsys.readouterr().out
