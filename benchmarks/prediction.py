"""Prediction against PyTorch, and how cost grows with the length of an utterance and with their number."""

import numpy as np
import tensorflow as tf
import torch

from benchmarks.peers import torch_models, torch_weights
from benchmarks.report import Result, compare_seconds
from benchmarks.timing import Effort, fit_line, quartiles, time_in_turns
from benchmarks.workloads import SIGNATURE, make_batch, make_our_step, make_part, to_torch
from drl4ser.config import PROFILES, ModelConfig, TrainConfig
from drl4ser.data.pipeline import training_batches
from drl4ser.features import extract_llds
from drl4ser.models import build_model, build_model_from_config
from drl4ser.training.step import make_evaluation_step

SECONDS, FRAMES_PER_SECOND, RATE = 5, 200, 16_000
FOLDER, BATCH = 500, 32
GROWING_SECONDS = (1, 2, 5, 10, 20, 30, 45, 60)
CORPUS, FACTORS = 64, (1, 2, 4, 8, 16)
# PyTorch's threads look for work for some milliseconds after they had some: a lone call in between would pay for that.
IN_A_ROW = 30


def measure_prediction(effort: Effort) -> Result:
    """Time model alone against model alone; the extraction of the LLDs, the same for both, is in the facts."""
    effort = effort.share(2)
    model = build_model("s3")
    module = torch_models.S3().eval()
    torch_weights.copy_s3(module, model)
    step = make_evaluation_step(model, SIGNATURE[:1])
    one = [make_batch([SECONDS * FRAMES_PER_SECOND])] * IN_A_ROW
    lengths = np.sort(np.random.default_rng(0).integers(200, 1201, FOLDER))
    folder = [make_batch(lengths[i : i + BATCH], seed=i) for i in range(0, FOLDER, BATCH)]
    rows, samples = [], {}
    for what, batches, calls in (
        (f"one utterance of {SECONDS} s, warm", one, IN_A_ROW),
        (f"{FOLDER} utterances of 1-6 s", folder, 1),
    ):
        sides = {"ours": _ours(step, batches), "eager": _theirs(module, batches)}
        if effort.compiled:
            sides["compiled"] = _theirs(torch.compile(module), batches)
        turns = time_in_turns(sides, effort)
        seconds = {side: [turn / calls for turn in times] for side, times in turns.items()}
        what = f"S3 prediction from LLDs, {what}"
        for side, against, wanted in (("eager", "PyTorch eager", 1.0), ("compiled", "torch.compile", None)):
            if side in sides:
                rows.append(compare_seconds(what, against, seconds["ours"], seconds[side], wanted))
        samples[what] = seconds
    samples["LLDs of one utterance"] = time_in_turns({"llds": _extraction()}, effort)["llds"]
    extraction = quartiles(samples["LLDs of one utterance"])[0]
    alone = rows[0].ours / 1e3
    facts = [
        f"Prediction of {SECONDS} s of speech, warm, audio in memory: LLDs {extraction * 1e3:.0f} ms, model "
        f"{alone * 1e3:.0f} ms, real-time factor {(extraction + alone) / SECONDS:.4f}"
    ]
    return Result(rows, facts, samples)


def _ours(step, batches):
    tensors = [{name: tf.constant(value) for name, value in inputs.items()} for inputs, _ in batches]
    return lambda: [step(inputs).numpy() for inputs in tensors]


def _theirs(module, batches):
    tensors = [to_torch(*batch)[:2] for batch in batches]

    def run():
        with torch.inference_mode():
            return [module(*inputs).numpy() for inputs in tensors]

    return run


def _extraction():
    """Return the extraction from a buzz with vibrato in noise: the cost depends little on what is said."""
    time = np.arange(SECONDS * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(150 * (1 + 0.05 * np.sin(2 * np.pi * 3 * time))) / RATE
    noise = np.random.default_rng(0).normal(size=len(time))
    signal = 0.1 * sum(np.sin(k * phase) / k for k in range(1, 12)) + 0.005 * noise
    return lambda: extract_llds(signal.astype(np.float32), RATE)


def measure_scaling(effort: Effort) -> Result:
    """Fit straight lines through the least times of a few rounds, and measure what a line cannot explain."""
    lengths, corpus = time_lengths(min(effort.rounds, 5)), time_corpus(min(effort.rounds, 3))
    facts = [
        f"Prediction by length, 1-{max(lengths)} s of speech: {_describe_line(lengths, 'second of speech')}; with a "
        f"square term (self-attention) that term is {_square_share(lengths):.0%} of the cost at {max(lengths)} s",
        f"Training epoch by corpus size, {min(corpus)}-{max(corpus)} utterances of 1-4 s, S3 of profile quick: "
        f"{_describe_line(corpus, 'utterance')}",
    ]
    return Result(facts=facts, samples={"seconds_by_length": lengths, "seconds_by_utterances": corpus})


def time_lengths(rounds: int) -> dict[int, float]:
    """Return seconds of a prediction by seconds of speech."""
    step = make_evaluation_step(build_model("s3"), SIGNATURE[:1])
    found = {}
    for seconds in GROWING_SECONDS:
        inputs = make_batch([seconds * FRAMES_PER_SECOND])[0]
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        found[seconds] = _least(lambda tensors=tensors: step(tensors).numpy(), rounds)
    return found


def time_corpus(rounds: int) -> dict[int, float]:
    """Return seconds of a training epoch of the narrow network by number of utterances of the same lengths."""
    train = TrainConfig(batch_size=BATCH)
    step = make_our_step(build_model_from_config(ModelConfig(**PROFILES["quick"]["model"])), train)
    found = {}
    for factor in FACTORS:
        part = make_part(np.tile(np.random.default_rng(0).integers(200, 801, CORPUS), factor))

        def epoch(part=part):
            batches = training_batches(part, train, seed=0, epochs=[1])
            return [float(step(inputs, labels)[0]) for inputs, labels, _ in batches]

        found[factor * CORPUS] = _least(epoch, rounds)
    return found


def _least(call, rounds: int) -> float:
    """Return the least seconds of a call: noise only adds."""
    return min(time_in_turns({"call": call}, Effort(rounds))["call"])


def _describe_line(seconds: dict[int, float], unit: str) -> str:
    slope, intercept, fit = fit_line(list(seconds), list(seconds.values()))
    return f"{slope * 1e3:.2f} ms per {unit} + {intercept * 1e3:.1f} ms, R^2 = {fit:.4f}"


def _square_share(seconds: dict[int, float]) -> float:
    square = np.polyfit(list(seconds), list(seconds.values()), 2)
    longest = max(seconds)
    return square[0] * longest**2 / np.polyval(square, longest)
