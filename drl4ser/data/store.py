"""A folder of LLD records: its settings, its shards and the utterances in them.

Layout: `plan.json` (settings, written first), `shard-00000.tfrecord` with `shard-00000.json` beside it (its rows,
problems and checksum; a shard counts once this file exists) and `index.json` (written last: the store is complete).
The JSON files carry their own checksums. `make_records` rebuilds what is damaged, and only that.
"""

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from drl4ser.config import FrameConfig, complete, to_dict
from drl4ser.corpora import Utterance
from drl4ser.features import EXTRACTOR_VERSION
from drl4ser.features.audio import AudioError, hash_audio
from drl4ser.files import add_checksum, atomic_write_text, file_sha256, is_leftover, verify_checksum

FORMAT = 1
PLAN_FILE = "plan.json"
INDEX_FILE = "index.json"
LABELS = ("id", "emotion", "speaker", "session", "text")
OPTIONAL_LABEL = "fold"  # written where it is given: most corpora have none, and earlier versions did not write it
REMEDY = "run `python -m data_prep.make_records` (make records) again: it rebuilds only what is damaged"


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
        sample_rates: in Hz, of the file of each utterance, by id; records of earlier versions hold none.
        digests: digest of the samples of each utterance, by id.
        shards: TFRecord files in order.
        shard_sizes: number of utterances in each of `shards`.
        checksums: SHA-256 of each of `shards`.
        problems: (path, reason) of every file that was skipped.
    """

    directory: Path
    corpus: str
    utterances: tuple[Utterance, ...]
    num_frames: dict[str, int]
    sample_rates: dict[str, int]
    digests: dict[str, str]
    shards: tuple[Path, ...]
    shard_sizes: tuple[int, ...]
    checksums: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]

    def subset(self, emotions: tuple[str, ...]) -> list[Utterance]:
        """Select the utterances of the classes `emotions`, sorted by id."""
        return [utterance for utterance in self.utterances if utterance.emotion in emotions]

    def durations(self, frame: FrameConfig) -> dict[str, float]:
        """Seconds of each utterance, by id; `frame` is what the records were made with."""
        return {name: count * frame.hop_ms / 1000 for name, count in self.num_frames.items()}

    def content(self, emotions: tuple[str, ...]) -> dict[str, list[str]]:
        """List everything that results depend on, of the utterances of the classes `emotions`.

        Returns:
            Emotion, speaker, session, digests of text and audio and, if it is given, fold of each utterance, by id.
        """
        return {
            item.id: [
                *(item.emotion, item.speaker, item.session),
                *(hashlib.sha256(value.encode()).hexdigest()[:16] for value in (item.text, self.digests[item.id])),
                *filter(None, [item.fold]),
            ]
            for item in self.subset(emotions)
        }


def make_plan(utterances: list[Utterance], corpus: str, frame: FrameConfig, shard_size: int) -> dict[str, Any]:
    """Collect everything that the records depend on, as plain values; two equal plans give the same bytes.

    Every file is read: one of the same size may hold another recording. Raises AudioAccessError if one may not be.
    """
    digest = hashlib.sha256()
    for utterance in utterances:
        try:
            content = hash_audio(utterance.path)
        except AudioError:  # no such file: extraction says so
            content = ""
        digest.update(json.dumps([*describe_labels(utterance).values(), content]).encode())
    return {
        "format": FORMAT,
        "corpus": corpus,
        "extractor": EXTRACTOR_VERSION,
        "frame": to_dict(frame),
        "shard_size": shard_size,
        "num_utterances": len(utterances),
        "content_sha256": digest.hexdigest(),
    }


def describe_labels(utterance: Utterance) -> dict[str, str]:
    """Collect the labels of an utterance as its shard lists them."""
    labels = {label: getattr(utterance, label) for label in LABELS}
    return labels | ({OPTIONAL_LABEL: utterance.fold} if utterance.fold else {})


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
            reason = f"was made with {name}={found.get(name)!r}, now it is {value!r}"
            if name == "content_sha256":
                reason = "was made from other files, labels or texts than the corpus has now"
                if name not in found:
                    reason = "was made by an earlier version, which did not see whether the content of a file changed"
            raise RecordError(
                f"{directory} {reason}; delete that folder (its records are rebuilt) or choose another; a second "
                "corpus needs a name of its own (NAME=)"
            )
    write_json(path, plan)


def _recorded_plan(directory: Path) -> dict[str, Any]:
    """The plan of an existing folder; the index repeats it, should the plan itself be damaged."""
    try:
        return _read_settings(directory / PLAN_FILE)
    except RecordError as error:
        if not (directory / INDEX_FILE).exists():
            raise RecordError(
                f"{directory / PLAN_FILE} is damaged; delete {directory} and make the records again"
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
                "delete that folder and make the records again"
            )
    names = field(directory / INDEX_FILE, index, "shards", list)
    for name in names:
        if not (isinstance(name, str) and re.fullmatch(r"shard-\d+", name)):
            raise RecordError(f"{directory / INDEX_FILE} is damaged (a shard {name!r:.80}); {REMEDY}")
        if not (directory / f"{name}.tfrecord").exists():
            raise RecordError(f"{directory / name}.tfrecord is missing; {REMEDY}")
    contents = [read_shard_contents(directory / f"{name}.json") for name in names]
    return RecordStore(
        directory=directory,
        corpus=field(directory / INDEX_FILE, index, "corpus", str),
        utterances=tuple(utterance for shard in contents for utterance in shard.utterances),
        num_frames={name: count for shard in contents for name, count in shard.num_frames.items()},
        sample_rates={name: rate for shard in contents for name, rate in shard.sample_rates.items()},
        digests={name: digest for shard in contents for digest, name in shard.digests.items()},
        shards=tuple(directory / f"{name}.tfrecord" for name in names),
        shard_sizes=tuple(len(shard.utterances) for shard in contents),
        checksums=tuple(shard.sha256 for shard in contents),
        problems=tuple(problem for shard in contents for problem in shard.problems),
    )


def verify_shards(store: RecordStore) -> None:
    """Compare every shard with its checksum; this reads the whole store once.

    Raises:
        RecordError: naming the first damaged shard and how to rebuild it.
    """
    for shard, checksum in zip(store.shards, store.checksums, strict=True):
        try:
            found = file_sha256(shard)
        except OSError as error:
            raise RecordError(f"{shard} cannot be read ({error.strerror}); {REMEDY}") from None
        if found != checksum:
            raise RecordError(f"{shard} is damaged (its content does not match its checksum); {REMEDY}")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON object with its checksum, unless the file holds it already."""
    text = json.dumps(add_checksum(values), indent=1) + "\n"
    try:
        is_written = path.read_bytes() == text.encode()
    except OSError:  # missing, or unreadable and so to be replaced
        is_written = False
    if not is_written:
        atomic_write_text(path, text)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of the store. Raises RecordError if it is missing or damaged."""
    try:
        return verify_checksum(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RecordError(f"{path} is missing: run `python -m data_prep.make_records` to make the records") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} is damaged ({error}); {REMEDY}") from None


@dataclasses.dataclass(frozen=True)
class ShardContents:
    """What a shard holds, as the JSON file beside it lists it.

    Attributes:
        sha256: of the TFRecord file.
        utterances: its utterances, in order.
        num_frames: LLD frames of each utterance, by id.
        sample_rates: in Hz, of the file of each utterance, by id, where they are known.
        digests: id of each utterance by the digest of its samples.
        problems: (path, reason) of every file that was skipped.
    """

    sha256: str
    utterances: tuple[Utterance, ...]
    num_frames: dict[str, int]
    sample_rates: dict[str, int]
    digests: dict[str, str]
    problems: tuple[tuple[str, str], ...]


def read_shard_contents(path: Path) -> ShardContents:
    """Read the JSON file beside a shard. Raises RecordError if it is missing or damaged."""
    values = read_json(path)
    sha256 = field(path, values, "sha256", str)
    utterances, num_frames, sample_rates, digests = [], {}, {}, {}
    for row in field(path, values, "utterances", list):
        labels = {label: field(path, row, label, str) for label in LABELS}
        if OPTIONAL_LABEL in row:
            labels[OPTIONAL_LABEL] = field(path, row, OPTIONAL_LABEL, str)
        utterances.append(Utterance(**labels, path=Path(field(path, row, "path", str))))
        num_frames[labels["id"]] = field(path, row, "num_frames", int)
        if "sample_rate" in row:
            sample_rates[labels["id"]] = field(path, row, "sample_rate", int)
        digests[field(path, row, "digest", str)] = labels["id"]
    problems = []
    for problem in field(path, values, "problems", list):
        if not (isinstance(problem, list) and [type(item) for item in problem] == [str, str]):
            raise RecordError(f"{path} is damaged (a problem {problem!r:.80}); {REMEDY}")
        problems.append(tuple(problem))
    return ShardContents(sha256, tuple(utterances), num_frames, sample_rates, digests, tuple(problems))


def field(path: Path, values: Any, name: str, kind: type) -> Any:
    """Get a member of a JSON object. Raises RecordError if it is missing or not of the class `kind`."""
    value = values.get(name) if isinstance(values, dict) else None
    if type(value) is not kind:
        raise RecordError(f"{path} is damaged (its {name!r} is {value!r:.80}); {REMEDY}")
    return value
