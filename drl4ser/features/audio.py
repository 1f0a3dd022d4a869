"""Audio files and arrays -> mono float32 at the wanted rate; long files are read and resampled in blocks."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from drl4ser.config import MAX_RECORDING_SECONDS, SAMPLE_RATES_HZ

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
_BLOCK_SECONDS = 20
_BLOCK_VALUES = 2**23  # of all channels together: a file may claim a thousand of them


def find_audio(path: Path) -> list[Path]:
    """The file itself, or the audio files anywhere in a folder, sorted.

    Raises:
        ValueError: if a folder holds no audio file.
    """
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.rglob("*") if item.suffix.lower() in AUDIO_SUFFIXES)
    if not found:
        raise ValueError(f"{path} holds no audio file ({', '.join(AUDIO_SUFFIXES)})")
    return found


def load_audio(path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Reads a wav, flac, ogg or mp3 file of any sample format as mono.

    Args:
        path: the file.
        sample_rate: the rate wanted, in Hz; None keeps the file's own.

    Returns:
        (signal, rate): float32 [num_samples], full scale = 1, channels averaged; and its rate in Hz.

    Raises:
        ValueError: if the file is missing, empty, not audio, cut short, longer than an hour or of a rate that no
            speech has, or if `sample_rate` is not positive.
    """
    if sample_rate is not None:
        check_rate(sample_rate)
    with _open(path) as file:
        _check_length(file)
        rate = sample_rate or file.samplerate
        signal = _resample_blocks(_read_mono(file), file.samplerate, rate, file.frames)
    if signal.size == 0:
        raise ValueError(f"`path` must hold at least one sample. Received: path={str(path)!r}")
    return signal, rate


def stream_audio(path, sample_rate: int) -> Iterator[np.ndarray]:
    """The samples of `load_audio` piece by piece, so that a recording of any length fits into memory.

    Args:
        path: the file.
        sample_rate: the rate wanted, in Hz.

    Yields:
        float32 [num_samples], each some 20 s or less, full scale = 1, channels averaged.

    Raises:
        ValueError: if the file is missing or not audio.
    """
    with _open(path) as file:
        if file.frames == 0:
            raise ValueError(f"`path` must hold at least one sample. Received: path={str(path)!r}")
        blocks = _read_mono(file)
        yield from (blocks if file.samplerate == sample_rate else resample_stream(blocks, file.samplerate, sample_rate))


def inspect_header(path) -> tuple[int, float]:
    """Rate in Hz and length in seconds of an audio file, as its header says; ValueError if it is no audio."""
    with _open(path) as file:
        return file.samplerate, file.frames / file.samplerate


@contextlib.contextmanager
def _open(path):
    """The opened SoundFile; whatever goes wrong with it is a ValueError that names it."""
    import soundfile

    try:
        with soundfile.SoundFile(str(Path(path))) as file:
            _check_rate_of(file)
            yield file
    except (soundfile.SoundFileError, RuntimeError, OSError, TypeError) as error:
        raise ValueError(f"`path` must be a readable audio file. Received: path={str(path)!r} ({error})") from error


def _check_rate_of(file) -> None:
    lowest, highest = SAMPLE_RATES_HZ
    if not lowest <= file.samplerate <= highest:
        raise _refusal(file, f"its sampling rate is {file.samplerate} Hz, not one of {lowest} to {highest} Hz")


def _check_length(file) -> None:
    if file.frames > MAX_RECORDING_SECONDS * file.samplerate:
        raise _refusal(file, f"it is longer than {MAX_RECORDING_SECONDS:.0f} s: cut it into utterances")


def _read_mono(file):
    """Yields float32 blocks. Not `SoundFile.blocks`: of a file that is cut short it yields memory never written."""
    size, missing = min(_BLOCK_SECONDS * file.samplerate, _BLOCK_VALUES // file.channels), file.frames
    while missing:
        block = file.read(min(int(size), missing), dtype="float32", always_2d=True)
        if len(block) == 0:
            raise _refusal(file, f"it is cut short: {missing} of {file.frames} samples are missing")
        missing -= len(block)
        yield block.mean(axis=1, dtype=np.float32)


def _refusal(file, reason: str) -> ValueError:
    return ValueError(f"`path` must be a readable audio file. Received: path={file.name!r} ({reason})")


def resample(signal: np.ndarray, sample_rate: int, new_rate: int) -> np.ndarray:
    """float32 [num_samples] at `sample_rate` -> float32 [round(num_samples * new_rate / sample_rate)].

    Uses soxr (very high quality; linear phase, so nothing moves in time).
    """
    size = int(_BLOCK_SECONDS * sample_rate)
    blocks = (signal[start : start + size] for start in range(0, len(signal), size))
    return _resample_blocks(blocks, sample_rate, new_rate, len(signal))


def _resample_blocks(blocks, sample_rate, new_rate, num_samples):
    """All blocks at the new rate in one array, filled as they come: an hour must not be held twice."""
    signal = np.empty(-(-num_samples * new_rate // sample_rate) + 1, np.float32)
    filled = 0
    for block in blocks if sample_rate == new_rate else resample_stream(blocks, sample_rate, new_rate):
        if filled + len(block) > len(signal):  # compressed files may hold more than their header says
            signal = np.concatenate([signal, np.empty(len(signal) + len(block), np.float32)])
        signal[filled : filled + len(block)] = block
        filled += len(block)
    return signal[:filled]


def resample_stream(blocks: Iterable[np.ndarray], sample_rate: int, new_rate: int) -> Iterator[np.ndarray]:
    """Yields the resampled blocks, then what the filter still held; together the same however they are cut."""
    import soxr

    stream = soxr.ResampleStream(sample_rate, new_rate, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block, np.float32))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def check_rate(sample_rate) -> None:
    """Raises ValueError unless `sample_rate` is a positive number of Hz."""
    if not np.isfinite(sample_rate) or sample_rate <= 0:
        raise ValueError(f"`sample_rate` must be positive. Received: sample_rate={sample_rate}")
