"""Turns: all random choices of the corpus (speaker, sentence, delivery), made before anything is spoken.

Ten speakers in five sessions of one woman and one man, as in IEMOCAP. Emotional prosody is in the whole sentence and
stronger in the phrase; where words are clear, it may be missing.
"""

import math
from typing import NamedTuple

import numpy as np

from drl4ser.corpora.synthetic.sentences import EMOTIONS, Sentence, make_sentence

SPEAKING_VOLUME = 40  # of espeak's 100, so that the loudest words stay clear of its limiter
_TURNS_PER_SPEAKER_AND_DIALOGUE = 10


class Speaker(NamedTuple):
    """One speaker: `pitch` is espeak's pitch parameter (50 = the voice's own), `rate` words per minute."""

    session: int
    gender: str
    voice: str
    pitch: int
    rate: int
    level_db: float

    @property
    def id(self) -> str:
        """Name as in IEMOCAP's turn ids, such as 'Ses01F'."""
        return f"Ses{self.session:02d}{self.gender}"


SPEAKERS = (
    Speaker(1, "F", "en-us+f1", pitch=48, rate=212, level_db=0.0),
    Speaker(1, "M", "en-us+m1", pitch=56, rate=200, level_db=1.5),
    Speaker(2, "F", "en-us+f2", pitch=55, rate=197, level_db=-2.0),
    Speaker(2, "M", "en-gb-scotland+m2", pitch=45, rate=216, level_db=0.0),
    Speaker(3, "F", "en+f3", pitch=44, rate=220, level_db=1.0),
    Speaker(3, "M", "en-us+m3", pitch=52, rate=206, level_db=-1.5),
    Speaker(4, "F", "en-us+f4", pitch=60, rate=204, level_db=-0.5),
    Speaker(4, "M", "en-gb-x-rp+m4", pitch=50, rate=192, level_db=2.0),
    Speaker(5, "F", "en-gb-x-rp+f5", pitch=42, rate=202, level_db=0.5),
    Speaker(5, "M", "en-us+m7", pitch=40, rate=224, level_db=-2.5),
)
_PITCH_STEPS_PER_OCTAVE = 50  # of espeak's pitch parameter, measured with these voices
MIN_UTTERANCES = len(SPEAKERS) * len(EMOTIONS)


class Effect(NamedTuple):
    """Change that an emotion makes at full strength: natural logarithms of rate and pitch, decibels of loudness.

    `pitch_swing` is the depth of an up and down from word to word, which widens the pitch range.
    """

    rate: float
    pitch: float
    pitch_swing: float
    loudness_db: float


EFFECTS = {
    "angry": Effect(rate=0.30, pitch=0.22, pitch_swing=0.04, loudness_db=10.0),
    "happy": Effect(rate=0.0, pitch=0.55, pitch_swing=0.25, loudness_db=2.0),
    "neutral": Effect(rate=0.0, pitch=0.0, pitch_swing=0.0, loudness_db=0.0),
    "sad": Effect(rate=-0.45, pitch=-0.28, pitch_swing=0.0, loudness_db=-8.0),
}

CARRIER_SHARE = 0.4  # how much of an effect the whole sentence has

# Of utterances whose words are clear, as many leave the emotion to them: the voice has little of it or none.
WEAK_SHARE = 0.3
WEAK_STRENGTHS, USUAL_STRENGTHS = (0.0, 0.35), (0.7, 1.3)

# Variation that is not emotion: emphasis of the phrase, then the utterance as a whole.
EMPHASIS_SPREAD = Effect(rate=0.06, pitch=0.06, pitch_swing=0.03, loudness_db=1.5)
UTTERANCE_SPREAD = Effect(rate=0.06, pitch=0.0, pitch_swing=0.0, loudness_db=2.5)
UTTERANCE_PITCH_SPREAD = 4.0  # of espeak's pitch parameter


class Delivery(NamedTuple):
    """Everything that turns a sentence into a recording.

    Attributes:
        strength: of the emotional prosody, 0 (neutral) to 1.3.
        rate: words per minute outside the phrase.
        pitch: espeak's pitch parameter outside the phrase.
        volume: espeak's amplitude outside the phrase.
        gain_db: level of the recording.
        noise_db: white background noise relative to the speech.
        lead_s: silence before the first word; the tail is as long.
        effect: further change inside the phrase.
        seed: of espeak's and the noise's random numbers.
    """

    strength: float
    rate: int
    pitch: int
    volume: int
    gain_db: float
    noise_db: float
    lead_s: float
    effect: Effect
    seed: int


