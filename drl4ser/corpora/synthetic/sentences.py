"""Sentences: a neutral carrier, and one phrase whose words express the emotion, leave it open, or mislead."""

from typing import NamedTuple

import numpy as np

EMOTIONS = ("angry", "happy", "neutral", "sad")
MAX_WORDS = 12  # of a long phrase and the least that a carrier has room for
_USUAL_WORDS = 7
_MIN_CARRIER_WORDS = 4
_PARAGRAPH_SENTENCES = 4

# How the wording of the phrase relates to the emotion of the utterance, and how often.
WORDINGS = {"clear": 0.46, "shared": 0.17, "ambiguous": 0.33, "misleading": 0.04}

OPENERS = (
    "well", "so", "you know", "listen", "anyway", "okay", "look", "by the way", "as I said", "to be honest", "right",
    "oh", "actually", "in any case", "you see", "now",
)  # fmt: skip
SUBJECTS = (
    "my brother", "my sister", "the neighbor", "the landlord", "our teacher", "the manager", "my cousin",
    "the driver", "the doctor", "my friend", "the woman upstairs", "the man at the desk", "your uncle", "my daughter",
    "the new student", "her husband", "his wife", "the plumber", "my mother", "their son", "the secretary",
    "our coach", "the waiter", "my roommate", "the librarian", "the mailman",
)  # fmt: skip
ACTIONS = (
    "called", "wrote back", "left the keys", "asked about the tickets", "sent the letter", "moved the car",
    "changed the plan", "opened the window", "painted the door", "knew the price", "took the early train",
    "gave away the dog", "sold the piano", "signed the papers", "read the report", "fixed the printer",
    "packed the boxes", "came home", "found the address", "cooked dinner", "talked to the manager",
    "bought a ticket", "cancelled the meeting", "found the photographs", "turned off the lights", "closed the shop",
    "cleaned the room", "told them", "heard the news", "waited at the airport", "borrowed my bicycle",
    "returned the books", "watered the garden", "forgot the number", "packed the suitcase", "walked home",
    "picked up the parcel", "drove to the hospital", "finished the exam", "planted a tree", "met the lawyer",
    "counted the chairs", "was here", "answered", "missed the bus", "kept the receipt",
)  # fmt: skip
TIMES = (
    "this morning", "last night", "after lunch", "on Tuesday", "before the meeting", "yesterday", "a week ago",
    "at five o'clock", "on the weekend", "last summer", "again today", "around noon", "during the break",
    "before breakfast", "on Friday evening", "last month",
)  # fmt: skip
LINKS = ("and", "and now", "because", "but", "since", "so", "and then", "when")
AMBIGUOUS = (
    "I cannot believe it", "you have no idea", "after all these years", "look at this", "I do not know what to say",
    "that is just like him", "what a day", "I never expected that", "can you imagine that",
    "I keep thinking about it", "they told me everything", "it is finally over", "he looked right at me",
    "I will never forget it", "it happened again", "nobody said a word", "this is how it ends",
    "I heard what you said", "she is leaving tomorrow", "you should have seen it", "it is all because of you",
    "I have waited so long", "I told you so", "everything has changed",
)  # fmt: skip
PHRASES = {
    "angry": (
        "I am sick of this", "how dare you say that", "this is outrageous", "I hate this place", "stop lying to me",
        "get out of my sight", "you never listen to me", "that is a disgusting lie",
        "I have had enough of your excuses", "this makes me furious", "it is completely unacceptable",
        "shut up and go away", "I am so angry with him", "that stupid idiot ruined it", "leave my things alone",
        "you had no right to do that", "what the hell is wrong with you", "I am mad as hell",
        "nobody treats me like that", "it drives me crazy", "I will not put up with this", "he is an arrogant liar",
        "do not you dare touch it", "this is ridiculous and unfair", "I am tired of your stupid games",
        "I could scream with rage", "you broke it again",
    ),
    "happy": (
        "I am so glad", "that is wonderful news", "I love this place", "we won the first prize",
        "this is the best day of my life", "I am thrilled for you", "it was absolutely amazing",
        "I could not stop laughing", "we are getting married", "what a beautiful surprise", "I am so proud of her",
        "congratulations to you both", "it makes me so happy", "that is fantastic", "I got the job",
        "we had a great time", "she said yes", "it was such fun", "life is good", "I can hardly wait to celebrate",
        "we danced and sang all night", "you made my day", "it is a dream come true", "I feel on top of the world",
        "that was a lovely party", "everybody cheered and smiled", "the baby is finally here",
    ),
    "neutral": (
        "that is all I know", "it is on the list", "I made a note of it", "it takes about an hour",
        "there are two of them", "it is the usual form", "we can do it on Monday", "the number is on the card",
        "it is next to the post office", "that seems about right", "I will check the schedule",
        "it was the same last year", "they open at nine", "I think it was green", "we talked for a while",
        "it comes with the package", "you can use the other room", "the bus stops on the corner",
        "it is part of the job", "I have a copy somewhere", "it is more or less done", "we need three of those",
        "the second page is missing", "it is a standard procedure", "I put it in the drawer",
        "it depends on the weather", "he usually sits there", "I believe that is correct",
    ),
    "sad": (
        "I miss her so much", "it breaks my heart", "I feel so alone", "she passed away", "I cried the whole night",
        "there is no hope left", "I lost everything", "we buried him in the rain", "nothing will be the same",
        "I am so sorry about it", "he is never coming back", "it hurts so much", "I feel empty inside",
        "they do not love me anymore", "I wish she were still here", "I do not want to go on",
        "it was a terrible loss", "my heart is broken", "the house is so quiet now",
        "I said goodbye for the last time", "I am so lonely", "he died too young", "I failed them all",
        "we could not save the dog", "all those tears for nothing", "it is hopeless", "I am too tired to cry",
    ),
}  # fmt: skip
# Said in one of two moods; the words alone fit both.
SHARED = {
    ("angry", "sad"): ("leave me alone", "you lied to me", "I hate my life", "he left without a word",
        "why did you do this to me", "I am so disappointed", "they took it from me"),
    ("angry", "happy"): ("this is unbelievable", "oh my god", "you are crazy", "I told them all",
        "I am going to explode", "that is just great", "wait until they hear this"),
    ("happy", "sad"): ("I cried when I saw her", "I still love him", "I remember when we were young",
        "we said goodbye with a smile", "I will always think of you", "I was in tears"),
    ("neutral", "sad"): ("it is quiet today", "they moved away", "I stayed at home", "it rained all day"),
    ("happy", "neutral"): ("it is a nice place", "the food is good", "we went to the party", "it went well"),
    ("angry", "neutral"): ("it is broken", "they are late", "he did not ask me", "it costs too much"),
}  # fmt: skip


