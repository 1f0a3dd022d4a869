"""The JSON files of a record folder: written with a checksum, read with every member checked."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from drl4ser.corpora import Utterance
from drl4ser.files import add_checksum, atomic_write_text, verify_checksum

LABELS = ("id", "emotion", "speaker", "session", "text")
REMEDY = "run `python -m data_prep.make_records` (make records) again: it makes only what is damaged anew"


class RecordError(ValueError):
    """A record folder that is missing, unfinished, damaged or made with other settings; names it and the remedy."""


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
    """A JSON object of the store. Raises RecordError if it is missing or damaged."""
    try:
        return verify_checksum(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RecordError(f"{path} is missing: run `python -m data_prep.make_records` to make the records") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} is damaged ({error}); {REMEDY}") from None


@dataclasses.dataclass(frozen=True)
class ShardSide:
    """What stands beside a shard.

    Attributes:
        sha256: of the TFRecord file.
        utterances: its utterances, in order.
        num_frames: LLD frames of each utterance, by id.
        digests: id of each utterance by the digest of its samples.
        problems: (path, reason) of every file that was skipped.
    """

    sha256: str
    utterances: tuple[Utterance, ...]
    num_frames: dict[str, int]
    digests: dict[str, str]
    problems: tuple[tuple[str, str], ...]


def read_side(path: Path) -> ShardSide:
    """The JSON file beside a shard. Raises RecordError if it is missing or damaged."""
    values = read_json(path)
    sha256 = field(path, values, "sha256", str)
    utterances, num_frames, digests = [], {}, {}
    for row in field(path, values, "utterances", list):
        labels = {label: field(path, row, label, str) for label in LABELS}
        utterances.append(Utterance(**labels, path=Path(field(path, row, "path", str))))
        num_frames[labels["id"]] = field(path, row, "num_frames", int)
        digests[field(path, row, "digest", str)] = labels["id"]
    problems = []
    for problem in field(path, values, "problems", list):
        if not (isinstance(problem, list) and [type(item) for item in problem] == [str, str]):
            raise RecordError(f"{path} is damaged (a problem {problem!r:.80}); {REMEDY}")
        problems.append(tuple(problem))
    return ShardSide(sha256, tuple(utterances), num_frames, digests, tuple(problems))


def field(path: Path, values: Any, name: str, kind: type) -> Any:
    """A member of a JSON object. Raises RecordError if it is missing or not of the class `kind`."""
    value = values.get(name) if isinstance(values, dict) else None
    if type(value) is not kind:
        raise RecordError(f"{path} is damaged (its {name!r} is {value!r:.80}); {REMEDY}")
    return value
