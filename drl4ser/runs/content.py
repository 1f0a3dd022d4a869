"""Content of the corpus that a fold was run on: a fold of other data is refused, and the message names the change."""

import dataclasses
import hashlib
import json

from drl4ser.config import ExperimentConfig
from drl4ser.reporting.fold_result import FoldResult

FIELDS = ("emotion", "speaker", "session", "text", "audio", "fold")
Content = dict[str, list[str]]
"""The values of `FIELDS` of each utterance, by id; the last may be missing. See `drl4ser.data.store.RecordStore`."""


def content_sha256(content: Content) -> str:
    """SHA-256 over ids, labels, speakers, sessions, texts and audio of the utterances, whatever their order.

    Example:
        >>> content_sha256({"a": ["sad"], "b": ["happy"]}) == content_sha256({"b": ["happy"], "a": ["sad"]})
        True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def bind_content(config: ExperimentConfig, content: Content) -> ExperimentConfig:
    """`config` with `utterances_sha256`.

    Raises:
        ValueError: if it has that of another content.
    """
    found = content_sha256(content)
    if config.utterances_sha256 not in ("", found):
        raise ValueError("the records changed while folds were run on them; run the same command again")
    return dataclasses.replace(config, utterances_sha256=found)


def describe_changes(before: Content, now: Content) -> str:
    """The difference between two contents in a few words, with the first utterance of each kind.

    Example:
        >>> before = {"a": ["sad", "", "", "", ""], "b": ["happy", "", "", "", ""]}
        >>> describe_changes(before, {"a": ["angry", "", "", "", ""]})
        "1 utterance is gone, such as 'b'; emotion of 1 utterance changed, such as 'a', sad, now angry"
    """
    parts = []
    for kind, ids in (("gone", before.keys() - now.keys()), ("new", now.keys() - before.keys())):
        if ids:
            parts.append(f"{_count(ids)} {'is' if len(ids) == 1 else 'are'} {kind}, such as {min(ids)!r}")
    before, now = _pad(before), _pad(now)
    for index, field in enumerate(FIELDS):
        ids = [name for name in sorted(before.keys() & now.keys()) if before[name][index] != now[name][index]]
        if ids:
            example = repr(ids[0])
            if field not in ("text", "audio"):  # of which only digests are kept
                example += f", {before[ids[0]][index] or 'none'}, now {now[ids[0]][index] or 'none'}"
            parts.append(f"{field} of {_count(ids)} changed, such as {example}")
    return "; ".join(parts) or "in no utterance"


def describe_contradictions(result: FoldResult, content: Content) -> str:
    """The difference between a result without `utterances_sha256` and a corpus: what its test part tells, else ""."""
    before = {name: [result.classes[label]] for name, label in zip(result.utterances, result.labels, strict=True)}
    now = {name: [content[name][0]] for name in before.keys() & content.keys()}
    if before == now:
        return ""
    return describe_changes(before, now)


def _pad(content: Content) -> Content:
    return {name: [*row, *[""] * (len(FIELDS) - len(row))] for name, row in content.items()}


def _count(ids) -> str:
    return f"{len(ids)} utterance{'' if len(ids) == 1 else 's'}"
