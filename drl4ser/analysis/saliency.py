"""Does a system attend to the words that bear the emotion? Measured on the test part of a trained fold.

Steps of a sequence are labelled by the words under them. Measured is how well a score of the steps finds the salient
ones, and what the system misses when parts of the recording are silenced.
"""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from drl4ser.config import ExperimentConfig
from drl4ser.corpora import Utterance, Word, read_words
from drl4ser.features import LLD_NAMES, extract_llds
from drl4ser.inference.inspection import inspect_recording
from drl4ser.inference.predictor import Predictor
from drl4ser.models import build_model_from_config
from drl4ser.models.inspector import Inspection, Inspector, step_times
from drl4ser.training.fold import derive_seed

SHARE = 0.2
"""Share of the speech that the deletion test silences."""
NUM_RANDOM_DRAWS = 5
SALIENT, OTHER_SPEECH, NO_SPEECH = 1, 0, -1
_BACKGROUND_WINDOW_S = 0.02
_HALF_STEP_S = 0.08  # of a sequence of one step, whose times do not tell


def measure_fold(predictor: Predictor, utterances: Sequence[Utterance]) -> Iterator[dict]:
    """Measure the utterances whose salient words are known; pass over the others.

    Args:
        predictor: a finished fold of S3.
        utterances: its test part.

    Yields:
        For each utterance "id", "emotion", and by name of a score "roc" (area, salient against other speech),
        "salient" and "other" (mean score in either); by what was silenced "probability" (of the true class, "none"
        for the whole recording) and "silenced" (share of the speech).
    """
    config = predictor.run.config
    untrained = Inspector(build_untrained(config), config.frame)
    for utterance in utterances:
        words = read_words(utterance.path)
        if any(word.salient for word in words):
            names = {"id": utterance.id, "emotion": utterance.emotion}
            yield names | _measure(predictor, untrained, utterance, words)


def label_steps(times: np.ndarray, words: Sequence[Word]) -> np.ndarray:
    """Label each step by what is said at its middle.

    Args:
        times: middle of each step in seconds, [N].
        words: the words with their times.

    Returns:
        int8 [N]: `SALIENT`, `OTHER_SPEECH`, or `NO_SPEECH` between words.

    Example:
        >>> label_steps(np.array([0.1, 0.3, 0.5]), [Word("you", 0.0, 0.2), Word("lied", 0.2, 0.4, True)]).tolist()
        [0, 1, -1]
    """
    labels = np.full(len(times), NO_SPEECH, np.int8)
    for word in words:
        said = (times >= word.start_s) & (times < word.end_s)
        labels[said] = SALIENT if word.salient else OTHER_SPEECH
    return labels


def roc_area(scores: np.ndarray, labels: np.ndarray) -> float | None:
    """Compute the probability that a salient step has a higher score than another step of speech; ties count half.

    Args:
        scores: [N].
        labels: of `label_steps`, [N].

    Returns:
        In [0, 1], 0.5 for a score without information; None where one of the two kinds is missing.

    Example:
        >>> roc_area(np.array([0.1, 0.9, 0.5]), np.array([OTHER_SPEECH, SALIENT, OTHER_SPEECH]))
        1.0
    """
    speech = labels != NO_SPEECH
    kinds = labels[speech]
    if len(set(kinds.tolist())) < 2:
        return None
    return float(roc_auc_score(kinds == SALIENT, scores[speech]))


def highest_steps(scores: np.ndarray, labels: np.ndarray, share: float) -> np.ndarray:
    """Find the steps of speech with the highest scores.

    Args:
        scores: [N].
        labels: of `label_steps`, [N].
        share: of the steps of speech, in (0, 1]; rounded, at least one step.

    Returns:
        Numbers of the steps, ascending.

    Example:
        >>> highest_steps(np.array([9.0, 3.0, 1.0, 2.0]), np.array([NO_SPEECH, 0, 1, 0]), share=0.67).tolist()
        [1, 3]
    """
    speech = np.flatnonzero(labels != NO_SPEECH)
    count = max(1, round(share * len(speech)))
    return np.sort(speech[np.argsort(-scores[speech], kind="stable")[:count]])


def step_spans(steps: np.ndarray, times: np.ndarray) -> list[tuple[float, float]]:
    """Compute begin and end of each of `steps` in seconds: half a step to either side of its middle.

    Example:
        >>> np.round(step_spans([1], np.array([0.1, 0.3])), 2).tolist()
        [[0.2, 0.4]]
    """
    half = (times[1] - times[0]) / 2 if len(times) > 1 else _HALF_STEP_S
    return [(times[step] - half, times[step] + half) for step in steps]


