"""From a corpus's audio files to a folder of LLD records, in parallel processes, resumable at every shard."""

import dataclasses
import functools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from drl4ser.atomic import atomic_write_text
from drl4ser.config import FrameConfig
from drl4ser.corpora import Utterance, inspect_audio
from drl4ser.data.store import INDEX_FILE, LABELS, RecordError, check_plan, make_plan, read_json
from drl4ser.features import extract_llds, load_audio
from drl4ser.quiet import import_tensorflow
from drl4ser.workers import map_in_order

SHARD_SIZE = 64


@dataclasses.dataclass(frozen=True)
class _Description:
    """What a worker found in one file."""

    llds: np.ndarray | None = None
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

    The bytes written depend on neither the number of workers nor on interruptions.

    Returns:
        (path, reason) of every file that was skipped.

    Raises:
        RecordError: if `directory` was made with other settings, or if no file is usable.
    """
    utterances = sorted(utterances, key=lambda utterance: utterance.id)
    plan = make_plan(utterances, corpus, frame, shard_size)
    check_plan(directory, plan)
    names = [f"shard-{number:05d}" for number in range(-(-len(utterances) // shard_size))]
    done = 0
    while done < len(names) and (directory / f"{names[done]}.json").exists():
        done += 1
    seen = _known_digests(directory, names[:done])
    pending = utterances[done * shard_size :]
    described = map_in_order(
        functools.partial(_describe, frame=frame), pending, min(num_workers, len(pending))
    )
    with tqdm(total=len(utterances), initial=len(utterances) - len(pending), unit="utt", desc="LLDs") as bar:
        for number in range(done, len(names)):
            part = utterances[number * shard_size : (number + 1) * shard_size]
            _write_shard(directory / names[number], part, described, seen, bar)
    return _finish(directory, plan, names)


def _describe(utterance: Utterance, frame: FrameConfig) -> _Description:
    """LLDs and digest of one file's samples, or why the file is not usable."""
    reason, digest = inspect_audio(utterance.path)
    if reason:
        return _Description(problem=reason)
    try:
        signal, sample_rate = load_audio(utterance.path)
        llds = extract_llds(signal, sample_rate, frame)
    except ValueError as error:
        return _Description(problem=str(error))
    return _Description(llds, digest)


def _write_shard(
    stem: Path, part: list[Utterance], described: Iterator, seen: dict[str, str], bar: tqdm
) -> None:
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
        row = {label: getattr(utterance, label) for label in LABELS}
        row.update(path=str(utterance.path), num_frames=len(description.llds), digest=description.digest)
        rows.append(row)
    sha256 = write_tfrecords(stem.with_suffix(".tfrecord"), serialized)
    side = {"sha256": sha256, "utterances": rows, "problems": problems}
    atomic_write_text(stem.with_suffix(".json"), json.dumps(side, indent=1) + "\n")


def _known_digests(directory: Path, names: list[str]) -> dict[str, str]:
    rows = (row for name in names for row in read_json(directory / f"{name}.json")["utterances"])
    return {row["digest"]: row["id"] for row in rows}


def _finish(directory: Path, plan: dict, names: list[str]) -> list[tuple[str, str]]:
    sides = [read_json(directory / f"{name}.json") for name in names]
    if not any(side["utterances"] for side in sides):
        first = next(
            (problem for side in sides for problem in side["problems"]), ("no file", "no utterances")
        )
        raise RecordError(f"no usable audio in this corpus; the first problem is {first[0]}: {first[1]}")
    if not (directory / INDEX_FILE).exists():
        atomic_write_text(directory / INDEX_FILE, json.dumps({**plan, "shards": names}, indent=1) + "\n")
    return [tuple(problem) for side in sides for problem in side["problems"]]
