"""Facts: how the cost of S3 grows with the length of an utterance and with the number of utterances."""

import time

import numpy as np
import tensorflow as tf

from benchmarks.result import Result
from benchmarks.timing import Effort, fit_line
from benchmarks.workloads import SIGNATURE, make_batch, make_our_step, make_part
from drl4ser.config import PROFILES, ModelConfig, TrainConfig
from drl4ser.data.pipeline import training_batches
from drl4ser.models import build_model, build_model_from_config
from drl4ser.training.step import make_evaluation_step

SECONDS = (1, 2, 5, 10, 20, 30, 45, 60)
FRAMES_A_SECOND = 200
CORPUS, FACTORS, BATCH = 64, (1, 2, 4, 8, 16), 32


def measure(effort: Effort) -> Result:
    """Least times of a few rounds, straight lines through them, and what the line cannot explain."""
    lengths = time_lengths(min(effort.rounds, 5))
    corpus = time_corpus(min(effort.rounds, 3))
    facts = [describe_length(lengths), describe_corpus(corpus)]
    return Result(facts=facts, samples={"seconds_by_length": lengths, "seconds_by_utterances": corpus})


def time_lengths(rounds: int) -> dict[int, float]:
    """Seconds of a prediction by seconds of speech."""
    step = make_evaluation_step(build_model("s3"), SIGNATURE[:1])
    found = {}
    for seconds in SECONDS:
        inputs = make_batch([seconds * FRAMES_A_SECOND])[0]
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        found[seconds] = _least(lambda tensors=tensors: step(tensors).numpy(), rounds)
    return found


def time_corpus(rounds: int) -> dict[int, float]:
    """Seconds of a training epoch of the narrow network by number of utterances, all drawn from the same lengths."""
    train = TrainConfig(batch_size=BATCH)
    step = make_our_step(build_model_from_config(ModelConfig(**PROFILES["quick"]["model"])), train)
    found = {}
    for factor in FACTORS:
        lengths = np.tile(np.random.default_rng(0).integers(200, 801, CORPUS), factor)
        part = make_part(lengths)

        def epoch(part=part):
            batches = training_batches(part, train, seed=0, epochs=[1])
            return [float(step(inputs, labels)[0]) for inputs, labels, _ in batches]

        found[factor * CORPUS] = _least(epoch, rounds)
    return found


def describe_length(seconds: dict[int, float]) -> str:
    """The line, and the share of a square term in the longest utterance: self-attention's."""
    x, y = np.array(list(seconds)), np.array(list(seconds.values()))
    slope, intercept, fit = fit_line(x, y)
    square = np.polyfit(x, y, 2)
    share = square[0] * x[-1] ** 2 / np.polyval(square, x[-1])
    return (
        f"Prediction by length, {x[0]}-{x[-1]} s of speech: {slope * 1e3:.2f} ms a second of speech + "
        f"{intercept * 1e3:.1f} ms, R^2 = {fit:.4f}; with a square term (self-attention) that term is "
        f"{share:.0%} of the cost at {x[-1]} s"
    )


def describe_corpus(seconds: dict[int, float]) -> str:
    """The line."""
    x = np.array(list(seconds))
    slope, intercept, fit = fit_line(x, list(seconds.values()))
    return (
        f"Training epoch by corpus size, {x[0]}-{x[-1]} utterances of 1-4 s, S3 of profile quick: "
        f"{slope * 1e3:.2f} ms an utterance + {intercept * 1e3:.0f} ms, R^2 = {fit:.4f}"
    )


def _least(call, rounds: int) -> float:
    """Noise only ever adds."""
    call()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)
