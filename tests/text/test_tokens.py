import pytest

from drl4ser.text import tokenize
from drl4ser.text.tokens import spellings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Excuse me.", ["Excuse", "me"]),
        ("I don't know; it's John's!", ["I", "don't", "know", "it's", "John's"]),
        ("It\u2019s fine", ["It's", "fine"]),
        ("[LAUGHTER] Oh, [BREATHING] no--no way.", ["Oh", "no", "no", "way"]),
        ("++GARBAGE++ well... <sigh>", ["well"]),
        ("I-I-I can't 'cause goin'", ["I", "I", "I", "can't", "cause", "goin"]),
        ("ninety_nine caf\u00e9 42", ["ninety", "nine", "caf\u00e9", "42"]),
        ("wu\u0308tend, cafe\u0301s", ["w\u00fctend", "caf\u00e9s"]),  # NFD
        ("मैं हिन्दी बोलता हूँ।", ["मैं", "हिन्दी", "बोलता", "हूँ"]),
        ("می\u200cروم خانه", ["می\u200cروم", "خانه"]),
        ("ครับ ผม", ["ครับ", "ผม"]),
        ("\u0301 a", ["a"]),
        ("[LAUGHTER]", []),
        ("", []),
        ("?!...", []),
    ],
)
def test_tokenize(text, words):
    assert tokenize(text) == words


def test_spellings_try_the_word_as_written_first():
    assert spellings("BOSTON") == ["BOSTON", "boston", "Boston"]
    assert spellings("me") == ["me", "Me"]
    assert spellings("\u00e9") == ["\u00e9", "e\u0301", "\u00c9", "E\u0301"]