class Sentence(NamedTuple):
    """A sentence: `words` keep their punctuation; the phrase is words[phrase_start:phrase_end]."""

    emotion: str
    wording: str
    words: tuple[str, ...]
    phrase_start: int
    phrase_end: int

    @property
    def text(self) -> str:
        """The transcript."""
        return " ".join(self.words)


def make_sentence(emotion: str, rng: np.random.Generator) -> Sentence:
    """Draw a sentence for one of `EMOTIONS`; `rng` is the source of every choice.

    Example:
        >>> make_sentence("sad", np.random.default_rng(0)).text
        'My friend answered, so he looked right at me.'
    """
    wording = str(rng.choice(list(WORDINGS), p=list(WORDINGS.values())))
    phrase = _draw_phrase(emotion, wording, rng).split()
    before, after = _draw_carrier(max(_USUAL_WORDS - len(phrase), _MIN_CARRIER_WORDS), rng)
    if after:
        phrase[-1] += ","
    words = before + phrase + after
    words[0] = words[0][0].upper() + words[0][1:]
    words[-1] += "."
    return Sentence(emotion, wording, tuple(words), len(before), len(before) + len(phrase))


def make_paragraphs(num_sentences: int, seed: int) -> list[str]:
    """Make running text of such sentences to train word vectors on: a paragraph keeps its mood for four sentences.

    Args:
        num_sentences: total; the last paragraph may be shorter.
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
        return _pick(AMBIGUOUS, rng)
    if wording == "shared":
        pairs = [pair for pair in SHARED if emotion in pair]
        return _pick(SHARED[pairs[rng.integers(len(pairs))]], rng)
    if wording == "misleading":
        emotion = _pick([other for other in EMOTIONS if other != emotion], rng)
    return _pick(PHRASES[emotion], rng)


def _draw_carrier(max_words: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Neutral words before and after the phrase; commas keep clauses short, as espeak drops words of long ones."""
    opener = f"{_pick(OPENERS, rng)}," if rng.random() < 0.2 else ""
    statement = f"{_pick(SUBJECTS, rng)} {_pick(ACTIONS, rng)}"
    link = _pick(LINKS, rng)
    if rng.random() < 0.2:
        statement += f" {_pick(TIMES, rng)}"
    carrier: tuple[list[str], list[str]]
    if rng.random() < 0.5:
        carrier = f"{opener} {statement}, {link if rng.random() < 0.5 else ''}".split(), []
    else:
        carrier = opener.split(), f"{link} {statement}".split()
    too_long = len(carrier[0]) + len(carrier[1]) > max_words
    return _draw_carrier(max_words, rng) if too_long else carrier


def _pick(options, rng: np.random.Generator) -> str:
    return options[rng.integers(len(options))]
