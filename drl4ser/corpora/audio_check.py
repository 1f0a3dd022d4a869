"""Finds recordings that cannot be used: one list with reasons, instead of a crash or a silent loss."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from drl4ser.config import MAX_RECORDING_SECONDS, SAMPLE_RATES_HZ
from drl4ser.corpora.utterance import Utterance

MIN_SECONDS = 0.1
SILENCE_PEAK = 1e-4
"""A recording whose samples are all this close to their mean is silent: -80 dB, three steps of 16 bits."""
_LFS_HEADER = b"version https://git-lfs"
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)
_BLOCK_VALUES = 2**20  # samples of all channels that are held at a time


class Inspection(NamedTuple):
    """What is wrong with a file.

    Attributes:
        reason: one line; None if the file is usable.
        digest: hash of the decoded samples; empty if they could not be read.
    """

    reason: str | None
    digest: str


def inspect_audio(path: Path, min_seconds: float = MIN_SECONDS) -> Inspection:
    """Reads one file and says why it cannot be used, if so. Knows no other file, so it may run in parallel.

    Args:
        path: any format that libsndfile reads.
        min_seconds: shorter recordings are refused.

    Raises:
        OSError: if the file is there and may not or cannot be read now. That says nothing of the recording, and
            must not leave it out for good.
    """
    try:
        # A pipe would be waited for, a device read without end.
        if not (path.is_dir() or stat.S_ISREG(path.stat().st_mode)):
            return Inspection("unreadable: not a file", "")
        # By number: soundfile takes any file whose name ends in .raw for headerless audio.
        with os.fdopen(os.open(path, os.O_RDONLY), "rb") as content:
            if fault := _find_header_fault(content.read(len(_LFS_HEADER)), path.stat().st_size):
                return Inspection(fault, "")
            content.seek(0)
            with soundfile.SoundFile(content) as file:
                return _inspect_samples(file, min_seconds)
    except soundfile.LibsndfileError as error:
        return Inspection(f"unreadable: {error.error_string}", "")
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise OSError(
                f"{path} cannot be read ({error.strerror}); make it readable and run the same command again"
            ) from error
        return Inspection(f"unreadable: {error.strerror}", "")


def sort_out(
    utterances: Sequence[Utterance], inspections: Iterable[Inspection]
) -> tuple[list[Utterance], list[tuple[Path, str]]]:
    """Separates the usable utterances from the others; a recording that occurs again is one of the others.

    Of identical recordings the one with the first id stays. They are compared by their decoded samples, so a
    copy with other metadata is found too.

    Args:
        utterances: in any order.
        inspections: of their files, in the same order.

    Returns:
        The usable utterances and the problems as (path, reason), both sorted by id.
    """
    pairs = sorted(zip(utterances, inspections, strict=True), key=lambda pair: pair[0].id)
    usable, problems, first_paths = [], [], {}
    for utterance, (reason, digest) in pairs:
        if reason is None and digest in first_paths:
            reason = f"duplicate: the same recording as {first_paths[digest]}"
        if reason is None:
            first_paths[digest] = utterance.path
            usable.append(utterance)
        else:
            problems.append((utterance.path, reason))
    return usable, problems


def check_audio(
    utterances: Sequence[Utterance], min_seconds: float = MIN_SECONDS
) -> tuple[list[Utterance], list[tuple[Path, str]]]:
    """`inspect_audio` for every utterance, then `sort_out`."""
    return sort_out(utterances, [inspect_audio(utterance.path, min_seconds) for utterance in utterances])


def _find_header_fault(start: bytes, num_bytes: int) -> str | None:
    if not start:
        return "empty file"
    if start == _LFS_HEADER:
        return "Git LFS pointer, not audio: run `git lfs pull`"
    # libsndfile plays what is left of a WAV file that was cut short. Programs that write to a pipe do not know
    # the size and put one near the largest.
    promised = int.from_bytes(start[4:8], "little") + 8
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE" and num_bytes + 1 < promised < 0x7FFF0000:
        return f"cut short: {num_bytes} of {promised} bytes are there"
    return None


def _inspect_samples(file: soundfile.SoundFile, min_seconds: float) -> Inspection:
    """Looks at the samples block by block: what is held does not grow with the recording."""
    seconds = file.frames / file.samplerate
    if not SAMPLE_RATES_HZ[0] <= file.samplerate <= SAMPLE_RATES_HZ[1]:
        return Inspection(f"unreadable: a sampling rate of {file.samplerate} Hz", "")
    if seconds > MAX_RECORDING_SECONDS:
        return Inspection(
            f"too long: {seconds:.0f} s, at most {MAX_RECORDING_SECONDS:.0f} s; cut it into utterances", ""
        )
    digest, finite, read = hashlib.blake2b(digest_size=16), True, 0
    total, lowest, highest = 0.0, np.inf, -np.inf
    for samples in _read_blocks(file):
        digest.update(np.ascontiguousarray(samples).data)
        read += len(samples)
        finite = finite and bool(np.isfinite(samples).all())
        # Channels are averaged before anything is computed, so two that cancel each other are silent too.
        mono = samples.mean(axis=1) if finite else np.zeros(1)
        total += float(mono.sum(dtype=np.float64))
        lowest, highest = min(lowest, mono.min()), max(highest, mono.max())
    digest.update(repr((file.samplerate, (read, file.channels))).encode())
    if read < file.frames:
        reason = f"cut short: {file.frames - read} of {file.frames} samples are missing"
    elif read == 0 or seconds < min_seconds:
        reason = f"too short: {seconds:.3f} s, at least {min_seconds:.3f} s are needed"
    elif not finite:
        reason = "unreadable: samples that are not finite numbers"
    else:
        mean = total / read
        reason = "silent" if max(highest - mean, mean - lowest) < SILENCE_PEAK else None
    return Inspection(reason, digest.hexdigest())


def _read_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """float32 [num_samples, channels] until the file ends, which may be before its header says."""
    size = max(1, _BLOCK_VALUES // file.channels)
    while len(samples := file.read(size, dtype="float32", always_2d=True)):
        yield samples