def silence_spans(
    signal: np.ndarray, sample_rate: int, spans: Sequence[tuple[float, float]], rng: np.random.Generator
) -> np.ndarray:
    """Replace `spans` of a signal by background noise.

    Digital silence occurs in no recording, so a system would react to it and not to the missing words. The noise is
    white and as loud as the quietest tenth of the recording.

    Args:
        signal: float32 [num_samples].
        sample_rate: of the signal in Hz.
        spans: begin and end of each in seconds; parts beyond the signal have no effect.
        rng: of the noise.

    Returns:
        float32 [num_samples].

    Example:
        >>> silence_spans(np.ones(8, np.float32), 4, [(1.0, 9.0)], np.random.default_rng(0))[:4].tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    size = min(max(1, round(_BACKGROUND_WINDOW_S * sample_rate)), len(signal))
    whole = signal[: len(signal) // size * size]
    powers = np.mean(whole.reshape(-1, size).astype(np.float64) ** 2, axis=1)
    level = np.sqrt(np.quantile(powers, 0.1))
    silenced = signal.copy()
    for start, end in spans:
        first, last = (int(np.clip(round(time * sample_rate), 0, len(signal))) for time in (start, end))
        silenced[first:last] = rng.normal(0.0, level, last - first)
    return silenced


def build_untrained(config: ExperimentConfig) -> keras.Model:
    """Build the system with the weights that training started from: its scores before any learning."""
    keras.utils.set_random_seed(derive_seed(config.seed, config.fold))
    return build_model_from_config(config.model)


def _measure(predictor, untrained, utterance, words) -> dict:
    recording = predictor.read(utterance.path)
    seen = inspect_recording(predictor, recording, utterance.text)
    before = inspect_recording(predictor, recording, utterance.text, untrained)
    energy = recording.llds[:, LLD_NAMES.index("log_energy")]
    scores = _scores(seen) | {"log energy": (energy, step_times(len(energy), 0, predictor.run.config.frame))}
    scores |= {f"untrained {name}": score for name, score in _scores(before).items()}
    silenced = _choose_silences(seen, words, np.random.default_rng(list(utterance.id.encode())))
    return _compare(scores, words) | _delete(predictor, utterance, recording, silenced, words)


def _scores(seen: Inspection) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every score of a step and the times of the steps, by name."""
    scores = {f"r, iteration {i}": (row, seen.times) for i, row in enumerate(seen.informativeness, start=1)}
    for block in seen.blocks:
        scores[f"attention, {block.name}"] = block.received.mean(axis=0), block.times
    return scores


def _compare(scores: dict, words: Sequence[Word]) -> dict[str, dict[str, float]]:
    """Compute "roc", "salient" and "other" of each score; scores without both kinds of steps are left out."""
    values = {"roc": {}, "salient": {}, "other": {}}
    for name, (score, times) in scores.items():
        labels = label_steps(times, words)
        area = roc_area(score, labels)
        if area is not None:
            values["roc"][name] = area
            values["salient"][name] = float(score[labels == SALIENT].mean())
            values["other"][name] = float(score[(labels != SALIENT) & (labels != NO_SPEECH)].mean())
    return values


def _choose_silences(seen: Inspection, words: Sequence[Word], rng) -> dict[str, list[list[tuple]]]:
    """Choose by name one or several sets of spans to silence; the results of several are averaged."""
    labels = label_steps(seen.times, words)
    salient = float(np.mean(labels[labels != NO_SPEECH] == SALIENT))

    def draw(share):
        return highest_steps(rng.random(len(labels)), labels, share)

    chosen = {
        f"r, iteration {i}": [highest_steps(row, labels, SHARE)] for i, row in enumerate(seen.informativeness, start=1)
    }
    chosen["random"] = [draw(SHARE) for _ in range(NUM_RANDOM_DRAWS)]
    chosen["random, as much as salient"] = [draw(salient) for _ in range(NUM_RANDOM_DRAWS)]
    spans = {name: [step_spans(steps, seen.times) for steps in sets] for name, sets in chosen.items()}
    return spans | {"salient": [[(word.start_s, word.end_s) for word in words if word.salient]]}


def _delete(predictor, utterance, recording, silenced, words) -> dict[str, dict[str, float]]:
    """Compute the "probability" of the true class when spans are silenced, and their share of the speech."""
    config, rng = predictor.run.config, np.random.default_rng(0)
    rate, label = recording.sample_rate, config.classes.index(utterance.emotion)
    variants = [silence_spans(recording.signal, rate, spans, rng) for sets in silenced.values() for spans in sets]
    llds = [recording.llds, *(extract_llds(variant, rate, config.frame) for variant in variants)]
    probabilities = predictor.predict_llds(llds, [utterance.text] * len(llds))[:, label]
    result = {"probability": {"none": float(probabilities[0])}, "silenced": {"none": 0.0}}
    position = 1
    for name, sets in silenced.items():
        result["probability"][name] = float(probabilities[position : position + len(sets)].mean())
        result["silenced"][name] = float(np.mean([_silenced_share(spans, words) for spans in sets]))
        position += len(sets)
    return result


def _silenced_share(spans: Sequence[tuple[float, float]], words: Sequence[Word]) -> float:
    """Compute how much of the time of the words lies in `spans`, which do not overlap."""
    said = sum(word.end_s - word.start_s for word in words)
    lost = sum(max(0.0, min(end, word.end_s) - max(start, word.start_s)) for start, end in spans for word in words)
    return lost / said
