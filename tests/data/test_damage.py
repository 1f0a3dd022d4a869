"""Damage to record folders: found by checksum, named, and made anew shard by shard."""

import errno
import os
import shutil
from pathlib import Path
from random import Random

import pytest

from drl4ser.corpora import read_corpus
from drl4ser.data import extraction
from drl4ser.data.extraction import make_records
from drl4ser.data.store import RecordError, open_store, verify_shards


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def flip(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def cut_off(path, rng):
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


@pytest.fixture
def folder(records_dir, tmp_path):
    shutil.copytree(records_dir, tmp_path / "records")
    return tmp_path / "records"


@pytest.mark.parametrize("damage", [flip, cut_off, lambda path, rng: path.unlink()])
@pytest.mark.parametrize("name", ["shard-00001.tfrecord", "shard-00001.json", "index.json"])
def test_what_is_damaged_is_named_and_made_anew_and_nothing_else(
    folder, records_dir, manifest, name, damage, monkeypatch
):
    damage(folder / name, Random(1))
    with pytest.raises(RecordError, match=rf"{name} is (damaged|missing).*make_records"):
        verify_shards(open_store(folder))
    written, describe = [], extraction.describe

    def note(item, frame):
        written.append(item.id)
        return describe(item, frame)

    monkeypatch.setattr(extraction, "describe", note)
    make_records(read_corpus("manifest", manifest), folder, "manifest", shard_size=5)
    assert contents(folder) == contents(records_dir)
    assert len(written) == (0 if name == "index.json" else 5)


@pytest.mark.parametrize("seed", range(30))
def test_no_flipped_bit_anywhere_goes_unnoticed(folder, records_dir, seed):
    """Spaces between members of JSON may change without any effect; everything else is an error."""
    rng = Random(seed)
    flip(rng.choice(sorted(folder.glob("*[0-9].*"))), rng)
    try:
        damaged = open_store(folder)
        verify_shards(damaged)
    except RecordError:
        return
    original = open_store(records_dir)
    assert (damaged.utterances, damaged.num_frames) == (original.utterances, original.num_frames)


def test_a_damaged_plan_is_restored_from_the_index(folder, records_dir, manifest):
    (folder / "plan.json").write_text("{", encoding="utf-8")
    make_records(read_corpus("manifest", manifest), folder, "manifest", shard_size=5)
    assert contents(folder) == contents(records_dir)
    (folder / "plan.json").write_text("{", encoding="utf-8")
    (folder / "index.json").unlink()
    with pytest.raises(RecordError, match=r"plan\.json is damaged; delete .*records and make"):
        make_records(read_corpus("manifest", manifest), folder, "manifest", shard_size=5)


@pytest.mark.parametrize("name", ["plan.json", "shard-00001.json", "index.json"])
def test_what_may_not_be_read_is_replaced(folder, records_dir, manifest, monkeypatch, name):
    hidden, read_bytes = (folder / name).stat().st_ino, Path.read_bytes

    def read(path):  # root may read everything, so it is not done by permissions
        if path.stat().st_ino == hidden:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        patch.setattr(Path, "read_text", lambda path, **_: read(path).decode())
        make_records(read_corpus("manifest", manifest), folder, "manifest", shard_size=5)
    assert contents(folder) == contents(records_dir)
    assert (folder / name).stat().st_ino != hidden


def test_leftovers_of_a_killed_process_are_removed(folder, records_dir, manifest):
    (folder / ".tmp-123-shard-00000.tfrecord").write_bytes(b"half")
    make_records(read_corpus("manifest", manifest), folder, "manifest", shard_size=5)
    assert contents(folder) == contents(records_dir)


def test_a_folder_of_leftovers_only_is_a_new_folder(records_dir, manifest, tmp_path):
    """The process was killed before it had written its plan."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / ".tmp-123-plan.json").write_bytes(b"{")
    make_records(read_corpus("manifest", manifest), tmp_path / "records", "manifest", shard_size=5)
    assert contents(tmp_path / "records") == contents(records_dir)


def test_a_shard_name_that_leads_out_of_the_folder_is_refused(folder):
    from drl4ser.data.store import read_json, write_json

    index = read_json(folder / "index.json")
    write_json(folder / "index.json", {**index, "shards": ["../../etc/shard-0"]})
    with pytest.raises(RecordError, match=r"index\.json is damaged \(a shard '\.\./\.\./etc"):
        open_store(folder)
