"""Who says what to whom: every random choice of the corpus, made before anything is spoken."""

from typing import NamedTuple

import numpy as np

from drl4ser.corpora.synthetic.grammar import EMOTIONS, Sentence, make_sentence
from drl4ser.corpora.synthetic.prosody import Delivery, make_delivery
from drl4ser.corpora.synthetic.speakers import SPEAKERS, Speaker

MIN_UTTERANCES = len(SPEAKERS) * len(EMOTIONS)
_TURNS_PER_SPEAKER_AND_DIALOGUE = 10


class Turn(NamedTuple):
    """One utterance to be recorded: turn `id` of `dialogue`."""

    id: str
    dialogue: str
    speaker: Speaker
    sentence: Sentence
    delivery: Delivery


def plan_turns(num_utterances: int, seed: int) -> dict[Speaker, list[Turn]]:
    """The turns of every speaker: classes balanced within each speaker, no text said twice.

    Raises:
        ValueError: if there are fewer utterances than pairs of a speaker and an emotion.
    """
    if num_utterances < MIN_UTTERANCES:
        raise ValueError(
            f"`num_utterances` must be at least {MIN_UTTERANCES}, one for every speaker and emotion. "
            f"Received: num_utterances={num_utterances}"
        )
    plan, texts = {}, set()
    for index, speaker in enumerate(SPEAKERS):
        rng = np.random.default_rng([seed, 0, index])
        num_turns = num_utterances // len(SPEAKERS) + (index < num_utterances % len(SPEAKERS))
        # Speakers begin at different emotions, so that the remainders balance over the corpus.
        emotions = [EMOTIONS[(index + turn) % len(EMOTIONS)] for turn in range(num_turns)]
        rng.shuffle(emotions)
        plan[speaker] = [_plan_turn(speaker, turn, emotions[turn], texts, rng) for turn in range(num_turns)]
    return plan


def _plan_turn(speaker: Speaker, index: int, emotion: str, texts: set[str], rng) -> Turn:
    sentence = make_sentence(emotion, rng)
    while sentence.text in texts:
        sentence = make_sentence(emotion, rng)
    texts.add(sentence.text)
    number, turn = divmod(index, _TURNS_PER_SPEAKER_AND_DIALOGUE)
    # IEMOCAP names a recording after the actor who wears the markers; they take turns.
    dialogue = f"Ses{speaker.session:02d}{'FM'[number % 2]}_impro{number + 1:02d}"
    turn_id = f"{dialogue}_{speaker.gender}{turn:03d}"
    return Turn(turn_id, dialogue, speaker, sentence, make_delivery(sentence, speaker, rng))
