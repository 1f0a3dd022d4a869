"""Segments of a long recording: cut at its pauses, by the energy and voicing of the LLDs."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, stream_llds
from drl4ser.features.audio import open_audio

MAX_SEGMENT_SECONDS = 60.0
_DB_PER_LOG_ENERGY = 10 / np.log(10)
_PAD_SECONDS = 0.1  # around speech, for consonants that are too faint to be found
_LEAST_VOICED_SECONDS = 0.05  # in a segment: shorter voices are noise
_LOUD_SECONDS = 0.5  # so much voiced sound is louder than the recording's level
_VOICED_DB, _SPOKEN_DB = -40.0, -30.0  # below that level, voiced or any sound is not of the speaker
_RANGE_DB = -60.0  # a fainter background counts as this, digital silence too
_NOISE_QUANTILE, _NOISE_SHARE = 0.1, 0.4
_QUIET_SECONDS = 0.1  # the level is averaged over this to find the quietest place of a segment without a pause


@dataclasses.dataclass(frozen=True)
class SegmentSettings:
    """Lengths in seconds.

    Attributes:
        min_pause: shorter pauses are left in a segment.
        min_segment: a shorter segment is joined to a neighbour that is less than this away, if there is one.
        max_segment: a longer one is cut at its quietest place.

    Raises:
        ValueError: if a length cannot be.
    """

    min_pause: float = 0.4
    min_segment: float = 1.0
    max_segment: float = 15.0

    def __post_init__(self):
        if not 0.05 <= self.min_pause <= 60:
            raise ValueError(f"`min_pause` must be from 0.05 to 60 s. Received: min_pause={self.min_pause:g}")
        if not 0.2 <= self.max_segment <= MAX_SEGMENT_SECONDS:
            raise ValueError(
                f"`max_segment` must be from 0.2 to {MAX_SEGMENT_SECONDS:g} s. "
                f"Received: max_segment={self.max_segment:g}"
            )
        if not 0 <= self.min_segment <= self.max_segment / 2:
            raise ValueError(
                f"`min_segment` must be at most half of `max_segment`. Received: min_segment={self.min_segment:g}, "
                f"max_segment={self.max_segment:g}"
            )


@dataclasses.dataclass(frozen=True)
class Segments:
    """Where the speech of a recording is.

    Attributes:
        path: the recording.
        seconds: its length.
        spans: begin and end of each segment in seconds, in order; they do not overlap.
    """

    path: Path
    seconds: float
    spans: tuple[tuple[float, float], ...]


def find_segments(path: Path | str, settings: SegmentSettings = SegmentSettings()) -> Segments:
    """Find the segments of a recording, which is read in blocks: of an hour 6 MB are held.

    A frame is speech if it is voiced and at most 40 dB below the recording's level, or if it is loud: at most 30 dB
    below the level and, in noise, above 40 % of the way from the background to the level. The level is that which half
    a second of the voiced frames exceeds, the background the lowest tenth of all frames. So a gain changes nothing.

    Args:
        path: audio in any format that libsndfile reads.
        settings: lengths of pauses and segments.

    Returns:
        The segments; none if no speech is found.

    Raises:
        ValueError: if the file cannot be read or is shorter than a frame; it is named.

    Example:
        >>> find_segments("interview.wav").spans  # doctest: +SKIP
        ((0.42, 3.615), (4.38, 9.105))
    """
    path, frame, num_samples = Path(path), FrameConfig(), 0

    def count(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        nonlocal num_samples
        for block in blocks:
            num_samples += len(block)
            yield block

    columns = [LLD_NAMES.index("log_energy"), LLD_NAMES.index("log_f0")]
    with open_audio(path) as audio:
        try:
            parts = [
                rows[:, columns] for rows in stream_llds(count(audio.blocks(frame.sample_rate)), frame.sample_rate)
            ]
        except ValueError as error:
            raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
    energy, log_f0 = np.concatenate(parts).T
    spans = find_speech(_DB_PER_LOG_ENERGY * energy, log_f0 > 0, settings, 1000 / frame.hop_ms)
    # A frame stands for the hop around its middle; the first and the last also for what is beyond.
    edge = (frame.frame_length - frame.hop_length) // 2
    times = [
        (
            first and (first * frame.hop_length + edge) / frame.sample_rate,
            (num_samples if last == len(energy) else last * frame.hop_length + edge) / frame.sample_rate,
        )
        for first, last in spans
    ]
    return Segments(path, num_samples / frame.sample_rate, tuple(times))


def find_speech(
    energy_db: np.ndarray, voiced: np.ndarray, settings: SegmentSettings, frames_per_second: float
) -> list[tuple[int, int]]:
    """Find the frames [first, last) of each segment.

    Args:
        energy_db: [num_frames], of each frame.
        voiced: boolean [num_frames].
        settings: lengths of pauses and segments.
        frames_per_second: of both.

    Returns:
        Pairs in order that do not overlap; none is longer than `max_segment`.

    Example:
        >>> voiced = np.repeat([False, True, False, True], [100, 300, 100, 300])
        >>> find_speech(np.where(voiced, -20.0, -70.0), voiced, SegmentSettings(), 200)
        [(80, 420), (480, 800)]
    """

    def frames(seconds: float) -> int:
        return round(seconds * frames_per_second)

    spoken, active = _find_active(energy_db, voiced, frames(_LOUD_SECONDS))
    regions = _merge(_find_runs(active), frames(settings.min_pause))
    regions = [item for item in regions if spoken[slice(*item)].sum() >= frames(_LEAST_VOICED_SECONDS)]
    regions = _join_short(regions, frames(settings.min_segment), frames(settings.max_segment))
    regions = _pad(regions, frames(_PAD_SECONDS), len(energy_db))
    width = frames(_QUIET_SECONDS)
    quiet = np.convolve(np.pad(energy_db, (width // 2, width - 1 - width // 2), "edge"), np.ones(width), "valid")
    limits = frames(max(settings.min_segment, _LEAST_VOICED_SECONDS)), frames(settings.max_segment)
    return [piece for first, last in regions for piece in _cut_long(first, last, quiet, *limits)]


def _find_active(energy_db: np.ndarray, voiced: np.ndarray, num_loud: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames that are voiced by the speaker, and these with all that are loud."""
    if not voiced.any():
        return voiced, voiced
    heard = np.sort(energy_db[voiced])[::-1]
    level = heard[min(num_loud, len(heard) // 10)]
    background = max(np.quantile(energy_db, _NOISE_QUANTILE), level + _RANGE_DB)
    spoken = voiced & (energy_db >= level + _VOICED_DB)
    loudness = max(level + _SPOKEN_DB, background + _NOISE_SHARE * (level - background))
    return spoken, spoken | (energy_db >= loudness)


def _find_runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _merge(runs: list[tuple[int, int]], min_pause: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in runs:
        if merged and first - merged[-1][1] < min_pause:
            first = merged.pop()[0]
        merged.append((first, last))
    return merged


def _join_short(regions: list[tuple[int, int]], shortest: int, longest: int) -> list[tuple[int, int]]:
    """Join each region that is too short to the nearer neighbour, if the pause between is shorter than `shortest`."""
    regions, index = list(regions), 0
    while index < len(regions):
        pauses = {}  # that may be closed, by the region before them
        for before in range(max(0, index - 1), min(index + 1, len(regions) - 1)):
            pause = regions[before + 1][0] - regions[before][1]
            if pause < shortest and regions[before + 1][1] - regions[before][0] <= longest:
                pauses[before] = pause
        if regions[index][1] - regions[index][0] < shortest and pauses:
            index = min(pauses, key=pauses.__getitem__)
            regions[index : index + 2] = [(regions[index][0], regions[index + 1][1])]
        else:
            index += 1
    return regions


def _pad(regions: list[tuple[int, int]], pad: int, num_frames: int) -> list[tuple[int, int]]:
    """Give each region up to `pad` frames on both sides, at most half of the pause there."""
    padded = []
    for index, (first, last) in enumerate(regions):
        before = (first - regions[index - 1][1]) // 2 if index else first
        after = (regions[index + 1][0] - last) // 2 if index + 1 < len(regions) else num_frames - last
        padded.append((first - min(pad, before), last + min(pad, after)))
    return padded


def _cut_long(first: int, last: int, quiet: np.ndarray, shortest: int, longest: int) -> Iterator[tuple[int, int]]:
    """Cut at the quietest place of the second half of what may be the length, so that no piece is too short."""
    while last - first > longest:
        begin, end = first + longest // 2, min(first + longest, last - shortest)
        cut = begin + int(np.argmin(quiet[begin : end + 1]))
        yield first, cut
        first = cut
    yield first, last
