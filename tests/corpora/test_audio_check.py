import errno
import os

import numpy as np
import pytest
import soundfile

from drl4ser.corpora import Inspection, Utterance, check_audio, inspect_audio, sort_out

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def test_usable_file(tmp_path, write_wav):
    inspection = inspect_audio(write_wav(tmp_path / "a.wav"))
    assert inspection.reason is None
    assert len(inspection.digest) == 32


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (POINTER.encode(), "Git LFS pointer, not audio: run `git lfs pull`"),
        (b"RIFF but not really", "unreadable: Format not recognised."),
        (bytes(5000), "unreadable: Format not recognised."),
    ],
)
@pytest.mark.parametrize("name", ["x.wav", "x.raw"])
def test_not_audio(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    assert inspect_audio(path) == Inspection(reason, "")


def test_missing_file_and_folder(tmp_path):
    assert inspect_audio(tmp_path / "no.wav").reason == "unreadable: No such file or directory"
    assert inspect_audio(tmp_path).reason == "unreadable: Is a directory"


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_silence_with_and_without_offset(tmp_path, offset):
    soundfile.write(tmp_path / "a.wav", np.full(16_000, offset), 16_000)
    assert inspect_audio(tmp_path / "a.wav").reason == "silent"


def test_one_silent_channel_is_usable_but_channels_that_cancel_are_not(tmp_path):
    noise = np.random.default_rng(0).normal(scale=0.1, size=16_000)
    for name, other in (("one", np.zeros(16_000)), ("cancel", -noise)):
        soundfile.write(tmp_path / f"{name}.wav", np.stack([noise, other], axis=1), 16_000, subtype="FLOAT")
    assert inspect_audio(tmp_path / "one.wav").reason is None
    assert inspect_audio(tmp_path / "cancel.wav").reason == "silent"


def test_too_short(tmp_path, write_wav):
    path = write_wav(tmp_path / "a.wav", seconds=0.05)
    assert inspect_audio(path).reason == "too short: 0.050 s, at least 0.100 s are needed"
    assert inspect_audio(path, min_seconds=0.05).reason is None
    header_only = write_wav(tmp_path / "b.wav", seconds=0)
    assert inspect_audio(header_only, min_seconds=0).reason.startswith("too short: 0.000 s")


def test_not_a_number(tmp_path):
    samples = np.random.default_rng(0).normal(size=16_000).astype(np.float32)
    samples[5] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    assert inspect_audio(tmp_path / "a.wav").reason == "unreadable: samples that are not finite numbers"


def test_digest_is_of_the_samples_not_of_the_bytes(tmp_path, write_wav):
    first = write_wav(tmp_path / "a.wav")
    samples, rate = soundfile.read(first)
    soundfile.write(tmp_path / "b.flac", samples, rate)
    soundfile.write(tmp_path / "c.wav", samples, rate // 2)
    digest = inspect_audio(first).digest
    assert inspect_audio(tmp_path / "b.flac").digest == digest
    assert inspect_audio(tmp_path / "c.wav").digest != digest
    assert inspect_audio(write_wav(tmp_path / "d.wav", seed=1)).digest != digest


def test_check_audio_reports_everything_in_one_list(tmp_path, write_wav):
    paths = {name: write_wav(tmp_path / f"{name}.wav", seed=i) for i, name in enumerate("abcdef")}
    paths["b"].write_text(POINTER)
    paths["c"].write_bytes(b"")
    write_wav(paths["e"], seed=0)
    write_wav(paths["f"], seconds=0.01)
    utterances = [Utterance(name, path, "sad") for name, path in reversed(paths.items())]
    usable, problems = check_audio(utterances, min_seconds=0.1)
    assert [item.id for item in usable] == ["a", "d"]
    assert [(path.stem, reason.split(":")[0]) for path, reason in problems] == [
        ("b", "Git LFS pointer, not audio"),
        ("c", "empty file"),
        ("e", "duplicate"),
        ("f", "too short"),
    ]
    assert problems[2][1] == f"duplicate: the same recording as {paths['a']}"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_what_cannot_be_read_today_is_an_error_and_not_a_bad_recording(tmp_path, write_wav, monkeypatch, code):
    path = write_wav(tmp_path / "a.wav")

    def fail(*_):
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(os, "open", fail)  # root may read everything, so it is not done by permissions
    with pytest.raises(OSError, match=r"a\.wav cannot be read .*make it readable"):
        inspect_audio(path)


def test_unreadable_files_are_not_duplicates_of_each_other(tmp_path):
    utterances = [Utterance(name, tmp_path / name, "sad") for name in "ab"]
    _, problems = sort_out(utterances, [Inspection("empty file", "")] * 2)
    assert [reason for _, reason in problems] == ["empty file", "empty file"]


def test_sort_out_wants_one_inspection_an_utterance(tmp_path):
    with pytest.raises(ValueError, match="zip"):
        sort_out([Utterance("a", tmp_path, "sad")], [])


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_file_cut_short_is_not_used(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.random.default_rng(0).normal(scale=0.1, size=32_000), 16_000)
    assert inspect_audio(path).reason is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert inspect_audio(path).reason.startswith(("cut short: ", "unreadable: "))


def make_flac_that_promises(path, num_samples: int) -> None:
    """A second of FLAC whose header (STREAMINFO, bits 108 to 143) claims `num_samples`."""
    soundfile.write(path, np.random.default_rng(0).normal(scale=0.1, size=16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | num_samples >> 32
    content[22:26] = (num_samples & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(bytes(content))


def test_a_header_that_promises_too_much_fills_no_memory(tmp_path):
    path = tmp_path / "a.flac"
    make_flac_that_promises(path, 2**36 - 1)
    assert inspect_audio(path).reason.startswith("too long: 4294967 s, at most 3600 s")
    make_flac_that_promises(path, 3600 * 16_000)
    # libsndfile reports the missing end as an error or by returning less
    assert inspect_audio(path).reason.startswith(("cut short: ", "unreadable: "))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    assert inspect_audio(tmp_path / "a.wav").reason == "unreadable: not a file"


def test_an_unlikely_rate(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(16_000, 0.5), 50)
    assert inspect_audio(tmp_path / "a.wav").reason == "unreadable: a sampling rate of 50 Hz"
