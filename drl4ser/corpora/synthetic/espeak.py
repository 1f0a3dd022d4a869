"""Speech by espeak-ng through ctypes, from the wheel espeakng-loader, at 16 kHz with the times of its words.

The library keeps state between utterances (such as the phase of its pitch flutter) that no call resets. The same
calls in a fresh process give the same samples; the same utterance later in a sequence differs slightly. `writer.py`
therefore speaks each speaker's turns in a process of their own.
"""

import ctypes
import functools
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from drl4ser.corpora.synthetic.sentences import Sentence
from drl4ser.corpora.synthetic.turns import Delivery, Speaker, mark_up
from drl4ser.corpora.utterance import CorpusError

SAMPLE_RATE = 16_000
_FULL_SCALE = 32_768
EXAMPLE = "I really did not expect that."
_QUIET = 0.01  # of the utterance's peak: less is silence

_SYNCHRONOUS_RETRIEVAL = 2
_DO_NOT_EXIT_ON_ERROR = 0x8000
_POSITION_IS_CHARACTER = 1
_UTF8_SSML = 0x1 | 0x10
_EVENT_LIST_END = 0
_EVENT_WORD = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class WordEvent(NamedTuple):
    """Beginning of a word: its first character in the text (from 0) and its first sample in the audio."""

    text_position: int
    sample: int


class Speech(NamedTuple):
    """Speech of espeak: int16 samples [num_samples], their rate, and the beginnings of the words."""

    samples: np.ndarray
    sample_rate: int
    words: list[WordEvent]


@functools.cache
def _load() -> tuple[ctypes.CDLL, int]:
    try:
        import espeakng_loader
    except ImportError:
        raise CorpusError(
            "the synthetic corpus is spoken by espeak-ng, and the package espeakng-loader is not installed; "
            "run: pip install 'drl4ser[synthetic]'"
        ) from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Info.restype = ctypes.c_char_p
    data_path = espeakng_loader.get_data_path().encode()
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS_RETRIEVAL, 0, data_path, _DO_NOT_EXIT_ON_ERROR)
    if sample_rate <= 0:
        raise CorpusError(f"espeak-ng did not start: no voice data in {espeakng_loader.get_data_path()}")
    return library, sample_rate


def espeak_version() -> str:
    """Return the version of the espeak-ng library in use, such as '1.52.0'."""
    return _load()[0].espeak_Info(None).decode()


def speak_example(folder: Path) -> tuple[Path, str]:
    """Speak `EXAMPLE`, for who has no recording, into `folder`; return the file and its words.

    Raises:
        CorpusError: if espeakng-loader is not installed.
    """
    spoken = speak(f"<speak>{EXAMPLE}</speak>", "en-us+m3", rate=170, pitch=50, pitch_range=50, volume=40, seed=1)
    path = folder / "example.wav"
    soundfile.write(path, spoken.samples, spoken.sample_rate)
    return path, EXAMPLE


def speak(ssml: str, voice: str, *, rate: int, pitch: int, pitch_range: int, volume: int, seed: int) -> Speech:
    """Speak one marked-up text.

    Args:
        ssml: the text with SSML tags, in ASCII.
        voice: language and variant, such as "en-us+f1".
        rate: words per minute, 80 to 450.
        pitch: base pitch, 0 to 99; 50 is the voice's own.
        pitch_range: intonation range, 0 to 99; 50 is the voice's own.
        volume: amplitude, 0 to 200; 100 is the voice's own.
        seed: seed of espeak's random numbers.

    Returns:
        The samples and the beginnings of the words. Words that espeak's dictionary holds as one entry
        ("of the", "I am") come as one event.

    Raises:
        CorpusError: if espeakng-loader is not installed, or its library lacks the voice or refuses the text.
    """
    library, sample_rate = _load()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise CorpusError(f"espeak-ng {espeak_version()} has no voice {voice!r}")
    for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range), (_VOLUME, volume)):
        library.espeak_SetParameter(parameter, int(value), 0)
    library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    chunks, words = [], []

    def collect(samples, num_samples, events):
        if samples and num_samples > 0:
            chunks.append(np.ctypeslib.as_array(samples, (num_samples,)).copy())
        for event in itertools.takewhile(lambda event: event.type != _EVENT_LIST_END, events):
            if event.type == _EVENT_WORD:
                words.append(WordEvent(event.text_position - 1, event.sample))
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    text = ssml.encode("ascii") + b"\0"
    size = ctypes.c_size_t(len(text))
    status = library.espeak_Synth(text, size, 0, _POSITION_IS_CHARACTER, 0, _UTF8_SSML, None, None)
    if status != 0 or not chunks:
        raise CorpusError(f"espeak-ng could not speak {ssml!r} (status {status})")
    return Speech(np.concatenate(chunks), sample_rate, words)


class Recording(NamedTuple):
    """int16 samples at 16 kHz, and beginning and end of each word in seconds."""

    samples: np.ndarray
    word_times: list[tuple[float, float]]


def record(sentence: Sentence, delivery: Delivery, speaker: Speaker) -> Recording:
    """Speak a sentence with espeak-ng as `delivery` describes, in a room with some noise."""
    ssml, positions = mark_up(sentence, delivery.effect)
    speech = speak(
        ssml,
        speaker.voice,
        rate=delivery.rate,
        pitch=delivery.pitch,
        pitch_range=50,
        volume=delivery.volume,
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
    """Seconds at which each word begins; words that espeak joins share its time in proportion to their letters."""
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
