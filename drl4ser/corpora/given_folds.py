"""Folds that come with a corpus: the column `fold` of a manifest, or those of a published benchmark."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from drl4ser.config import VALIDATION_SHARE
from drl4ser.corpora.utterance import Utterance

# The actors of RAVDESS that each fold of EmoBox tests (Ma et al., Interspeech 2024).
EMOBOX_TEST_SPEAKERS = (
    ("01", "11", "20", "21"),
    ("04", "10", "12", "14"),
    ("08", "09", "19", "23"),
    ("03", "05", "07", "24"),
    ("02", "15", "16", "18"),
    ("06", "13", "17", "22"),
)


def find_test_parts(utterances: Sequence[Utterance], split: str) -> list[list[Utterance]]:
    """Sort the utterances into the test parts of a given split, in the order of the folds' numbers.

    Args:
        utterances: the corpus.
        split: "given" for the numbers in `Utterance.fold`, "emobox" for `EMOBOX_TEST_SPEAKERS`.

    Raises:
        ValueError: if an utterance has no fold, or the numbers are not those of two or more folds from 0 or 1 on.

    Example:
        >>> from pathlib import Path
        >>> corpus = [Utterance(f"{i}", Path(f"{i}.wav"), "sad", fold=f"{i % 2 + 1}") for i in range(4)]
        >>> [[item.id for item in part] for part in find_test_parts(corpus, "given")]
        [['0', '2'], ['1', '3']]
    """
    number_folds = {"given": _number_by_column, "emobox": _number_by_actor}[split]
    parts = defaultdict(list)
    for utterance, number in zip(utterances, number_folds(utterances), strict=True):
        parts[number].append(utterance)
    first = 1 if min(parts) else 0
    missing = set(range(first, max(len(parts), 2) + first)) - parts.keys()
    if missing:
        found = ", ".join(map(str, sorted(parts)[:20]))
        raise ValueError(
            f"split={split!r}: fold {min(missing)} has no utterance (there are those of fold {found}); number two "
            "or more folds without a gap, from 0 or 1 on, and use all classes and files that they were made for"
        )
    return [parts[number] for number in sorted(parts)]


def keeps_speakers_together(parts: Sequence[Sequence[Utterance]]) -> bool:
    """Whether all speakers are known and none is in two parts."""
    speakers = [{utterance.speaker for utterance in part} for part in parts]
    return "" not in set().union(*speakers) and sum(map(len, speakers)) == len(set().union(*speakers))


def choose_validation(pool: Sequence[Utterance], by_speaker: bool, rng: np.random.Generator) -> set[str]:
    """Choose the ids of a validation part out of what a fold does not test, `VALIDATION_SHARE` of it.

    Args:
        pool: what the fold does not test.
        by_speaker: choose whole speakers, so that training and validation share none; else utterances, of each class in
            proportion. No speaker is chosen without whom training would lack a class.
        rng: of the choice.

    Raises:
        ValueError: if no speaker can be spared.
    """
    if by_speaker:
        return _choose_speakers(pool, rng)
    by_emotion = defaultdict(list)
    for utterance in pool:
        by_emotion[utterance.emotion].append(utterance.id)
    dealt = [ids[i] for _, ids in sorted(by_emotion.items()) for i in rng.permutation(len(ids))]
    return set(dealt[:: round(1 / VALIDATION_SHARE)])


def _choose_speakers(pool: Sequence[Utterance], rng: np.random.Generator) -> set[str]:
    speakers, emotions = sorted({utterance.speaker for utterance in pool}), {utterance.emotion for utterance in pool}
    wanted = max(1, round(VALIDATION_SHARE * len(speakers)))
    chosen: set[str] = set()
    for speaker in rng.permutation(speakers).tolist():
        without = chosen | {speaker}
        if len(without) <= wanted and {item.emotion for item in pool if item.speaker not in without} == emotions:
            chosen = without
    if not chosen:
        raise ValueError(
            f"no speaker of {', '.join(speakers[:9])} can be set aside for validation: training would lack a class; "
            "use SPLIT=random, or folds that leave more speakers to train on"
        )
    return {utterance.id for utterance in pool if utterance.speaker in chosen}


def _number_by_column(utterances: Sequence[Utterance]) -> list[int]:
    without = [utterance.id for utterance in utterances if not utterance.fold.isdecimal()]
    if without:
        raise ValueError(
            f"split='given' needs the number of a fold for every utterance, {len(without)} of {len(utterances)} have "
            f"none, such as {without[0]!r}; fill in the column `fold` of the manifest, or use another SPLIT"
        )
    return [int(utterance.fold) for utterance in utterances]


def _number_by_actor(utterances: Sequence[Utterance]) -> list[int]:
    numbers = {actor: number for number, actors in enumerate(EMOBOX_TEST_SPEAKERS, start=1) for actor in actors}
    for utterance in utterances:
        if utterance.speaker not in numbers:
            raise ValueError(
                f"split='emobox' is that of RAVDESS's actors 01 to 24. Received: {utterance.id!r} of speaker "
                f"{utterance.speaker!r}; use SPLIT=given with a column `fold` in a manifest"
            )
    return [numbers[utterance.speaker] for utterance in utterances]
