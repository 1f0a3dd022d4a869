"""Recordings whose container lies about its length, and files that hold several recordings.

The right values were compared with FFmpeg 5.1: it reads the same lengths, and of cut files what is left of them.
"""

import io

import numpy as np
import pytest
import soundfile

from drl4ser.features import load_audio
from drl4ser.features.audio import AudioError
from tests.features.signals import RATE, make_noise, make_voice

FIRST, SECOND = make_voice(150, 2.0) + make_noise(2 * RATE, 0.001), make_voice(220, 1.5) + make_noise(24_000, 0.001)
SUBTYPES = {"opus": ("OGG", "OPUS"), "aiff": ("AIFF", "PCM_16"), "rf64": ("RF64", "PCM_16"), "au": ("AU", "PCM_16")}


def encode(suffix, signal=FIRST, rate=RATE) -> bytes:
    file = io.BytesIO()
    container, subtype = SUBTYPES.get(suffix, (suffix.upper(), None))
    soundfile.write(file, signal, rate, subtype, format=container)
    return file.getvalue()


def load(tmp_path, suffix, content):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content)
    return load_audio(path)


def find_reason(tmp_path, suffix, content):
    with pytest.raises(AudioError) as caught:
        load(tmp_path, suffix, content)
    return caught.value.reason


def with_sizes(riff, data, content=None) -> bytes:
    content = bytearray(content or encode("wav"))
    assert content[36:40] == b"data"
    content[4:8], content[40:44] = riff.to_bytes(4, "little"), data.to_bytes(4, "little")
    return bytes(content)


def test_zeros_behind_the_samples_of_a_wav_lack_nothing(tmp_path):
    signal, _ = load(tmp_path, "wav", encode("wav"))
    padded, _ = load(tmp_path, "wav", encode("wav") + bytes(8192))
    np.testing.assert_array_equal(padded, signal)
    assert "as where a recorder was killed" in find_reason(tmp_path, "wav", encode("wav") + bytes(8192) + b"\1" * 4096)


def test_a_wav_of_odd_size_whose_next_chunk_follows_at_once(tmp_path):
    """Samples of 8 bits; the byte that should make their number even was left out."""
    file = io.BytesIO()
    soundfile.write(file, FIRST[:15_999], RATE, "PCM_U8", format="wav")
    content = file.getvalue()[: 44 + 15_999]
    signal, _ = load(tmp_path, "wav", content)
    tags = b"LIST" + (20_000).to_bytes(4, "little") + b"INFO" + b"x" * 19_996
    tagged, _ = load(tmp_path, "wav", content + tags)
    np.testing.assert_array_equal(tagged, signal)


@pytest.mark.parametrize(
    ("riff", "data"),
    [
        (64_036 + 8, 64_000),  # the size of the whole file
        (64_036 + 44, 64_000),
        (0, 64_000),
        (64_036, 64_044),  # the header counted with the samples
        (0x7FFFFFFF, 0x7FFFFFFF - 36),  # placeholders of live writers
        (0x80000024, 0x80000000),
        (0x7FFF0024, 0x7FFF0000),  # arecord to a pipe
        (0x7FFFF024, 0x7FFFF000),  # SoX to a pipe
        (0xFFFFFFFF, 0xFFFFFFFF),  # FFmpeg to a pipe
        (0, 0),  # a recorder that was killed before it came back to its header
        (36, 0),
    ],
)
def test_a_wav_is_judged_by_the_samples_that_are_there(tmp_path, riff, data):
    signal, _ = load(tmp_path, "wav", with_sizes(riff, data))
    np.testing.assert_array_equal(signal, load(tmp_path, "wav", encode("wav"))[0])
    assert len(signal) == 2 * RATE


def test_chunks_behind_the_samples_are_not_samples(tmp_path):
    tags = b"LIST" + (6000).to_bytes(4, "little") + bytes(6000)
    assert len(load(tmp_path, "wav", encode("wav") + tags)[0]) == 2 * RATE
    assert len(load(tmp_path, "wav", encode("wav") + b"a few bytes that nobody ordered")[0]) == 2 * RATE
    assert find_reason(tmp_path, "wav", with_sizes(36, 0)[:44]) == "it holds no samples"
    empty = with_sizes(36 + len(tags), 0)[:44] + tags
    assert find_reason(tmp_path, "wav", empty).startswith("its header counts no samples, but it has 6052 bytes")


