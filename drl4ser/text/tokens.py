"""From a transcript to its words."""

import re

# Annotations of IEMOCAP's transcribers, such as [LAUGHTER], ++GARBAGE++ and <BREATHING>: heard, not said.
# An event holds no second opening bracket: searching for one to close each of a million would never end.
_EVENT = re.compile(r"\[[^\[\]]*\]|\+\+[^+]*\+\+|<[^<>]*>")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def tokenize(text: str) -> list[str]:
    """Splits a transcript into words, in the case in which they are written.

    Punctuation goes, apostrophes inside a word stay ("don't"), hyphens and dashes separate words, and
    bracketed events are left out. The case is left to `spellings`, because some word
    vectors know it and some do not.

    Args:
        text: a transcript; may be empty.

    Returns:
        The words in order, possibly none.
    """
    return _WORD.findall(_EVENT.sub(" ", text.replace("\u2019", "'")))


def spellings(word: str) -> list[str]:
    """The forms under which a word is looked up, best first: as written, in lower case, capitalised."""
    return list(dict.fromkeys((word, word.lower(), word.capitalize())))
