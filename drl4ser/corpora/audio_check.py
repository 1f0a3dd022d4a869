"""Finds recordings that cannot be used: one list with reasons, instead of a crash or a silent loss."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from drl4ser.corpora.utterance import Utterance

MIN_SECONDS = 0.1
SILENCE_PEAK = 1e-4
"""A recording whose samples are all this close to their mean is silent: -80 dB, three steps of 16 bits."""
_LFS_HEADER = b"version https://git-lfs"


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
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        return Inspection(f"unreadable: {error.strerror}", "")
    if not content:
        return Inspection("empty file", "")
    if content.startswith(_LFS_HEADER):
        return Inspection("Git LFS pointer, not audio: run `git lfs pull`", "")
    try:
        # From memory: soundfile takes any path that ends in .raw for headerless audio.
        samples, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        return Inspection(f"unreadable: {error.error_string}", "")
    return Inspection(_find_fault(samples, sample_rate, min_seconds), _hash(samples, sample_rate))


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


def _find_fault(samples: np.ndarray, sample_rate: int, min_seconds: float) -> str | None:
    seconds = len(samples) / sample_rate
    if len(samples) == 0 or seconds < min_seconds:
        return f"too short: {seconds:.3f} s, at least {min_seconds:.3f} s are needed"
    if not np.isfinite(samples).all():
        return "unreadable: samples that are not finite numbers"
    # Channels are averaged before anything is computed, so two that cancel each other are silent too.
    mono = samples.mean(axis=1)
    if np.abs(mono - mono.mean()).max() < SILENCE_PEAK:
        return "silent"
    return None


def _hash(samples: np.ndarray, sample_rate: int) -> str:
    content = hashlib.blake2b(np.ascontiguousarray(samples).data, digest_size=16)
    content.update(repr((sample_rate, samples.shape)).encode())
    return content.hexdigest()
