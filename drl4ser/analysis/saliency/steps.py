"""Steps of a sequence and the words under them: which are salient, how well a score finds them, how to silence some."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import roc_auc_score

from drl4ser.corpora import Word

SALIENT, OTHER_SPEECH, NO_SPEECH = 1, 0, -1
_BACKGROUND_WINDOW_S = 0.02


def label_steps(times: np.ndarray, words: Sequence[Word]) -> np.ndarray:
    """What is said at the middle of each step.

    Args:
        times: middle of each step in seconds, [N].
        words: the words with their times.

    Returns:
        int8 [N]: `SALIENT`, `OTHER_SPEECH`, or `NO_SPEECH` between words.
    """
    labels = np.full(len(times), NO_SPEECH, np.int8)
    for word in words:
        said = (times >= word.start_s) & (times < word.end_s)
        labels[said] = SALIENT if word.salient else OTHER_SPEECH
    return labels


def roc_area(scores: np.ndarray, labels: np.ndarray) -> float | None:
    """Probability that a salient step has a higher score than another step of speech; ties count half.

    Args:
        scores: [N].
        labels: of `label_steps`, [N].

    Returns:
        In [0, 1], 0.5 for a score that knows nothing; None where one of the two kinds is missing.
    """
    speech = labels != NO_SPEECH
    kinds = labels[speech]
    if len(set(kinds.tolist())) < 2:
        return None
    return float(roc_auc_score(kinds == SALIENT, scores[speech]))


def highest_steps(scores: np.ndarray, labels: np.ndarray, share: float) -> np.ndarray:
    """The steps of speech with the highest scores.

    Args:
        scores: [N].
        labels: of `label_steps`, [N].
        share: of the steps of speech, in (0, 1]; rounded, at least one step.

    Returns:
        Numbers of the steps, ascending.
    """
    speech = np.flatnonzero(labels != NO_SPEECH)
    count = max(1, round(share * len(speech)))
    return np.sort(speech[np.argsort(-scores[speech], kind="stable")[:count]])


def step_spans(steps: np.ndarray, times: np.ndarray) -> list[tuple[float, float]]:
    """Begin and end of each of `steps` in seconds: half a step to either side of its middle."""
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.08
    return [(times[step] - half, times[step] + half) for step in steps]


def silence_spans(
    signal: np.ndarray, sample_rate: int, spans: Sequence[tuple[float, float]], rng: np.random.Generator
) -> np.ndarray:
    """The signal with background noise in place of `spans`.

    Digital silence occurs in no recording, so a system would react to it and not to the missing words. The noise is
    white and as loud as the quietest tenth of the recording.

    Args:
        signal: float32 [num_samples].
        sample_rate: of the signal in Hz.
        spans: begin and end of each in seconds; parts beyond the signal have no effect.
        rng: of the noise.

    Returns:
        float32 [num_samples].
    """
    size = round(_BACKGROUND_WINDOW_S * sample_rate)
    whole = signal[: len(signal) // size * size] if len(signal) >= size else signal
    powers = np.mean(whole.reshape(-1, min(size, len(signal))).astype(np.float64) ** 2, axis=1)
    level = np.sqrt(np.quantile(powers, 0.1))
    silenced = signal.copy()
    for start, end in spans:
        first, last = (int(np.clip(round(time * sample_rate), 0, len(signal))) for time in (start, end))
        silenced[first:last] = rng.normal(0.0, level, last - first)
    return silenced
