"""A folder of LLD records: what it was made from, where its shards are, and which utterances they hold.

Layout: `plan.json` (settings, written first), `shard-00000.tfrecord` with `shard-00000.json` beside it (its rows,
problems and checksum; a shard counts once this file exists) and `index.json` (written last: the store is complete).
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from drl4ser.atomic import atomic_write_text
from drl4ser.config import FrameConfig, complete, to_dict
from drl4ser.corpora import Utterance
from drl4ser.features import EXTRACTOR_VERSION

FORMAT = 1
PLAN_FILE = "plan.json"
INDEX_FILE = "index.json"
LABELS = ("id", "emotion", "speaker", "session", "text")


class RecordError(ValueError):
    """A record folder that is missing, unfinished, damaged or made with other settings; names it and the remedy."""


@dataclasses.dataclass(frozen=True)
class RecordStore:
    """An opened record folder.

    Attributes:
        directory: the folder.
        corpus: name of the corpus.
        utterances: what the shards hold, sorted by id (files with problems are not among them).
        num_frames: LLD frames of each utterance, by id.
        shards: TFRecord files in order.
        problems: (path, reason) of every file that was skipped.
    """

    directory: Path
    corpus: str
    utterances: tuple[Utterance, ...]
    num_frames: dict[str, int]
    shards: tuple[Path, ...]
    problems: tuple[tuple[str, str], ...]

    def subset(self, emotions: tuple[str, ...]) -> list[Utterance]:
        """The utterances of the classes `emotions`, sorted by id."""
        return [utterance for utterance in self.utterances if utterance.emotion in emotions]


def make_plan(
    utterances: list[Utterance], corpus: str, frame: FrameConfig, shard_size: int
) -> dict[str, Any]:
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
    if not path.exists():
        if directory.exists() and any(directory.iterdir()):
            raise RecordError(f"{directory} is not empty and holds no {PLAN_FILE}; choose another folder")
        directory.mkdir(parents=True, exist_ok=True)
        atomic_write_text(path, json.dumps(plan, indent=1) + "\n")
        return
    found = _read_settings(path)
    for name, value in plan.items():
        if found.get(name) != value:
            raise RecordError(
                f"{directory} was made with {name}={found.get(name)!r}, now it is {value!r}; "
                "delete that folder (its records are made anew) or choose another"
            )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of the store. Raises RecordError if it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing: run `python -m data_prep.make_records` to make the records"
        ) from None
    except (OSError, ValueError) as error:
        raise RecordError(
            f"{path} is damaged ({error}); delete {path.parent} and make the records anew"
        ) from None
    return value


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
    utterances, num_frames, problems = [], {}, []
    for name in index["shards"]:
        rows = read_json(directory / f"{name}.json")
        for row in rows["utterances"]:
            labels = {label: row[label] for label in LABELS}
            utterances.append(Utterance(**labels, path=Path(row["path"])))
            num_frames[row["id"]] = row["num_frames"]
        problems.extend((path, reason) for path, reason in rows["problems"])
    shards = tuple(directory / f"{name}.tfrecord" for name in index["shards"])
    for shard in shards:
        if not shard.exists():
            raise RecordError(f"{shard} is missing; delete {directory} and make the records anew")
    return RecordStore(directory, index["corpus"], tuple(utterances), num_frames, shards, tuple(problems))
