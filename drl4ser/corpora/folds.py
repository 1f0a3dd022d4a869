"""Cross-validation: which utterances train, validate and test (notes.md, Protocol)."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from drl4ser.config import ALL_SPLIT, GIVEN_SPLITS, ExperimentConfig
from drl4ser.corpora.given_folds import choose_validation, find_test_parts, keeps_speakers_together
from drl4ser.corpora.utterance import Utterance

SPLITS = ("random", "speaker", "session", *GIVEN_SPLITS)


@dataclasses.dataclass(frozen=True)
class Fold:
    """The ids of the three parts of one fold, each sorted; together they are the whole corpus."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def make_folds(
    utterances: Sequence[Utterance], split: str = "random", num_folds: int = 10, seed: int = 0
) -> list[Fold]:
    """Cut a corpus into parts; fold k tests part k, validates on part k + 1 and trains on the rest.

    Ten folds give 8:1:1, and every utterance is tested exactly once. The order of `utterances` has no effect. Where the
    test parts are given, a ninth of what a fold does not test validates: speakers of their own if no speaker is in two
    parts, else utterances (see `given_folds.choose_validation`).

    Args:
        utterances: the corpus.
        split: "random" deals the utterances of each emotion evenly to the parts; "speaker" deals whole
            speakers, so that no speaker is in two parts; "session" makes each session a part; "given" takes the
            parts from `Utterance.fold`; "emobox" those of EmoBox for RAVDESS. "all" is a single fold that tests
            nothing: a ninth of the speakers validates, of utterances where speakers are not known.
        num_folds: number of parts. Without effect on "session", "given", "emobox" and "all", which have their own.
        seed: of the shuffle, for given folds that of the validation parts. Without effect on "session".

    Raises:
        ValueError: if the split is unknown, the corpus lacks what it needs, a class is too small, or the training part
            of a fold lacks a class that it tests.

    Example:
        >>> from pathlib import Path
        >>> corpus = [Utterance(f"{i}", Path(f"{i}.wav"), "sad", speaker=f"s{i % 3}") for i in range(6)]
        >>> make_folds(corpus, "speaker", num_folds=3)[0].test
        ('2', '5')
    """
    if split not in (*SPLITS, ALL_SPLIT):
        raise ValueError(f"`split` must be one of {SPLITS}. Received: split={split!r}")
    ordered = sorted(utterances, key=lambda utterance: utterance.id)
    _check_ids(ordered)
    if split == ALL_SPLIT:
        folds = [_set_validation_apart(ordered, all(item.speaker for item in ordered), set(), seed, number=0)]
    elif split in GIVEN_SPLITS:
        folds = _given_folds(ordered, split, seed)
    else:
        folds = _cut(ordered, split, num_folds, seed)
    _check_classes(folds, {utterance.id: utterance.emotion for utterance in ordered}, split)
    return folds


def _cut(ordered: list[Utterance], split: str, num_folds: int, seed: int) -> list[Fold]:
    if split == "session":
        num_folds = len(_group(ordered, "session"))
        if num_folds < 3:
            raise ValueError(f"split='session' needs at least 3 sessions, this corpus has {num_folds}; use 'speaker'")
    if num_folds < 3:
        raise ValueError(f"`num_folds` must be at least 3 (train, validation, test). Received: num_folds={num_folds}")
    _check_class_sizes(ordered, num_folds)
    dealers = {"random": _deal_utterances, "speaker": _deal_speakers, "session": _deal_sessions}
    parts = dealers[split](ordered, num_folds, np.random.default_rng(seed))
    return [_fold(parts, k) for k in range(num_folds)]


def _given_folds(ordered: list[Utterance], split: str, seed: int) -> list[Fold]:
    parts = find_test_parts(ordered, split)
    by_speaker = keeps_speakers_together(parts)
    return [
        _set_validation_apart(ordered, by_speaker, {utterance.id for utterance in part}, seed, number)
        for number, part in enumerate(parts)
    ]


def _set_validation_apart(ordered: list[Utterance], by_speaker: bool, test: set[str], seed: int, number: int) -> Fold:
    rest = [utterance for utterance in ordered if utterance.id not in test]
    validation = choose_validation(rest, by_speaker, np.random.default_rng([seed, number]))
    train = {utterance.id for utterance in rest} - validation
    return Fold(*(tuple(sorted(ids)) for ids in (train, validation, test)))


def select_fold(config: ExperimentConfig, utterances: Sequence[Utterance]) -> Fold:
    """Choose the utterances of the training, validation and test part that `config` asks for."""
    split_seed = config.seed if config.split_seed is None else config.split_seed
    fold = make_folds(utterances, config.split, config.num_folds, split_seed)[config.fold]
    return limit_training(fold, utterances, config.train_per_class, config.seed)


def limit_training(fold: Fold, utterances: Sequence[Utterance], per_class: int, seed: int = 0) -> Fold:
    """Limit the training utterances of a fold, to measure how many are needed (paper, Figure 6).

    Subsets are nested: with one seed, a larger `per_class` only adds utterances.

    Args:
        fold: of `make_folds`.
        utterances: the corpus.
        per_class: training utterances of each class that are kept; 0 keeps all.
        seed: of the choice.

    Raises:
        ValueError: if a class has fewer.

    Example:
        >>> from pathlib import Path
        >>> corpus = [Utterance(f"{i}", Path(f"{i}.wav"), "sad") for i in range(6)]
        >>> len(limit_training(make_folds(corpus, num_folds=3)[0], corpus, per_class=1).train)
        1
    """
    if not per_class:
        return fold
    kept, training = [], set(fold.train)
    by_emotion = _group([item for item in utterances if item.id in training], "emotion")
    for number, emotion in enumerate(sorted(by_emotion)):
        ids = sorted(by_emotion[emotion])
        if len(ids) < per_class:
            raise ValueError(f"class {emotion!r} has {len(ids)} training utterances. Received: per_class={per_class}")
        kept += [ids[i] for i in np.random.default_rng([seed, number]).permutation(len(ids))[:per_class]]
    return dataclasses.replace(fold, train=tuple(sorted(kept)))


