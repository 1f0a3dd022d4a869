"""The one reader of audio: a file is decoded once, and every command gives the same verdict on it."""

import contextlib
import errno
import hashlib
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from drl4ser.config import MAX_RECORDING_SECONDS, SAMPLE_RATES_HZ
from drl4ser.features.containers import Stream, find_missing_bytes, find_streams
from drl4ser.files import file_sha256

SILENCE_PEAK = 1e-4
"""A recording whose samples are all this close to their mean is silent: -80 dB, three steps of 16 bits."""
_BLOCK_SECONDS = 20
_BLOCK_VALUES = 2**23  # of all channels together: a damaged header may count thousands
_HEADER_BYTES = 4096  # a file this long is more than a header
_LFS_HEADER = b"version https://git-lfs"
_NO_FILE = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EISDIR: "a folder, not a file",
    errno.ELOOP: "a link that leads nowhere",
    errno.ENAMETOOLONG: "no such file",
}


class AudioError(ValueError):
    """A file that holds no usable recording; reading it again gives the same answer.

    Attributes:
        path: the file.
        reason: what is wrong with it, one line.
    """

    def __init__(self, path: Path, reason: str):
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class AudioAccessError(ValueError):
    """A file that may not or cannot be read now; this is no verdict on the recording."""


class AudioReader:
    """An open recording, decoded from its first sample to its last; made by `open_audio`.

    Attributes:
        path: the file.
        sample_rate: in Hz; of a file that holds several recordings, that of the first.
    """

    def __init__(self, path: Path, streams: list[tuple]):
        self.path, self._streams = path, streams
        self.sample_rate, self._channels = streams[0][0].samplerate, streams[0][0].channels
        self._digest, self._num_samples = hashlib.blake2b(digest_size=16), 0

    def read(
        self,
        sample_rate: int | None = None,
        max_seconds: float = MAX_RECORDING_SECONDS,
        remedy: str = "cut it into utterances",
    ) -> np.ndarray:
        """Read all samples at once, float32 [num_samples], full scale = 1, channels averaged.

        Args:
            sample_rate: the rate wanted, in Hz; None keeps the file's own.
            max_seconds: longer recordings are refused.
            remedy: what to do with these, for the error.

        Raises:
            AudioError: as `blocks`, and for a recording that is too long.
        """
        limit, signal, filled = max_seconds * (sample_rate or self.sample_rate), np.empty(0, np.float32), 0
        for block in self.blocks(sample_rate):
            if filled + len(block) > limit:
                raise AudioError(self.path, f"too long: more than {max_seconds:g} s; {remedy}")
            if filled + len(block) > len(signal):  # in place: an hour must not be held twice
                signal.resize(filled + max(len(block), filled // 4), refcheck=False)
            signal[filled : filled + len(block)] = block
            filled += len(block)
        return signal[:filled]

    def blocks(self, sample_rate: int | None = None) -> Iterator[np.ndarray]:
        """Read the samples of `read` block by block, so that a recording of any length fits into memory.

        Yields:
            float32 [num_samples], each some 20 s or less.

        Raises:
            AudioError: for what is damaged, when that is reached; in the end, if the recording is empty or cut short.
        """
        rate = sample_rate or self.sample_rate
        for file, num_samples in self._streams:
            blocks = self._decode(file, num_samples)
            yield from blocks if file.samplerate == rate else resample_stream(blocks, file.samplerate, rate)
        if self._num_samples == 0:
            raise AudioError(self.path, self._explain_nothing())

    def digest(self) -> str:
        """Hash what was read, channels and rate included: equal for a copy in another lossless format."""
        digest = self._digest.copy()
        digest.update(repr((self.sample_rate, (self._num_samples, self._channels))).encode())
        return digest.hexdigest()

    def _decode(self, file, num_samples: int) -> Iterator[np.ndarray]:
        import soundfile

        size, read = max(1, min(int(_BLOCK_SECONDS * file.samplerate), _BLOCK_VALUES // file.channels)), 0
        while True:
            try:
                # Not `SoundFile.blocks`: of a file that is cut short it yields memory never written.
                samples = file.read(size, "float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(self.path, f"damaged or cut short: {_describe_fault(error)}") from error
            if not len(samples):
                break
            self._digest.update(np.ascontiguousarray(samples).data)
            read += len(samples)
            if not np.isfinite(samples).all():
                raise AudioError(self.path, "unreadable: samples that are not finite numbers")
            yield samples.mean(axis=1, dtype=np.float32)
        self._num_samples += read
        if read < num_samples:
            raise AudioError(self.path, f"cut short: {num_samples - read} of {num_samples} samples are missing")

    def _explain_nothing(self) -> str:
        num_bytes = self.path.stat().st_size
        if num_bytes < _HEADER_BYTES:
            return "it holds no samples"
        return (
            f"its header counts no samples, but it has {num_bytes} bytes, as where a recorder was killed; repair it, "
            "for example with `ffmpeg -i FILE FILE.wav`"
        )


@contextlib.contextmanager
def open_audio(path: str | Path) -> Iterator[AudioReader]:
    """Open a recording in any format that libsndfile reads.

    Args:
        path: the file.

    Raises:
        AudioError: if it is missing, not audio, cut short or of a rate that no speech has.
        AudioAccessError: if it is there and cannot be read now.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        with _naming(path):
            # A pipe would be waited for, a device read without end.
            if not (path.is_dir() or stat.S_ISREG(path.stat().st_mode)):
                raise AudioError(path, "a pipe or device, not a file")
            content = stack.enter_context(path.open("rb", buffering=0))
            streams = [_open_stream(path, stream, stack) for stream in _find_streams(path, content)]
        yield AudioReader(path, streams)


def _find_streams(path: Path, content) -> list[Stream]:
    start = content.read(len(_LFS_HEADER))
    if not start:
        raise AudioError(path, "empty file")
    if start == _LFS_HEADER:
        raise AudioError(path, "Git LFS pointer, not audio: run `git lfs pull`")
    content.seek(0)
    try:
        streams = find_streams(content)
    except ValueError as error:
        raise AudioError(path, str(error)) from None
    content.seek(0)
    # By number: soundfile takes any file whose name ends in .raw for headerless audio.
    return streams or [Stream(content.fileno())]


def _open_stream(path: Path, stream: Stream, stack: contextlib.ExitStack):
    """The opened SoundFile and the number of samples that it must have at least."""
    import soundfile

    class ForwardFile(soundfile.SoundFile):
        """Never sought: libsndfile cannot seek in a FLAC of unknown length."""

        def seekable(self) -> bool:
            return False

    file = stack.enter_context(ForwardFile(stream.content, closefd=False))
    lowest, highest = SAMPLE_RATES_HZ
    if not lowest <= file.samplerate <= highest:
        raise AudioError(path, f"its sampling rate is {file.samplerate} Hz, not one of {lowest} to {highest} Hz")
    if fault := find_missing_bytes(file.extra_info):
        raise AudioError(path, fault)
    return file, file.frames if stream.num_samples is None else stream.num_samples


def load_audio(path: str | Path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Read a wav, flac, ogg or mp3 file of any sample format as mono.

    Args:
        path: the file.
        sample_rate: the rate wanted, in Hz; None keeps the file's own.

    Returns:
        (signal, rate): float32 [num_samples], full scale = 1, channels averaged; and its rate in Hz.

    Raises:
        ValueError: if the file is missing, empty, not audio, cut short, longer than an hour or of a rate that no
            speech has, or if `sample_rate` is not positive.

    Example:
        >>> signal, rate = load_audio("speech.wav", sample_rate=16_000)  # doctest: +SKIP
    """
    if sample_rate is not None:
        check_rate(sample_rate)
    with open_audio(path) as audio:
        return audio.read(sample_rate), sample_rate or audio.sample_rate


def is_silent(signal: np.ndarray) -> bool:
    """Tell whether all samples are within `SILENCE_PEAK` of their mean.

    Example:
        >>> is_silent(np.full(100, 0.25)), is_silent(np.array([0.0, 0.01]))
        (True, False)
    """
    return bool(np.abs(signal - signal.mean(dtype=np.float64)).max() < SILENCE_PEAK)


def hash_audio(path: Path) -> str:
    """SHA-256 of a recording's bytes. Raises AudioError and AudioAccessError, as `open_audio`."""
    with _naming(path):
        return file_sha256(path)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns the errors of the system and of libsndfile into ours, which name the file."""
    import soundfile

    try:
        yield
    except soundfile.LibsndfileError as error:
        raise AudioError(path, f"unreadable: {_describe_fault(error)}") from error
    except OSError as error:
        if error.errno in _NO_FILE:
            raise AudioError(path, _NO_FILE[error.errno]) from error
        raise AudioAccessError(
            f"{path} cannot be read ({error.strerror}); make it readable and run the same command again"
        ) from error


def _describe_fault(error) -> str:
    return error.error_string.removeprefix("Error : ").rstrip(".")


def resample(signal: np.ndarray, sample_rate: int, new_rate: int) -> np.ndarray:
    """Resample by soxr (very high quality; linear phase, so nothing moves in time).

    Args:
        signal: float32 [num_samples].
        sample_rate: its rate in Hz.
        new_rate: the rate wanted, in Hz.

    Returns:
        float32 [round(num_samples * new_rate / sample_rate)].

    Example:
        >>> resample(np.zeros(48_000, np.float32), 48_000, 16_000).shape
        (16000,)
    """
    size = int(_BLOCK_SECONDS * sample_rate)
    blocks = (signal[start : start + size] for start in range(0, len(signal), size))
    return np.concatenate(list(resample_stream(blocks, sample_rate, new_rate)))


def resample_stream(blocks: Iterable[np.ndarray], sample_rate: int, new_rate: int) -> Iterator[np.ndarray]:
    """Yield the resampled blocks, then what the filter still held; together the same however they are cut."""
    import soxr

    stream = soxr.ResampleStream(sample_rate, new_rate, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block, np.float32))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def check_rate(sample_rate: float) -> None:
    """Raise ValueError unless `sample_rate` is a positive number of Hz."""
    if not np.isfinite(sample_rate) or sample_rate <= 0:
        raise ValueError(f"`sample_rate` must be positive. Received: sample_rate={sample_rate}")
