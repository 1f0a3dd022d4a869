"""Extraction of a corpus: audio files to a folder of LLD records, in parallel processes, resumable at every shard."""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from drl4ser.config import FrameConfig
from drl4ser.console import import_tensorflow, progress
from drl4ser.corpora import Utterance
from drl4ser.data.store import (
    INDEX_FILE,
    PLAN_FILE,
    RecordError,
    ShardContents,
    check_plan,
    describe_labels,
    make_plan,
    read_json,
    read_shard_contents,
    write_json,
)
from drl4ser.features import extract_llds
from drl4ser.features.audio import AudioError, is_silent, open_audio
from drl4ser.files import file_sha256, is_leftover, lock_folder, remove_leftovers
from drl4ser.parallel.workers import map_in_order

SHARD_SIZE = 64
MIN_SECONDS = 0.1
"""Shorter recordings are left out: they are too short to carry an emotion."""


@dataclasses.dataclass(frozen=True)
class Description:
    """LLDs, sampling rate in Hz and digest of one file, or the problem with it."""

    llds: np.ndarray | None = None
    sample_rate: int = 0
    digest: str = ""
    problem: str = ""


def make_records(
    utterances: list[Utterance],
    directory: Path,
    corpus: str,
    frame: FrameConfig = FrameConfig(),
    num_workers: int = 1,
    shard_size: int = SHARD_SIZE,
) -> list[tuple[str, str]]:
    """Extract the LLDs of every utterance into `directory`; finished shards of an earlier run are kept.

    A shard is finished if it and its JSON file match their checksums; a damaged one is rebuilt, and so is one whose
    recordings were moved since. The bytes written do not depend on the number of workers or on interruptions. Complete
    records are not written to, so they may lie where nothing can be written.

    Returns:
        (path, reason) of every file that was skipped.

    Raises:
        RecordError: if `directory` was made with other settings, or if no file is usable.
        LockedError: if another process writes there.
    """
    utterances = sorted(utterances, key=lambda utterance: utterance.id)
    plan = make_plan(utterances, corpus, frame, shard_size)
    shards = {
        directory / f"shard-{first // shard_size:05d}": utterances[first : first + shard_size]
        for first in range(0, len(utterances), shard_size)
    }
    if _is_complete(directory, plan, shards) and len(finished := _read_all_finished(shards)) == len(shards):
        return [problem for contents in finished.values() for problem in contents.problems]
    with lock_folder(directory, "wait for it to end, or choose another RECORDS_DIR (--records_dir)"):
        return _make_records(directory, plan, shards, frame, num_workers)


def _is_complete(directory: Path, plan: dict, shards: dict) -> bool:
    """Whether the index, written last, lists these shards of this plan, and nothing is to be mended or cleared away."""
    try:
        found = read_json(directory / PLAN_FILE), read_json(directory / INDEX_FILE)
        return found == (plan, _make_index(plan, shards)) and not any(map(is_leftover, directory.iterdir()))
    except RecordError:
        return False


def _make_records(directory, plan, shards, frame, num_workers) -> list[tuple[str, str]]:
    check_plan(directory, plan)
    remove_leftovers(directory)
    finished = _read_all_finished(shards)
    num_utterances = sum(map(len, shards.values()))
    pending = [item for stem, part in shards.items() if stem not in finished for item in part]
    described = map_in_order(functools.partial(describe, frame=frame), pending, min(num_workers, len(pending)))
    seen: dict[str, str] = {}
    with progress(total=num_utterances, initial=num_utterances - len(pending), unit="utt", desc="LLDs") as bar:
        for stem, part in shards.items():
            if stem not in finished:
                _write_shard(stem, part, described, seen, bar)
                finished[stem] = read_shard_contents(stem.with_suffix(".json"))
            seen.update(finished[stem].digests)
    return _finish(directory, plan, {stem: finished[stem] for stem in shards})


def _read_all_finished(shards: dict[Path, list[Utterance]]) -> dict[Path, ShardContents]:
    """The contents of the shards that are complete, undamaged and made from the files where these are now."""
    finished = {}
    for stem, part in shards.items():
        try:
            contents = read_shard_contents(stem.with_suffix(".json"))
            is_whole = file_sha256(stem.with_suffix(".tfrecord")) == contents.sha256
        except (RecordError, OSError):
            continue
        paths = {*(str(item.path) for item in contents.utterances), *(path for path, _ in contents.problems)}
        if is_whole and paths == {str(item.path) for item in part}:
            finished[stem] = contents
    return finished


def describe(utterance: Utterance, frame: FrameConfig) -> Description:
    """Extract the LLDs and the digest of one file, or find why it cannot be used.

    Raises:
        AudioAccessError: if the file cannot be read now; to leave it out would leave it out for good.
    """
    try:
        with open_audio(utterance.path) as audio:
            signal = audio.read()
    except AudioError as error:
        return Description(problem=error.reason)
    seconds = len(signal) / audio.sample_rate
    if seconds < MIN_SECONDS:
        return Description(problem=f"too short: {seconds:.3f} s, at least {MIN_SECONDS:.3f} s are needed")
    if is_silent(signal):
        return Description(problem="silent")
    try:
        return Description(extract_llds(signal, audio.sample_rate, frame), audio.sample_rate, audio.digest())
    except ValueError as error:
        return Description(problem=str(error))


def _write_shard(stem: Path, part: list[Utterance], described: Iterator, seen: dict[str, str], bar: tqdm) -> None:
    # TensorFlow is imported by the process that writes only: the workers start faster and stay small without it
    import_tensorflow()
    from drl4ser.data.records import serialize_utterance, write_tfrecords

    serialized, rows, problems = [], [], []
    for utterance, description in zip(part, described, strict=False):
        bar.update()
        problem = description.problem
        if not problem and description.digest in seen:
            problem = f"duplicate: the same recording as {seen[description.digest]}"
        if problem:
            problems.append([str(utterance.path), problem])
            continue
        seen[description.digest] = utterance.id
        serialized.append(serialize_utterance(utterance, description.llds))
        made = {
            "num_frames": len(description.llds),
            "sample_rate": description.sample_rate,
            "digest": description.digest,
        }
        rows.append({**describe_labels(utterance), "path": str(utterance.path), **made})
    sha256 = write_tfrecords(stem.with_suffix(".tfrecord"), serialized)
    write_json(stem.with_suffix(".json"), {"sha256": sha256, "utterances": rows, "problems": problems})


def _finish(directory: Path, plan: dict, shards: dict[Path, ShardContents]) -> list[tuple[str, str]]:
    problems = [problem for contents in shards.values() for problem in contents.problems]
    if not any(contents.utterances for contents in shards.values()):
        path, reason = problems[0] if problems else ("no file", "no utterances")
        raise RecordError(f"no usable audio in this corpus; the first problem is {path}: {reason}")
    write_json(directory / INDEX_FILE, _make_index(plan, shards))
    return problems


def _make_index(plan: dict, shards: dict) -> dict:
    return {**plan, "shards": [stem.name for stem in shards]}
