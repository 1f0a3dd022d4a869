"""Reading audio files."""

import numpy as np
import pytest
import soundfile

from drl4ser.features import extract_llds, load_audio
from drl4ser.features.audio import inspect_header, resample, stream_audio
from tests.features.signals import RATE, make_noise, make_voice


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
def test_a_stream_holds_the_same_samples(tmp_path, monkeypatch, rate):
    path = tmp_path / "noise.wav"
    soundfile.write(path, make_noise((30_000, 2)), rate, subtype="FLOAT")
    whole, _ = load_audio(path, sample_rate=RATE)
    monkeypatch.setattr("drl4ser.features.audio._BLOCK_SECONDS", 0.1)
    pieces = list(stream_audio(path, RATE))
    assert max(map(len, pieces)) < 3000
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


def test_the_header_says_rate_and_length(tmp_path):
    soundfile.write(tmp_path / "two.flac", make_noise((12_000, 2)), 8_000)
    assert inspect_header(tmp_path / "two.flac") == (8_000, 1.5)


def test_names_the_file_it_cannot_read(tmp_path):
    (tmp_path / "words.wav").write_text("not audio")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    for name in ("words.wav", "empty.wav", "missing.wav"):
        with pytest.raises(ValueError, match=name):
            load_audio(tmp_path / name)
        with pytest.raises(ValueError, match=name):
            list(stream_audio(tmp_path / name, RATE))
    with pytest.raises(ValueError, match="sample_rate=-1"):
        load_audio(tmp_path / "words.wav", sample_rate=-1)


def test_a_file_cut_short_is_refused_not_filled_up(tmp_path):
    """`SoundFile.blocks` gave memory that nobody had written for the samples that were missing."""
    path = tmp_path / "a.mp3"
    soundfile.write(path, make_voice(150, 3.0), RATE)
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(ValueError, match=r"a\.mp3.*cut short: \d+ of 48000 samples are missing"):
        load_audio(path)


def test_rates_and_lengths_that_no_speech_has_are_refused(tmp_path):
    soundfile.write(tmp_path / "slow.wav", np.full(4_000, 0.5), 500)
    with pytest.raises(ValueError, match="500 Hz, not one of 1000 to 768000 Hz"):
        load_audio(tmp_path / "slow.wav")
    soundfile.write(tmp_path / "long.flac", np.zeros(3601 * 1000), 1000)
    with pytest.raises(ValueError, match="longer than 3600 s: cut it into utterances"):
        load_audio(tmp_path / "long.flac")
