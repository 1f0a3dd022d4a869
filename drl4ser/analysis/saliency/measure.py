"""What a trained fold attends to in its own test part, and what it misses when parts are silenced."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from drl4ser.analysis.saliency.steps import (
    NO_SPEECH,
    SALIENT,
    highest_steps,
    label_steps,
    roc_area,
    silence_spans,
    step_spans,
)
from drl4ser.config import ExperimentConfig
from drl4ser.corpora import Utterance, Word, read_words
from drl4ser.features import LLD_NAMES, extract_llds
from drl4ser.inference.inspection import inspect_recording
from drl4ser.inference.predictor import Predictor
from drl4ser.models import build_model_from_config
from drl4ser.models.inspector import Inspection, Inspector, step_times

SHARE = 0.2
"""How much of the speech the deletion test silences."""
NUM_RANDOM_DRAWS = 5


def measure_fold(predictor: Predictor, utterances: Sequence[Utterance]) -> Iterator[dict]:
    """Measures utterances whose salient words are known; the others are passed over.

    Args:
        predictor: a finished fold of S3.
        utterances: its test part.

    Yields:
        For each utterance "id", "emotion", and by name of a score "roc" (area, salient against other speech),
        "salient" and "other" (mean score in either); by what was silenced "probability" (of the true class, "none"
        for the whole recording) and "silenced" (share of the speech).
    """
    config = predictor.run.config
    inspector = Inspector(predictor.run.model, config.frame)
    untrained = Inspector(_untrained(config), config.frame)
    for utterance in utterances:
        words = read_words(utterance.path)
        if any(word.salient for word in words):
            yield {
                "id": utterance.id,
                "emotion": utterance.emotion,
                **_measure(predictor, inspector, untrained, utterance, words),
            }


def _untrained(config: ExperimentConfig) -> keras.Model:
    """The system with the weights that it would have started from: what the scores are before any learning."""
    keras.utils.set_random_seed(config.seed)
    return build_model_from_config(config.model)


def _measure(predictor, inspector, untrained, utterance, words) -> dict:
    recording, before = (
        inspect_recording(predictor, look, utterance.path, utterance.text) for look in (inspector, untrained)
    )
    seen, llds = recording.seen, recording.llds
    energy = llds[:, LLD_NAMES.index("log_energy")], step_times(len(llds), 0, predictor.run.config.frame)
    scores = _scores(seen) | {"log energy": energy}
    scores |= {f"untrained {name}": score for name, score in _scores(before.seen).items()}
    values = _compare(scores, words)
    silenced = _choose_silences(seen, words, np.random.default_rng(list(utterance.id.encode())))
    return values | _delete(predictor, utterance, recording, silenced, words)


def _scores(seen: Inspection) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every score of a step and the times of the steps."""
    scores = {f"r, iteration {i}": (row, seen.times) for i, row in enumerate(seen.informativeness, start=1)}
    for block in seen.blocks:
        scores[f"attention, {block.name}"] = block.received.mean(axis=0), block.times
    return scores


def _compare(scores: dict, words: Sequence[Word]) -> dict[str, dict[str, float]]:
    """The "roc", "salient" and "other" of each score; scores without both kinds of steps are left out."""
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
    """By name, one or several sets of spans to silence; several are averaged."""
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
    """The "probability" of the true class when spans are silenced, and the share of the speech that was."""
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
    """How much of the time of the words lies in `spans`, which do not overlap."""
    said = sum(word.end_s - word.start_s for word in words)
    lost = sum(max(0.0, min(end, word.end_s) - max(start, word.start_s)) for start, end in spans for word in words)
    return lost / said
