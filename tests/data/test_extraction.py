import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from drl4ser.config import FrameConfig
from drl4ser.corpora import Utterance, read_corpus
from drl4ser.data.extraction import describe, make_records
from drl4ser.data.lld_files import export_llds
from drl4ser.data.records import parse_utterance, serialize_utterance
from drl4ser.data.store import RecordError, open_store
from drl4ser.features import extract_llds, load_audio
from drl4ser.features.audio import AudioAccessError, AudioError
from tests.conftest import PATIENCE_S

ROOT = Path(__file__).parents[2]
RAVDESS = ROOT.parent / "shared" / "corpora" / "ravdess"


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_a_record_returns_what_was_put_in():
    utterance = Utterance("id é", Path("x.wav"), "sad", "s1", "2", "Ça va?")
    llds = np.random.default_rng(0).normal(size=(7, 17)).astype(np.float32)
    parsed = parse_utterance(serialize_utterance(utterance, llds))
    np.testing.assert_array_equal(parsed["llds"], llds)
    assert parsed["num_frames"] == 7
    for name in ("id", "emotion", "speaker", "session", "text"):
        assert parsed[name].numpy().decode() == getattr(utterance, name)
    with pytest.raises(ValueError, match=r"must have shape \[num_frames, 17\]"):
        serialize_utterance(utterance, llds[:, :16])


def test_records_hold_the_llds_of_every_file(store, manifest):
    import tensorflow as tf

    utterances = read_corpus("manifest", manifest)
    assert [utterance.id for utterance in store.utterances] == [utterance.id for utterance in utterances]
    assert store.corpus == "manifest"
    records = tf.data.TFRecordDataset([str(shard) for shard in store.shards]).map(parse_utterance)
    for utterance, record in zip(utterances, records, strict=True):
        np.testing.assert_array_equal(record["llds"], extract_llds(*load_audio(utterance.path)))
        assert store.num_frames[utterance.id] == len(record["llds"])
        assert record["text"].numpy().decode() == utterance.text


def test_neither_workers_nor_order_change_a_byte(manifest, records_dir, tmp_path):
    utterances = read_corpus("manifest", manifest)[::-1]
    make_records(utterances, tmp_path / "records", "manifest", num_workers=2, shard_size=5)
    assert contents(tmp_path / "records") == contents(records_dir)


def test_bad_files_are_listed_and_left_out(manifest, tmp_path):
    good = read_corpus("manifest", manifest)[:3]
    bad = {
        "empty": (b"", "empty"),
        "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        "text": (b"hello, I am no audio", "unreadable"),
        "copy": (good[0].path.read_bytes(), f"the same recording as {good[0].id}"),
    }
    utterances = list(good)
    for name, (content, _) in bad.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
        utterances.append(Utterance(f"z_{name}", tmp_path / f"{name}.wav", "sad"))
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    soundfile.write(tmp_path / "short.wav", np.full(800, 0.1), 16_000)
    first, again = tmp_path / "broken.wav", tmp_path / "broken too.wav"  # not duplicates of each other
    for path in (first, again):
        path.write_bytes(good[0].path.read_bytes()[:3000])
    utterances += [
        Utterance("z_silent", tmp_path / "silent.wav", "sad"),
        Utterance("z_short", tmp_path / "short.wav", "sad"),
        Utterance("z_cut_1", first, "sad"),
        Utterance("z_cut_2", again, "sad"),
        Utterance("z_gone", tmp_path / "gone.wav", "sad"),
    ]
    problems = dict(make_records(utterances, tmp_path / "records", "manifest"))
    for name, (_, reason) in bad.items():
        assert reason in problems[str(tmp_path / f"{name}.wav")]
    assert problems[str(tmp_path / "silent.wav")] == "silent"
    assert problems[str(tmp_path / "short.wav")] == "too short: 0.050 s, at least 0.100 s are needed"
    assert problems[str(tmp_path / "gone.wav")] == "no such file"
    assert problems[str(first)].startswith("cut short: 2956 of ") and problems[str(again)] == problems[str(first)]
    store = open_store(tmp_path / "records")
    assert [utterance.id for utterance in store.utterances] == [utterance.id for utterance in good]
    assert dict(store.problems) == problems


