"""The finished run whose weights a training starts with: what must fit, which recordings the weights have seen."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from drl4ser.config import ExperimentConfig, from_dict
from drl4ser.files import atomic_write_text, file_sha256
from drl4ser.runs.content import FIELDS, Content, content_sha256
from drl4ser.runs.paths import CONFIG_FILE, ORIGIN_FILE, UTTERANCES_FILE, WEIGHTS_FILE, read_json, verify_files
from drl4ser.runs.run import TrainedRun, check_run, load_run

_AUDIO, _SPEAKER = FIELDS.index("audio"), FIELDS.index("speaker")
_MAY_DIFFER = ("num_classes", "dropout")  # of the fields of ModelConfig


@dataclasses.dataclass(frozen=True)
class Origin:
    """A run to start from.

    Attributes:
        directory: of the run.
        config: its settings.
        name: corpus and SHA-256 (16 digits) of the file of its weights, as `ExperimentConfig.init_from` has it.
        seen: by corpus, the utterances that its weights were trained, chosen or tested with: its corpus, and what the
            run that it started from had seen.
    """

    directory: Path
    config: ExperimentConfig
    name: str
    seen: dict[str, Content]


def read_origin(directory: Path) -> Origin:
    """Read what is needed of a run to start from; its model is not read.

    Raises:
        ValueError: if it is not a finished fold with weights, or does not list its recordings.
    """
    check_run(directory)
    for name, purpose in ((WEIGHTS_FILE, "weights"), (UTTERANCES_FILE, "list of its recordings")):
        if not (directory / name).exists():
            raise ValueError(f"{directory} cannot be started from: it has no {name}, the {purpose}; train it again")
    verify_files(directory)
    config = read_json(directory / CONFIG_FILE, lambda values: from_dict(ExperimentConfig, values))
    content = read_json(directory / UTTERANCES_FILE)
    if content_sha256(content) != config.utterances_sha256:
        raise ValueError(f"{directory / UTTERANCES_FILE} is damaged or of other data; train that run again")
    seen = read_seen(directory)
    seen[config.corpus] = seen.get(config.corpus, {}) | content
    name = f"{config.corpus}-{file_sha256(directory / WEIGHTS_FILE)[:16]}"
    return Origin(directory, config, name, seen)


def read_seen(directory: Path) -> dict[str, Content]:
    """Read what the initial weights of a run had seen, by corpus; nothing if they were random."""
    path = directory / ORIGIN_FILE
    return read_json(path) if path.exists() else {}


def write_seen(directory: Path, origin: Origin) -> None:
    """Keep what the initial weights have seen in the directory of the run that starts with them."""
    atomic_write_text(directory / ORIGIN_FILE, json.dumps(origin.seen, indent=0) + "\n")


def find_seen(seen: dict[str, Content], corpus: str, content: Content, ids: Iterable[str]) -> list[str]:
    """Find which utterances of a corpus the weights have seen: the same audio, or an id of a corpus of that name.

    Example:
        >>> row = ["sad", "s1", "", "", "0f"]
        >>> find_seen({"a": {"x": row}}, "b", {"y": row, "z": ["sad", "s2", "", "", "1f"]}, ["y", "z"])
        ['y']
    """
    audio = {row[_AUDIO] for known in seen.values() for row in known.values()}
    return [name for name in ids if name in seen.get(corpus, {}) or content[name][_AUDIO] in audio]


def check_fit(origin: Origin, config: ExperimentConfig) -> None:
    """Refuse a run whose weights are not those of the network that is to be trained.

    Raises:
        ValueError: naming the first setting that differs.
    """
    differing = [("frame", origin.config.frame, config.frame)]
    for field in dataclasses.fields(config.model):
        if field.name not in _MAY_DIFFER:
            pair = getattr(origin.config.model, field.name), getattr(config.model, field.name)
            differing.append((f"model.{field.name}", *pair))
    for name, found, wanted in differing:
        if found != wanted:
            raise ValueError(
                f"INIT_FROM (--init_from): {origin.directory} was trained with {name}={found!r}, here it is "
                f"{wanted!r}; only {' and '.join(_MAY_DIFFER)} may differ (PROFILE sets the width)"
            )


def check_leak(origin: Origin, corpus: str, content: Content, parts: dict[str, tuple[str, ...]], split: str) -> None:
    """Refuse a fold that would be tested or validated on recordings of the corpora of the initial weights.

    Those that the run itself was tested with are not excepted: it may have been chosen among others by them.

    Args:
        origin: the run to start from.
        corpus: name of the corpus that is trained on.
        content: of that corpus.
        parts: ids of its "train", "validation" and "test" part.
        split: of the fold. If it is not "random" and no speaker of the test part is in another part, the run may not
            have seen these speakers either, as far as the corpora have one name.

    Raises:
        ValueError: naming how many recordings are shared.
    """
    found = {part: find_seen(origin.seen, corpus, content, parts[part]) for part in ("test", "validation")}
    counts = [f"{len(ids)} of {len(parts[part])} recordings of its {part} part" for part, ids in found.items() if ids]
    if counts:
        raise ValueError(
            f"INIT_FROM (--init_from): the corpus of {origin.directory} holds {' and '.join(counts)}, such as "
            f"{next(filter(None, found.values()))[0]!r}: that would be a test of its memory. Start from a run on "
            "another corpus, or leave them out of one of the two"
        )
    speakers = {part: {content[name][_SPEAKER] for name in ids} - {""} for part, ids in parts.items()}
    known = {row[_SPEAKER] for row in origin.seen.get(corpus, {}).values()} & speakers["test"]
    if split != "random" and known and not speakers["test"] & (speakers["train"] | speakers["validation"]):
        raise ValueError(
            f"INIT_FROM (--init_from): the corpus of {origin.directory} holds {len(known)} of "
            f"{len(speakers['test'])} speakers of the test part, such as {min(known)!r}, and SPLIT={split} tests "
            "unknown ones. Start from a run on other speakers, or use SPLIT=random"
        )


def load_initial_weights(origin: Origin, precision: str) -> tuple[dict[str, list[np.ndarray]], TrainedRun]:
    """Load the weights of all layers below the classifier, by name, and the run that they are of."""
    import keras

    from drl4ser.models.assembly import find_representations

    run = load_run(origin.directory, precision)
    encoder = keras.Model(run.model.inputs, find_representations(run.model))
    return {layer.name: layer.get_weights() for layer in encoder.layers}, run


def check_words(origin: Origin, run: TrainedRun, word_vectors) -> None:
    """Refuse word vectors in which a word means something else than in those of the run.

    Raises:
        ValueError: naming a word.
    """
    if word_vectors is None:
        return
    for word in sorted(set(run.word_vectors.words) & set(word_vectors.words)):
        if not np.allclose(run.word_vectors.embed(word), word_vectors.embed(word), atol=1e-5):
            raise ValueError(
                f"INIT_FROM (--init_from): {origin.directory} was trained with other word vectors than WORD_VECTORS "
                f"(--word_vectors), in which {word!r} has another one; give the file that it was trained with"
            )
