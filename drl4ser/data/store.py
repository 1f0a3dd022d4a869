"""A folder of LLD records: what it was made from, where its shards are, and which utterances they hold.

Layout: `plan.json` (settings, written first), `shard-00000.tfrecord` with `shard-00000.json` beside it (its rows,
problems and checksum; a shard counts once this file exists) and `index.json` (written last: the store is complete).
The JSON files carry their own checksums. What is damaged, `make_records` makes anew, and only that.
"""

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from drl4ser.config import FrameConfig, complete, to_dict
from drl4ser.corpora import Utterance
from drl4ser.data.store_files import LABELS, REMEDY, RecordError, field, read_json, read_side, write_json
from drl4ser.features import EXTRACTOR_VERSION
from drl4ser.files import file_sha256, is_leftover

FORMAT = 1
PLAN_FILE = "plan.json"
INDEX_FILE = "index.json"


@dataclasses.dataclass(frozen=True)
class RecordStore:
    """An opened record folder.

    Attributes:
        directory: the folder.
        corpus: name of the corpus.
        utterances: what the shards hold, sorted by id (files with problems are not among them).
        num_frames: LLD frames of each utterance, by id.
        shards: TFRecord files in order.
        shard_sizes: number of utterances in each of `shards`.
        checksums: SHA-256 of each of `shards`.
        problems: (path, reason) of every file that was skipped.
    """

    directory: Path
    corpus: str
    utterances: tuple[Utterance, ...]
    num_frames: dict[str, int]
    shards: tuple[Path, ...]
    shard_sizes: tuple[int, ...]
    checksums: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]

    def subset(self, emotions: tuple[str, ...]) -> list[Utterance]:
        """The utterances of the classes `emotions`, sorted by id."""
        return [utterance for utterance in self.utterances if utterance.emotion in emotions]


def make_plan(utterances: list[Utterance], corpus: str, frame: FrameConfig, shard_size: int) -> dict[str, Any]:
    """Everything that the records depend on, as plain values; two equal plans give the same bytes."""
    digest = hashlib.sha256()
    for utterance in utterances:
        labels = [getattr(utterance, label) for label in LABELS]
        size = utterance.path.stat().st_size if utterance.path.exists() else -1
        digest.update(json.dumps([*labels, size]).encode())
    return {
        "format": FORMAT,
        "corpus": corpus,
        "extractor": EXTRACTOR_VERSION,
        "frame": to_dict(frame),
        "shard_size": shard_size,
        "num_utterances": len(utterances),
        "utterances_sha256": digest.hexdigest(),
    }


def check_plan(directory: Path, plan: dict[str, Any]) -> None:
    """Write `plan` into a new folder, or make sure that an existing folder was begun with the same plan.

    Raises:
        RecordError: naming the first setting that differs and what to do.
    """
    path = directory / PLAN_FILE
    if not path.exists() and not (directory / INDEX_FILE).exists():
        if directory.exists() and not all(map(is_leftover, directory.iterdir())):
            raise RecordError(f"{directory} is not empty and holds no {PLAN_FILE}; choose another folder")
        directory.mkdir(parents=True, exist_ok=True)
        write_json(path, plan)
        return
    found = _recorded_plan(directory)
    for name, value in plan.items():
        if found.get(name) != value:
            raise RecordError(
                f"{directory} was made with {name}={found.get(name)!r}, now it is {value!r}; "
                "delete that folder (its records are made anew) or choose another"
            )
    write_json(path, plan)


def _recorded_plan(directory: Path) -> dict[str, Any]:
    """The plan of an existing folder; the index repeats it, should the plan itself be damaged."""
    try:
        return _read_settings(directory / PLAN_FILE)
    except RecordError as error:
        if not (directory / INDEX_FILE).exists():
            raise RecordError(
                f"{directory / PLAN_FILE} is damaged; delete {directory} and make the records anew"
            ) from error
        return _read_settings(directory / INDEX_FILE)


def _read_settings(path: Path) -> dict[str, Any]:
    """A plan or index, with the frame settings that it is older than."""
    settings = read_json(path)
    try:
        return {**settings, "frame": complete(FrameConfig, settings.get("frame", {}))}
    except ValueError:  # made by a later version: the caller names the difference
        return settings


def open_store(directory: Path, frame: FrameConfig | None = None) -> RecordStore:
    """Open a complete record folder.

    Args:
        directory: made by `make_records`.
        frame: the configuration that the caller wants; None accepts the folder's own.

    Raises:
        RecordError: if the folder is missing, unfinished or damaged, or if its extractor version or frame
            configuration is not the wanted one.
    """
    index = _read_settings(directory / INDEX_FILE)
    wanted = {"format": FORMAT, "extractor": EXTRACTOR_VERSION}
    if frame is not None:
        wanted["frame"] = to_dict(frame)
    for name, value in wanted.items():
        if index.get(name) != value:
            raise RecordError(
                f"{directory} was made with {name}={index.get(name)!r}, this version wants {value!r}; "
                "delete that folder and make the records anew"
            )
    utterances, num_frames, sizes, checksums, problems = [], {}, [], [], []
    names = field(directory / INDEX_FILE, index, "shards", list)
    for name in names:
        if not (isinstance(name, str) and re.fullmatch(r"shard-\d+", name)):
            raise RecordError(f"{directory / INDEX_FILE} is damaged (a shard {name!r:.80}); {REMEDY}")
        side = read_side(directory / f"{name}.json")
        checksums.append(side.sha256)
        sizes.append(len(side.utterances))
        utterances.extend(side.utterances)
        num_frames.update(side.num_frames)
        problems.extend(side.problems)
    shards = tuple(directory / f"{name}.tfrecord" for name in names)
    for shard in shards:
        if not shard.exists():
            raise RecordError(f"{shard} is missing; {REMEDY}")
    corpus = field(directory / INDEX_FILE, index, "corpus", str)
    return RecordStore(
        directory=directory,
        corpus=corpus,
        utterances=tuple(utterances),
        num_frames=num_frames,
        shards=shards,
        shard_sizes=tuple(sizes),
        checksums=tuple(checksums),
        problems=tuple(problems),
    )


def verify_shards(store: RecordStore) -> None:
    """Compare every shard with its checksum; this reads the whole store once.

    Raises:
        RecordError: naming the first damaged shard and how to make it anew.
    """
    for shard, checksum in zip(store.shards, store.checksums, strict=True):
        try:
            found = file_sha256(shard)
        except OSError as error:
            raise RecordError(f"{shard} cannot be read ({error.strerror}); {REMEDY}") from None
        if found != checksum:
            raise RecordError(f"{shard} is damaged (its content does not match its checksum); {REMEDY}")