def test_every_command_gives_the_same_reason(manifest, tmp_path):
    good = read_corpus("manifest", manifest)[0].path.read_bytes()
    path = tmp_path / "half.wav"
    path.write_bytes(good[: len(good) // 2])
    reason = describe(Utterance("half", path, "sad"), FrameConfig()).problem
    assert reason.startswith("cut short: ")
    with pytest.raises(AudioError, match=re.escape(f"{path}: {reason}")):
        load_audio(path)
    (tmp_path / "good.wav").write_bytes(good)
    _, problems = export_llds([path, tmp_path / "good.wav"], tmp_path, tmp_path / "llds.csv")
    assert problems == [(path, reason)]


@pytest.mark.skipif(not RAVDESS.is_dir(), reason="RAVDESS is not in ../shared")
def test_a_real_duplicate_is_found_and_the_first_kept(tmp_path):
    actor = [item for item in read_corpus("ravdess", RAVDESS) if item.speaker == "07"]
    problems = make_records(actor, tmp_path / "records", "ravdess")
    reason = "duplicate: the same recording as 03-01-03-01-02-01-07"
    assert problems == [(str(RAVDESS / "Actor_07" / "03-01-03-01-02-02-07.wav"), reason)]
    assert len(open_store(tmp_path / "records").utterances) == 27


def test_a_corpus_without_usable_audio_is_an_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(RecordError, match=r"no usable audio.*a\.wav: empty"):
        make_records([Utterance("a", tmp_path / "a.wav", "sad")], tmp_path / "records", "manifest")


def test_what_cannot_be_read_today_is_an_error_and_not_left_out_for_good(manifest, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    utterance = read_corpus("manifest", manifest)[0]
    monkeypatch.setattr(Path, "open", fail)  # root may read everything, so it is not done by permissions
    with pytest.raises(AudioAccessError, match=r"\.wav cannot be read .*make it readable"):
        describe(utterance, FrameConfig())


def test_other_settings_are_an_error_and_change_nothing(manifest, records_dir):
    before = contents(records_dir)
    utterances = read_corpus("manifest", manifest)
    with pytest.raises(RecordError, match=r"made with frame=.*delete that folder"):
        make_records(utterances, records_dir, "manifest", FrameConfig(hop_ms=10), shard_size=5)
    with pytest.raises(RecordError, match="num_utterances=24, now it is 23"):
        make_records(utterances[1:], records_dir, "manifest", shard_size=5)
    with pytest.raises(RecordError, match="frame="):
        open_store(records_dir, FrameConfig(hop_ms=10))
    assert contents(records_dir) == before


@pytest.mark.parametrize("name", ["index.json", "shard-00000.json"])
def test_a_damaged_or_missing_index_is_named(records_dir, tmp_path, name):
    for path in records_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match=rf"{name} is damaged"):
        open_store(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RecordError, match=rf"{name} is missing"):
        open_store(tmp_path)


def test_an_old_extractor_is_an_error(records_dir, tmp_path):
    index = json.loads((records_dir / "index.json").read_text(encoding="utf-8"))
    del index["seal"]
    (tmp_path / "index.json").write_text(json.dumps({**index, "extractor": "0"}), encoding="utf-8")
    with pytest.raises(RecordError, match="extractor='0', this version wants"):
        open_store(tmp_path)


def test_a_foreign_folder_is_not_touched(manifest, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious", encoding="utf-8")
    with pytest.raises(RecordError, match=r"is not empty and holds no plan\.json"):
        make_records(read_corpus("manifest", manifest), tmp_path, "manifest")
    assert contents(tmp_path) == {"thesis.tex": b"precious"}


def test_a_killed_extraction_goes_on_and_gives_the_same_bytes(manifest, records_dir, tmp_path):
    """`kill -9` as soon as the first shards are there, then the same command again."""
    code = (
        "import sys; from pathlib import Path; from drl4ser.corpora import read_corpus;"
        "from drl4ser.data.extraction import make_records;"
        "make_records(read_corpus('manifest', sys.argv[1]), Path(sys.argv[2]), 'manifest', shard_size=5)"
    )
    command = [sys.executable, "-c", code, str(manifest), str(tmp_path / "records")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while not (tmp_path / "records" / "shard-00001.json").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    first = (tmp_path / "records" / "shard-00000.tfrecord").stat().st_mtime_ns
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    assert contents(tmp_path / "records") == contents(records_dir)
    assert (tmp_path / "records" / "shard-00000.tfrecord").stat().st_mtime_ns == first


def test_other_audio_of_the_same_size_is_noticed(manifest, records_dir, tmp_path):
    """By the name, the size and even the time of a file nobody can tell what it holds."""
    copy = shutil.copytree(manifest.parent, tmp_path / "corpus")
    make_records(read_corpus("manifest", copy / manifest.name), tmp_path / "records", "manifest", shard_size=5)
    path = read_corpus("manifest", copy / manifest.name)[3].path
    signal, rate = soundfile.read(path, dtype="int16")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    soundfile.write(path, signal[::-1], rate)
    os.utime(path, ns=times)
    with pytest.raises(RecordError, match=r"made from other files, labels or texts .*delete that folder"):
        make_records(read_corpus("manifest", copy / manifest.name), tmp_path / "records", "manifest", shard_size=5)


def test_records_of_an_earlier_version_are_called_so(manifest, tmp_path):
    utterances = read_corpus("manifest", manifest)
    make_records(utterances, tmp_path, "manifest", shard_size=5)
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    plan["utterances_sha256"] = plan.pop("content_sha256")
    del plan["seal"]
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(RecordError, match=r"made by an earlier version.*delete that folder"):
        make_records(utterances, tmp_path, "manifest", shard_size=5)


def test_a_corpus_that_was_moved_is_known_where_it_is_now(manifest, tmp_path):
    places = [tmp_path / "there", tmp_path / "here"]
    shutil.copytree(manifest.parent, places[0])
    (places[0] / read_corpus("manifest", places[0] / manifest.name)[0].path.name).write_bytes(b"no audio")
    made = []
    for place in places:
        if not place.exists():
            places[0].rename(place)
        problems = make_records(read_corpus("manifest", place / manifest.name), tmp_path / "records", "manifest")
        store = open_store(tmp_path / "records")
        assert {Path(path).parent for path, _ in problems} == {place}
        assert all(utterance.path.is_relative_to(place) and utterance.path.exists() for utterance in store.utterances)
        made.append(store.checksums)
    assert made[0] == made[1]


def test_complete_records_need_nothing_to_be_written(manifest, records_dir, monkeypatch):
    """They may lie on a disk where nobody may write, and another process may be reading them."""
    monkeypatch.setattr("drl4ser.data.extraction.lock_folder", lambda *_: pytest.fail("locked"))
    monkeypatch.setattr("drl4ser.files.atomic_write_text", lambda *_: pytest.fail("written"))
    assert make_records(read_corpus("manifest", manifest), records_dir, "manifest", shard_size=5) == []


def test_records_remember_the_front_end(manifest, tmp_path):
    ours, theirs = FrameConfig(), FrameConfig(frontend="opensmile")
    utterances = read_corpus("manifest", manifest)[:3]
    make_records(utterances, tmp_path / "records", "manifest", theirs)
    store = open_store(tmp_path / "records", theirs)
    import tensorflow as tf

    record = parse_utterance(next(iter(tf.data.TFRecordDataset(str(store.shards[0])))))
    first = next(item for item in utterances if item.id == record["id"].numpy().decode())
    np.testing.assert_array_equal(record["llds"], extract_llds(*load_audio(first.path), theirs))
    for opened in (
        lambda: open_store(tmp_path / "records", ours),
        lambda: make_records(utterances, tmp_path / "records", "manifest", ours),
    ):
        with pytest.raises(RecordError, match="'frontend': 'opensmile'"):
            opened()
