"""Corpora by name, and the one function that reads any of them."""

import dataclasses
import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from drl4ser.corpora import iemocap, manifest
from drl4ser.corpora.acted import ACTED, read_acted
from drl4ser.corpora.utterance import FOUR_CLASSES, CorpusError, Utterance


@dataclasses.dataclass(frozen=True)
class Corpus:
    """Reader and classes of a corpus.

    Attributes:
        read: takes the root and `allow_partial`, returns the utterances of all classes.
        classes: its emotions; None if they are listed only in its file.
        merged: emotions that count as another one unless they are asked for by name.
    """

    read: Callable[..., list[Utterance]]
    classes: tuple[str, ...] | None
    merged: tuple[tuple[str, str], ...] = ()


# Excited counts as happy in the paper's four classes (notes.md, Protocol).
_EXCITED = (("excited", "happy"),)
CORPORA: dict[str, Corpus] = {
    "synthetic": Corpus(iemocap.read_synthetic, tuple(iemocap.EMOTIONS.values()), _EXCITED),
    "iemocap": Corpus(iemocap.read_iemocap, tuple(iemocap.EMOTIONS.values()), _EXCITED),
    **{
        name: Corpus(functools.partial(read_acted, corpus), tuple(corpus.emotions.values()))
        for name, corpus in ACTED.items()
    },
    "manifest": Corpus(manifest.read_manifest, None),
}


def name_corpus(corpus: str, root: Path | str, name: str = "") -> str:
    """The name under which records, runs and results of a corpus are kept; manifests have names of their own.

    Args:
        corpus: one of `CORPORA`.
        root: folder of the corpus; for a manifest, the CSV file.
        name: of a manifest, in place of its file's name without the ending.

    Raises:
        CorpusError: if the name is not made of letters, digits and underscores, or is that of another corpus.

    Example:
        >>> name_corpus("manifest", "/data/my calls.csv"), name_corpus("ravdess", "/data/RAVDESS")
        ('my_calls', 'ravdess')
    """
    if corpus != "manifest":
        if name not in ("", corpus):
            raise CorpusError(f"NAME={name}: only a manifest can be named; {corpus} has its own name")
        return corpus
    name = name or re.sub(r"\W", "_", Path(root).stem)
    if not re.fullmatch(r"\w+", name):
        raise CorpusError(f"NAME={name}: use letters, digits and underscores")
    if name in CORPORA and name != corpus:
        raise CorpusError(f"{root} would be named like the corpus {name}; give it another name, NAME=... (--name)")
    return name


def read_corpus(
    name: str,
    root: Path | str,
    emotions: Sequence[str] | None = None,
    allow_partial: bool = False,
    audio_root: Path | str | None = None,
) -> list[Utterance]:
    """Read a corpus from disk; only names and labels; `make_records` checks the audio.

    Args:
        name: one of `CORPORA`.
        root: folder of the corpus; for a manifest, the CSV file.
        emotions: None for angry, happy, neutral and sad (of a manifest, all that occur in it); "all" for
            every class of the corpus; or the names of some. Excited counts as happy unless it is asked for.
        allow_partial: accept an incomplete copy.
        audio_root: of a manifest, the folder that relative paths start from; None for that of the CSV file.

    Returns:
        Utterances sorted by id.

    Raises:
        CorpusError: if the corpus, an emotion or something on disk is not as expected.
    """
    if name not in CORPORA:
        raise CorpusError(f"unknown corpus {name!r}; choose one of {', '.join(CORPORA)}")
    if isinstance(emotions, str) and emotions != "all":
        raise CorpusError(f"`emotions` must be 'all' or a tuple of names. Received: emotions={emotions!r}")
    corpus = CORPORA[name]
    if audio_root is not None and name != "manifest":
        raise CorpusError(f"`audio_root` (AUDIO_ROOT) is for a manifest, {name} has its own layout; leave it out")
    options = {} if audio_root is None else {"audio_root": Path(audio_root).expanduser()}
    utterances = corpus.read(Path(root).expanduser(), allow_partial, **options)
    classes = corpus.classes or tuple(sorted({utterance.emotion for utterance in utterances}))
    if emotions == "all" or (emotions is None and corpus.classes is None):
        wanted = classes
    else:
        wanted = FOUR_CLASSES if emotions is None else tuple(emotions)
    selected = _select(name, _merge(utterances, corpus.merged, wanted), classes, wanted)
    if emotions not in (None, "all"):
        _refuse_empty_classes(name, selected, wanted)
    return selected


def _merge(utterances: list[Utterance], merged: tuple, wanted: tuple[str, ...]) -> list[Utterance]:
    new_names = {old: new for old, new in merged if old not in wanted}
    return [
        dataclasses.replace(item, emotion=new_names[item.emotion]) if item.emotion in new_names else item
        for item in utterances
    ]


def _select(
    corpus: str, utterances: list[Utterance], classes: tuple[str, ...], wanted: tuple[str, ...]
) -> list[Utterance]:
    for emotion in wanted:
        if emotion not in classes:
            raise CorpusError(
                f"unknown emotion {emotion!r}: {corpus} has {', '.join(classes)}; choose among these or 'all'"
            )
    chosen = frozenset(wanted)
    selected = [utterance for utterance in utterances if utterance.emotion in chosen]
    if not selected:
        raise CorpusError(
            f"{corpus} has no utterance that is {' or '.join(wanted) or 'labelled'}; check DATA_DIR and the emotions"
        )
    return sorted(selected, key=lambda utterance: utterance.id)


def _refuse_empty_classes(corpus: str, utterances: list[Utterance], wanted: tuple[str, ...]) -> None:
    found = {utterance.emotion for utterance in utterances}
    for emotion in wanted:
        if emotion not in found:
            raise CorpusError(f"{corpus} has no {emotion} utterance; complete it or leave this emotion out")
