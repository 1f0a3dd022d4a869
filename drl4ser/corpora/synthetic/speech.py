"""From a sentence and its delivery to 16 kHz samples and the times of its words."""

import itertools
from typing import NamedTuple

import numpy as np
import soxr

from drl4ser.corpora.synthetic.espeak import speak
from drl4ser.corpora.synthetic.grammar import Sentence
from drl4ser.corpora.synthetic.prosody import SPEAKING_VOLUME, Delivery, mark_up
from drl4ser.corpora.synthetic.speakers import Speaker
from drl4ser.corpora.utterance import CorpusError

SAMPLE_RATE = 16_000
_FULL_SCALE = 32_768
_QUIET = 0.01  # of the utterance's peak: less is silence


class Recording(NamedTuple):
    """int16 samples at 16 kHz, and beginning and end of each word in seconds."""

    samples: np.ndarray
    word_times: list[tuple[float, float]]


def record(sentence: Sentence, delivery: Delivery, speaker: Speaker) -> Recording:
    """Speaks a sentence with espeak-ng as `delivery` says, in a room with some noise."""
    ssml, positions = mark_up(sentence, delivery.effect)
    speech = speak(
        ssml,
        speaker.voice,
        rate=delivery.rate,
        pitch=delivery.pitch,
        pitch_range=50,
        volume=SPEAKING_VOLUME,
        seed=delivery.seed,
    )
    signal = soxr.resample(speech.samples / _FULL_SCALE, speech.sample_rate, SAMPLE_RATE)
    signal = signal[: _last_sound(signal, _QUIET * np.abs(signal).max())]
    starts = _word_starts(sentence.words, positions, speech, len(signal) / SAMPLE_RATE)
    times = _word_times(signal, starts)
    padding = round(delivery.lead_s * SAMPLE_RATE)
    samples = _add_room(np.pad(signal, padding), delivery)
    lead_s = padding / SAMPLE_RATE
    return Recording(samples, [(start + lead_s, end + lead_s) for start, end in times])


def _word_starts(words, positions, speech, duration_s: float) -> list[float]:
    """Seconds at which each word begins; words that espeak ran together share its time by their letters."""
    heard = {event.text_position: event.sample / speech.sample_rate for event in speech.words}
    letters = np.cumsum([0] + [len(word) for word in words])
    anchors = [index for index, position in enumerate(positions) if position in heard]
    anchor_letters = [letters[index] for index in anchors] + [letters[-1]]
    anchor_times = [heard[positions[index]] for index in anchors] + [duration_s]
    if len(anchors) < len(words) / 2:
        raise CorpusError(f"espeak-ng dropped words of {' '.join(words)!r}: it spoke {len(anchors)}")
    return np.interp(letters[:-1], anchor_letters, anchor_times).tolist()


def _word_times(signal: np.ndarray, starts: list[float]) -> list[tuple[float, float]]:
    """Each word from its start to its last sound before the next start: a pause belongs to no word."""
    threshold = _QUIET * np.abs(signal).max()
    bounds = [round(start * SAMPLE_RATE) for start in starts] + [len(signal)]
    return [
        (first / SAMPLE_RATE, (first + _last_sound(signal[first:limit], threshold)) / SAMPLE_RATE)
        for first, limit in itertools.pairwise(bounds)
    ]


def _last_sound(signal: np.ndarray, threshold: float) -> int:
    """Number of samples up to and with the last one beyond the threshold; all if there is none."""
    loud = np.flatnonzero(np.abs(signal) > threshold)
    return int(loud[-1]) + 1 if len(loud) else len(signal)


def _add_room(signal: np.ndarray, delivery: Delivery) -> np.ndarray:
    """Level and background noise; never clipped."""
    rng = np.random.default_rng(delivery.seed)
    noise_level = np.sqrt(np.mean(signal**2)) * 10 ** (delivery.noise_db / 20)
    signal = (signal + rng.normal(0.0, noise_level, len(signal))) * 10 ** (delivery.gain_db / 20)
    signal *= min(1.0, 0.99 / np.abs(signal).max())
    return np.round(signal * (_FULL_SCALE - 1)).astype(np.int16)