def test_a_header_older_than_its_samples_is_refused_with_the_remedy(tmp_path):
    reason = find_reason(tmp_path, "wav", with_sizes(36 + 16_000, 16_000))
    assert reason.startswith("48000 bytes follow its 16000 bytes of samples, as where a recorder was killed")
    assert "`ffmpeg -ignore_length 1 -i FILE FILE.wav`" in reason


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "rf64"])
def test_a_pcm_file_cut_in_half_is_refused(tmp_path, suffix):
    content = encode(suffix)
    assert len(load(tmp_path, suffix, content)[0]) == 2 * RATE
    assert find_reason(tmp_path, suffix, content[: len(content) // 2]).startswith("cut short: 3")


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "opus"])
def test_a_compressed_file_cut_in_half_is_refused(tmp_path, suffix):
    content = encode(suffix)
    reason = find_reason(tmp_path, suffix, content[: len(content) // 2])
    assert reason.startswith(("cut short: ", "damaged or cut short: "))


def test_an_ogg_file_without_its_last_page_is_refused(tmp_path):
    content = encode("ogg", make_noise(20 * RATE))
    reason = find_reason(tmp_path, "ogg", content[: content.rindex(b"OggS")])
    assert reason.startswith("cut short: its last Ogg page is missing")


def correlate(signal, wanted) -> float:
    """Correlation where codecs have had time to settle; Opus and MP3 shift a little."""
    length = min(len(signal), len(wanted)) - 2000
    signal, wanted = signal[1000 : 1000 + length], wanted[1000 : 1000 + length]
    spectrum = np.fft.rfft(signal, 2 * length) * np.conj(np.fft.rfft(wanted, 2 * length))
    return np.fft.irfft(spectrum).max() / np.sqrt(np.sum(signal**2) * np.sum(wanted**2))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
@pytest.mark.parametrize("kind", ["same", "other rate", "stereo"])
def test_joined_files_are_read_to_the_end(tmp_path, suffix, kind):
    rate = 24_000 if kind == "other rate" else RATE
    second = make_voice(220, 1.5, rate) + make_noise(round(1.5 * rate), 0.001)
    shape = np.stack([second] * 2, axis=1) if kind == "stereo" else second
    signal, found = load(tmp_path, suffix, encode(suffix) + encode(suffix, shape, rate))
    assert found == RATE and len(signal) == pytest.approx(3.5 * RATE, abs=2)
    assert correlate(signal[: 2 * RATE], FIRST) > 0.99
    assert correlate(signal[2 * RATE :], SECOND) > 0.99


def without_count(content: bytes) -> bytes:
    """An MP3 without its first frame, which holds the number of frames in place of samples."""
    assert b"Xing" in content[:50] or b"Info" in content[:50]
    following = content.index(content[:2], 4)
    while content[following + 2] & 0x0C != content[2] & 0x0C:
        following = content.index(content[:2], following + 1)
    return content[following:]


LOUDER = np.concatenate([1e-4 * FIRST, make_noise(10 * RATE, 0.2)])  # a low bit rate at first: a wrong guess


def test_an_mp3_of_variable_bit_rate_without_a_count(tmp_path):
    content = without_count(encode("mp3", LOUDER))
    path = tmp_path / "x.mp3"
    signal, _ = load(tmp_path, "mp3", content)
    assert soundfile.info(path).frames != pytest.approx(len(LOUDER), rel=0.1)  # libsndfile guesses
    assert len(LOUDER) <= len(signal) + 600 and len(signal) < len(LOUDER) + 2000
    assert correlate(signal[2 * RATE :], LOUDER[2 * RATE :]) > 0.8  # noise above 7 kHz is not kept


@pytest.mark.parametrize("factor", [0.3, 0.9])
def test_an_mp3_with_too_small_a_count(tmp_path, factor):
    content = bytearray(encode("mp3"))
    place = content.index(b"Xing") + 8
    count = int.from_bytes(content[place : place + 4], "big")
    content[place : place + 4] = int(factor * count).to_bytes(4, "big")
    assert len(load(tmp_path, "mp3", bytes(content))[0]) == pytest.approx(2 * RATE, abs=600)


def test_an_mp3_with_tags_in_front_and_behind_and_between(tmp_path):
    head, tail = b"ID3\x03\0\0\0\0\x07\x68" + bytes(1000), b"TAG" + bytes(125)
    content = head + encode("mp3") + tail + head + encode("mp3", SECOND) + tail
    assert len(load(tmp_path, "mp3", content)[0]) == pytest.approx(3.5 * RATE, abs=600)


def test_an_mp3_without_a_count_that_ends_within_a_frame_is_refused(tmp_path):
    assert find_reason(tmp_path, "mp3", without_count(encode("mp3"))[:-10]).startswith("cut short: its last MP3 frame")


def with_total(content: bytes, num_samples: int) -> bytes:
    content = bytearray(content)
    content[21] = content[21] & 0xF0 | num_samples >> 32
    content[22:26] = (num_samples & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("num_samples", [0, 1000])
def test_a_flac_of_unknown_or_too_small_a_length_is_read_to_the_end(tmp_path, num_samples):
    signal, _ = load(tmp_path, "flac", with_total(encode("flac"), num_samples))
    np.testing.assert_array_equal(signal, load(tmp_path, "flac", encode("flac"))[0])


def test_a_flac_that_promises_more_is_cut_short(tmp_path):
    reason = find_reason(tmp_path, "flac", with_total(encode("flac"), 3 * RATE))
    assert reason == "cut short: 16000 of 48000 samples are missing"


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x1cftypM4A ", "MPEG-4 audio"),
        (b"\x1aE\xdf\xa3", "Matroska or WebM"),
        (b"#!AMR\n", "AMR"),
        (b"\xff\xf1\x50\x80", "AAC"),
    ],
)
@pytest.mark.parametrize("suffix", ["m4a", "wav"])  # phones name them so too
def test_what_libsndfile_cannot_read_is_named_with_the_remedy(tmp_path, suffix, start, name):
    reason = find_reason(tmp_path, suffix, start + bytes(1000))
    assert reason.startswith(name) and "convert it, for example with `ffmpeg" in reason
