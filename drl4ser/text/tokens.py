"""Words of a transcript, and the spellings under which a word is looked up."""

import re
import unicodedata

# Annotations of IEMOCAP's transcribers, such as [LAUGHTER], ++GARBAGE++ and <BREATHING>: heard, not said.
# An event holds no second opening bracket: without this rule a million brackets would take for ever.
_EVENT = re.compile(r"\[[^\[\]]*\]|\+\+[^+]*\+\+|<[^<>]*>")
_WORD = re.compile(r"[^\W_]\w*(?:'[^\W_]\w*)*")  # of the text in which marks are underscores
_JOINERS = "\u200c\u200d"  # invisible, between the letters of words in Persian and in scripts of India


def tokenize(text: str) -> list[str]:
    """Split a transcript into words, in the case in which they are written.

    The words are in NFC, and combining marks belong to their letters ("हिन्दी" is one word). Punctuation is dropped,
    apostrophes inside a word stay ("don't"), hyphens and dashes separate words, and bracketed events are left out.
    `spellings` handles case, because only some word vectors distinguish it.

    Args:
        text: a transcript; may be empty.

    Returns:
        The words in order, possibly none.

    Example:
        >>> tokenize("I don't know... [LAUGHTER] Well-meant!")
        ['I', "don't", 'know', 'Well', 'meant']
    """
    text = unicodedata.normalize("NFC", _EVENT.sub(" ", text.replace("\u2019", "'").replace("_", " ")))
    shape = text if text.isascii() else "".join("_" if _is_mark(letter) else letter for letter in text)
    return [text[word.start() : word.end()].strip(_JOINERS) for word in _WORD.finditer(shape)]


def _is_mark(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter).startswith("M")


def spellings(word: str) -> list[str]:
    """List the forms under which a word is looked up, best first: as written, in lower case, capitalised.

    Each is followed by its NFD form where that is another: some vocabularies were made from such text.

    Example:
        >>> spellings("BOSTON")
        ['BOSTON', 'boston', 'Boston']
    """
    forms = (word, word.lower(), word.capitalize())
    return list(dict.fromkeys(form for written in forms for form in (written, unicodedata.normalize("NFD", written))))