def describe_overlap(utterances: Sequence[Utterance], fold: Fold) -> dict[str, int]:
    """Count the speakers, texts and pairs of both that a fold's test part shares with its training part.

    Texts are compared without regard to case and spacing; unknown speakers and empty texts are not counted.

    Returns:
        `test_speakers`, `shared_speakers`, `test_texts`, `shared_texts`, `test_pairs`, `shared_pairs`: how many
        distinct ones the test part has, and how many of these are also in the training part.

    Example:
        >>> from pathlib import Path
        >>> corpus = [Utterance("a", Path("a.wav"), "sad", "Ann"), Utterance("b", Path("b.wav"), "sad", "Ann")]
        >>> describe_overlap(corpus, Fold(train=("a",), validation=(), test=("b",)))["shared_speakers"]
        1
    """
    by_id = {utterance.id: utterance for utterance in utterances}
    keys = {
        "speakers": lambda utterance: (utterance.speaker,),
        "texts": lambda utterance: (_plain(utterance.text),),
        "pairs": lambda utterance: (utterance.speaker, _plain(utterance.text)),
    }
    overlap: dict[str, int] = {}
    for name, key in keys.items():
        train, test = ({key(by_id[i]) for i in part if all(key(by_id[i]))} for part in (fold.train, fold.test))
        overlap |= {f"test_{name}": len(test), f"shared_{name}": len(test & train)}
    return overlap


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _fold(parts: list[list[str]], k: int) -> Fold:
    following = (k + 1) % len(parts)
    train = (i for number, part in enumerate(parts) if number not in (k, following) for i in part)
    return Fold(tuple(sorted(train)), tuple(sorted(parts[following])), tuple(sorted(parts[k])))


def _check_ids(utterances: list[Utterance]) -> None:
    if not utterances:
        raise ValueError("`utterances` is empty: there is nothing to split")
    repeated, count = Counter(utterance.id for utterance in utterances).most_common(1)[0]
    if count > 1:
        raise ValueError(f"utterance id {repeated!r} occurs {count} times; ids must be unique")


def _check_class_sizes(utterances: list[Utterance], num_folds: int) -> None:
    for emotion, size in sorted(Counter(utterance.emotion for utterance in utterances).items()):
        if size < num_folds:
            fewer = f"use at most {size} folds (NUM_FOLDS) or " if size >= 3 else ""
            raise ValueError(
                f"class {emotion!r} has {size} utterances, fewer than the {num_folds} folds; "
                f"{fewer}leave this class out (EMOTIONS)"
            )


def _check_classes(folds: list[Fold], emotions: dict[str, str], split: str) -> None:
    """Refuse folds that test what they cannot learn, as when each speaker has a class of their own."""
    for number, fold in enumerate(folds):
        missing = {emotions[i] for i in fold.test} - {emotions[i] for i in fold.train}
        if missing:
            raise ValueError(
                f"split={split!r}: fold {number} tests class {min(missing)!r}, which its training part does not have; "
                "use SPLIT=random or another number of folds, or leave this class out"
            )


def _group(utterances: list[Utterance], attribute: str) -> dict[str, list[str]]:
    groups = defaultdict(list)
    for utterance in utterances:
        name = getattr(utterance, attribute)
        if not name:
            raise ValueError(
                f"split={attribute!r} needs the {attribute} of every utterance, {utterance.id!r} has none; "
                f"use another split or a corpus with {attribute}s"
            )
        groups[name].append(utterance.id)
    return groups


def _deal_utterances(utterances, num_folds, rng) -> list[list[str]]:
    by_emotion = _group(utterances, "emotion")
    dealt = [
        by_emotion[emotion][i] for emotion in sorted(by_emotion) for i in rng.permutation(len(by_emotion[emotion]))
    ]
    # One round for all classes: the sizes of parts differ by one at most, and so do those of classes in them.
    return [dealt[k::num_folds] for k in range(num_folds)]


def _deal_speakers(utterances, num_folds, rng) -> list[list[str]]:
    by_speaker = _group(utterances, "speaker")
    if len(by_speaker) < num_folds:
        fewer = f"use at most {len(by_speaker)} folds (NUM_FOLDS) or " if len(by_speaker) >= 3 else "use "
        raise ValueError(
            f"split='speaker' with {num_folds} folds needs as many speakers, this corpus has {len(by_speaker)}; "
            f"{fewer}split='random'"
        )
    shuffled = rng.permutation(sorted(by_speaker)).tolist()
    parts: list[list[str]] = [[] for _ in range(num_folds)]
    # The largest speaker first, each to the smallest part: a greedy balance; the sort keeps ties shuffled.
    for speaker in sorted(shuffled, key=lambda name: -len(by_speaker[name])):
        min(parts, key=len).extend(by_speaker[speaker])
    return parts


def _deal_sessions(utterances, num_folds, rng) -> list[list[str]]:
    by_session = _group(utterances, "session")
    return [by_session[name] for name in sorted(by_session)]
