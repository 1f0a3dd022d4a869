"""Reading audio files: what is read, and the one verdict on what cannot be."""

import copy
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from drl4ser.features import extract_llds, load_audio
from drl4ser.features.audio import AudioAccessError, AudioError, is_silent, open_audio, resample
from tests.features.signals import RATE, make_noise, make_voice

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def write_noise(path, seconds=0.2, seed=0, **options):
    soundfile.write(path, make_noise(round(seconds * RATE), 0.1, seed), RATE, **options)
    return path


def find_reason(path):
    """Why a file is refused; the same whether it is read whole, in blocks or by `load_audio`."""
    with pytest.raises(AudioError) as caught:
        load_audio(path)
    with pytest.raises(AudioError) as in_blocks, open_audio(path) as audio:
        list(audio.blocks(8_000))
    assert str(caught.value) == str(in_blocks.value) == f"{path}: {caught.value.reason}"
    return caught.value.reason


def digest_of(path):
    with open_audio(path) as audio:
        list(audio.blocks(8_000))
        return audio.digest()


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_16", 4e-5),
        ("wav", "PCM_24", 1e-6),
        ("wav", "FLOAT", 1e-7),
        ("wav", "DOUBLE", 1e-7),
        ("flac", "PCM_16", 4e-5),
        ("ogg", "VORBIS", 0.05),
        ("mp3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_reads_what_was_written(tmp_path, suffix, subtype, tolerance):
    voice = make_voice(150, 0.5)
    path = tmp_path / f"voice.{suffix}"
    soundfile.write(path, voice, RATE, subtype=subtype)
    signal, rate = load_audio(path)
    assert rate == RATE and signal.dtype == np.float32 and signal.ndim == 1
    middle = slice(800, 7000)
    np.testing.assert_allclose(signal[middle], voice[middle], atol=tolerance)
    assert extract_llds(signal, rate).shape[1] == 17


def test_averages_channels(tmp_path):
    left, right = make_voice(100, 0.1), make_noise(1600)
    soundfile.write(tmp_path / "two.wav", np.column_stack([left, right]), RATE, subtype="FLOAT")
    signal, _ = load_audio(str(tmp_path / "two.wav"))
    np.testing.assert_allclose(signal, (left + right) / 2, atol=1e-6)


def test_resamples_without_delay(tmp_path):
    soundfile.write(tmp_path / "fast.wav", make_voice(150, 0.5, 48_000), 48_000, subtype="FLOAT")
    signal, rate = load_audio(tmp_path / "fast.wav", sample_rate=RATE)
    assert rate == RATE and len(signal) == 8000
    np.testing.assert_allclose(signal[200:-200], make_voice(150, 0.5)[200:-200], atol=0.005)


def test_long_files_are_resampled_seamlessly(monkeypatch):
    noise = make_noise(30_000).astype(np.float32)
    whole = resample(noise, 24_000, RATE)
    monkeypatch.setattr("drl4ser.features.audio._BLOCK_SECONDS", 0.1)
    np.testing.assert_allclose(resample(noise, 24_000, RATE), whole, atol=1e-6)
    assert len(whole) == 20_000


@pytest.mark.parametrize("rate", [RATE, 24_000])
def test_blocks_hold_the_same_samples(tmp_path, monkeypatch, rate):
    path = tmp_path / "noise.wav"
    soundfile.write(path, make_noise((30_000, 2)), rate, subtype="FLOAT")
    whole, _ = load_audio(path, sample_rate=RATE)
    monkeypatch.setattr("drl4ser.features.audio._BLOCK_SECONDS", 0.1)
    with open_audio(path) as audio:
        pieces = list(audio.blocks(RATE))
        assert audio.sample_rate == rate
    assert max(map(len, pieces)) < 3000
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
    np.testing.assert_allclose(load_audio(path, sample_rate=RATE)[0], whole, atol=1e-6)


def test_digest_is_of_the_samples_not_of_the_bytes(tmp_path):
    first = write_noise(tmp_path / "a.wav")
    samples, rate = soundfile.read(first)
    soundfile.write(tmp_path / "b.flac", samples, rate)
    soundfile.write(tmp_path / "c.wav", samples, rate // 2)
    assert digest_of(tmp_path / "b.flac") == digest_of(first) and len(digest_of(first)) == 32
    assert digest_of(tmp_path / "c.wav") != digest_of(first)
    assert digest_of(write_noise(tmp_path / "d.wav", seed=1)) != digest_of(first)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (POINTER.encode(), "Git LFS pointer, not audio: run `git lfs pull`"),
        (b"not audio", "unreadable: Format not recognised"),
        (b"RIFF but not really", "unreadable: Format not recognised"),
        (bytes(5000), "unreadable: Format not recognised"),
    ],
)
@pytest.mark.parametrize("name", ["x.wav", "x.raw"])
def test_not_audio(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    assert find_reason(tmp_path / name) == reason


def test_what_is_no_file(tmp_path):
    assert find_reason(tmp_path / "no.wav") == find_reason(tmp_path / "no" / "x.wav") == "no such file"
    assert find_reason(tmp_path) == "a folder, not a file"
    os.mkfifo(tmp_path / "a.wav")  # a pipe is not waited for
    assert find_reason(tmp_path / "a.wav") == "a pipe or device, not a file"


def test_no_samples(tmp_path):
    assert find_reason(write_noise(tmp_path / "empty.wav", seconds=0)) == "it holds no samples"


def test_not_a_number(tmp_path):
    samples = make_noise(RATE).astype(np.float32)
    samples[5] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert find_reason(tmp_path / "a.wav") == "unreadable: samples that are not finite numbers"


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_file_cut_short_is_refused_not_filled_up(tmp_path, suffix):
    """`SoundFile.blocks` gave memory that nobody had written for the samples that were missing."""
    path = write_noise(tmp_path / f"a.{suffix}", seconds=2)
    assert len(load_audio(path)[0]) == 2 * RATE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reason = find_reason(path)
    assert reason.startswith(("cut short: ", "damaged or cut short: "))
    if suffix == "mp3":
        assert reason.endswith(" of 32000 samples are missing")


def make_flac_that_promises(path, num_samples: int) -> None:
    """A second of FLAC whose header (STREAMINFO, bits 108 to 143) claims `num_samples`."""
    write_noise(path, seconds=1)
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | num_samples >> 32
    content[22:26] = (num_samples & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("num_samples", [2**36 - 1, 3600 * RATE])
def test_a_header_that_promises_too_much_fills_no_memory(tmp_path, num_samples):
    make_flac_that_promises(tmp_path / "a.flac", num_samples)
    # libsndfile reports the missing end as an error or by returning less
    assert find_reason(tmp_path / "a.flac").startswith(("cut short: ", "damaged or cut short: "))


def test_rates_and_lengths_that_no_speech_has_are_refused(tmp_path):
    for rate in (50, 500):
        soundfile.write(tmp_path / "slow.wav", np.full(4_000, 0.5), rate)
        assert find_reason(tmp_path / "slow.wav") == f"its sampling rate is {rate} Hz, not one of 1000 to 768000 Hz"
    soundfile.write(tmp_path / "long.flac", np.zeros(3601 * 1000), 1000)
    with pytest.raises(AudioError, match=r"long\.flac: too long: more than 3600 s; cut it into utterances"):
        load_audio(tmp_path / "long.flac")
    with pytest.raises(ValueError, match="sample_rate=-1"):
        load_audio(tmp_path / "slow.wav", sample_rate=-1)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_what_cannot_be_read_today_is_another_error(tmp_path, monkeypatch, code):
    path = write_noise(tmp_path / "a.wav")

    def fail(*_, **__):
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "open", fail)  # root may read everything, so it is not done by permissions
    with pytest.raises(AudioAccessError, match=r"a\.wav cannot be read .*make it readable"):
        load_audio(path)


def test_the_verdict_survives_the_way_from_a_worker():
    error = copy.copy(AudioError(Path("a.wav"), "empty file"))
    assert (error.path, error.reason, str(error)) == (Path("a.wav"), "empty file", "a.wav: empty file")


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_silence_with_and_without_offset(offset):
    silence = np.full(RATE, offset, np.float32)
    assert is_silent(silence)
    silence[100] += 2e-4
    assert not is_silent(silence)


def test_one_silent_channel_is_no_silence_but_channels_that_cancel_are(tmp_path):
    noise = make_noise(RATE, 0.1)
    for name, other in (("one", np.zeros(RATE)), ("cancel", -noise)):
        soundfile.write(tmp_path / f"{name}.wav", np.stack([noise, other], axis=1), RATE, subtype="FLOAT")
    assert not is_silent(load_audio(tmp_path / "one.wav")[0])
    assert is_silent(load_audio(tmp_path / "cancel.wav")[0])