def make_delivery(sentence: Sentence, speaker: Speaker, rng: np.random.Generator) -> Delivery:
    """Draw how `speaker` says `sentence`."""
    strength = _draw_strength(sentence, rng)
    emphasis = [rng.normal(0.0, spread) for spread in EMPHASIS_SPREAD]
    emotional = EFFECTS[sentence.emotion]
    whole = Effect(*(CARRIER_SHARE * strength * full for full in emotional))
    phrase_share = (1 - CARRIER_SHARE) * strength
    effect = Effect(*(phrase_share * full + jitter for full, jitter in zip(emotional, emphasis, strict=True)))
    pitch = rng.normal(speaker.pitch, UTTERANCE_PITCH_SPREAD) + _PITCH_STEPS_PER_OCTAVE * whole.pitch / math.log(2)
    return Delivery(
        strength=strength,
        rate=round(speaker.rate * math.exp(whole.rate + rng.normal(0.0, UTTERANCE_SPREAD.rate))),
        pitch=int(np.clip(round(pitch), 5, 95)),
        volume=round(SPEAKING_VOLUME * 10 ** (whole.loudness_db / 20)),
        gain_db=speaker.level_db + rng.normal(0.0, UTTERANCE_SPREAD.loudness_db),
        noise_db=rng.uniform(-45.0, -28.0),
        lead_s=rng.uniform(0.08, 0.25),
        effect=effect,
        seed=int(rng.integers(1, 2**31 - 1)),
    )


def mark_up(sentence: Sentence, effect: Effect) -> tuple[str, list[int]]:
    """Write the sentence as SSML; also return the position of each word's first character in it."""
    text, positions = "<speak>", []
    for index, word in enumerate(sentence.words):
        into_phrase = index - sentence.phrase_start
        in_phrase = sentence.phrase_start <= index < sentence.phrase_end
        # The pitch changes every other word only: espeak drops words of clauses with many tags.
        if in_phrase and into_phrase % 2 == 0:
            swing = effect.pitch_swing * (1 if into_phrase % 4 else -1)
            text += _prosody_tag(effect, effect.pitch + swing)
        positions.append(len(text))
        text += word
        if in_phrase and (into_phrase % 2 or index == sentence.phrase_end - 1):
            text += "</prosody>"
        text += " "
    return f"{text}</speak>", positions


def _prosody_tag(effect: Effect, log_pitch: float) -> str:
    rate, pitch = round(100 * math.exp(effect.rate)), round(100 * math.exp(log_pitch))
    volume = round(100 * 10 ** (effect.loudness_db / 20))
    return f'<prosody rate="{rate}%" pitch="{pitch}%" volume="{volume}%">'


def _draw_strength(sentence: Sentence, rng: np.random.Generator) -> float:
    """The voice expresses the emotion, at times hardly where the words do."""
    if sentence.emotion == "neutral":
        return 0.0
    weak = sentence.wording == "clear" and rng.random() < WEAK_SHARE
    return rng.uniform(*(WEAK_STRENGTHS if weak else USUAL_STRENGTHS))


class Turn(NamedTuple):
    """One utterance to record: turn `id` of `dialogue`."""

    id: str
    dialogue: str
    speaker: Speaker
    sentence: Sentence
    delivery: Delivery


def plan_turns(num_utterances: int, seed: int) -> dict[Speaker, list[Turn]]:
    """Plan the turns of every speaker: classes balanced within each speaker, no text said twice.

    Raises:
        ValueError: if there are fewer utterances than pairs of a speaker and an emotion.

    Example:
        >>> turns = plan_turns(40, seed=0)[SPEAKERS[0]]
        >>> sorted(turn.sentence.emotion for turn in turns)
        ['angry', 'happy', 'neutral', 'sad']
    """
    if num_utterances < MIN_UTTERANCES:
        raise ValueError(
            f"`num_utterances` must be at least {MIN_UTTERANCES}, one for every speaker and emotion. "
            f"Received: num_utterances={num_utterances}"
        )
    plan, texts = {}, set[str]()
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
