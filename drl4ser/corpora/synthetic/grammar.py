"""Sentences: a neutral carrier and one phrase whose words tell the emotion, leave it open, or mislead."""

from typing import NamedTuple

import numpy as np

from drl4ser.corpora.synthetic import phrases

EMOTIONS = ("angry", "happy", "neutral", "sad")
MAX_WORDS = 14
_PARAGRAPH_SENTENCES = 4

# How the wording of the phrase relates to the emotion of the utterance, and how often.
WORDINGS = {"clear": 0.65, "shared": 0.13, "ambiguous": 0.16, "misleading": 0.06}


class Sentence(NamedTuple):
    """A sentence. `words` keep their punctuation; the phrase is words[phrase_start:phrase_end]."""

    emotion: str
    wording: str
    words: tuple[str, ...]
    phrase_start: int
    phrase_end: int

    @property
    def text(self) -> str:
        """As it is transcribed."""
        return " ".join(self.words)


def make_sentence(emotion: str, rng: np.random.Generator) -> Sentence:
    """Draws one sentence.

    Args:
        emotion: one of EMOTIONS.
        rng: source of every choice.
    """
    wording = str(rng.choice(list(WORDINGS), p=list(WORDINGS.values())))
    phrase = _draw_phrase(emotion, wording, rng).split()
    before, after = _draw_carrier(MAX_WORDS - len(phrase), rng)
    if after:
        phrase[-1] += ","
    words = before + phrase + after
    words[0] = words[0][0].upper() + words[0][1:]
    words[-1] += "."
    return Sentence(emotion, wording, tuple(words), len(before), len(before) + len(phrase))


def make_paragraphs(num_sentences: int, seed: int) -> list[str]:
    """Running text of the same sentences, for word vectors: the mood holds for a few sentences, as in talk.

    Args:
        num_sentences: in all; the last paragraph may be shorter.
        seed: the same seed gives the same text.
    """
    rng = np.random.default_rng([seed, 1])
    paragraphs = []
    for start in range(0, num_sentences, _PARAGRAPH_SENTENCES):
        mood = _pick(EMOTIONS, rng)
        length = min(_PARAGRAPH_SENTENCES, num_sentences - start)
        paragraphs.append(" ".join(make_sentence(mood, rng).text for _ in range(length)))
    return paragraphs


def _draw_phrase(emotion: str, wording: str, rng: np.random.Generator) -> str:
    if wording == "ambiguous":
        return _pick(phrases.AMBIGUOUS, rng)
    if wording == "shared":
        pairs = [pair for pair in phrases.SHARED if emotion in pair]
        return _pick(phrases.SHARED[pairs[rng.integers(len(pairs))]], rng)
    if wording == "misleading":
        emotion = _pick([other for other in EMOTIONS if other != emotion], rng)
    return _pick(phrases.PHRASES[emotion], rng)


def _draw_carrier(max_words: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Neutral words before and after the phrase.

    Commas keep the clauses short: espeak drops words of long ones with tags.
    """
    opener = f"{_pick(phrases.OPENERS, rng)}," if rng.random() < 0.4 else ""
    statement = f"{_pick(phrases.SUBJECTS, rng)} {_pick(phrases.ACTIONS, rng)}"
    link = _pick(phrases.LINKS, rng)
    if rng.random() < 0.4:
        statement += f" {_pick(phrases.TIMES, rng)}"
    if rng.random() < 0.5:
        carrier = f"{opener} {statement}, {link if rng.random() < 0.5 else ''}".split(), []
    else:
        carrier = opener.split(), f"{link} {statement}".split()
    too_long = len(carrier[0]) + len(carrier[1]) > max_words
    return _draw_carrier(max_words, rng) if too_long else carrier


def _pick(options, rng: np.random.Generator) -> str:
    return options[rng.integers(len(options))]
