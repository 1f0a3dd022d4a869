"""Words of a transcript, and the spellings under which a word is looked up."""

import re

# Annotations of IEMOCAP's transcribers, such as [LAUGHTER], ++GARBAGE++ and <BREATHING>: heard, not said.
# An event holds no second opening bracket: without this rule a million brackets would take for ever.
_EVENT = re.compile(r"\[[^\[\]]*\]|\+\+[^+]*\+\+|<[^<>]*>")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def tokenize(text: str) -> list[str]:
    """Split a transcript into words, in the case in which they are written.

    Punctuation is dropped, apostrophes inside a word stay ("don't"), hyphens and dashes separate words, and bracketed
    events are left out. `spellings` handles case, because only some word vectors distinguish it.

    Args:
        text: a transcript; may be empty.

    Returns:
        The words in order, possibly none.

    Example:
        >>> tokenize("I don't know... [LAUGHTER] Well-meant!")
        ['I', "don't", 'know', 'Well', 'meant']
    """
    return _WORD.findall(_EVENT.sub(" ", text.replace("\u2019", "'")))


def spellings(word: str) -> list[str]:
    """List the forms under which a word is looked up, best first: as written, in lower case, capitalised.

    Example:
        >>> spellings("BOSTON")
        ['BOSTON', 'boston', 'Boston']
    """
    return list(dict.fromkeys((word, word.lower(), word.capitalize())))
