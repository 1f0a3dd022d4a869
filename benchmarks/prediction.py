"""Rows: prediction from LLDs, one utterance of 5 s and a folder of 500, against PyTorch; and from the audio on."""

import numpy as np
import tensorflow as tf
import torch

from benchmarks.peers import torch_rlc, torch_weights
from benchmarks.result import Result, compare_seconds
from benchmarks.timing import Effort, quartiles, time_in_turns
from benchmarks.workloads import SIGNATURE, make_batch
from drl4ser.features import extract_llds
from drl4ser.models import build_model
from drl4ser.training.step import make_evaluation_step

SECONDS, FRAMES_A_SECOND, RATE = 5, 200, 16_000
FOLDER, BATCH = 500, 32
# PyTorch's threads look for work for some milliseconds after they had some: a lone call in between would pay for that.
IN_A_ROW = 30
WANTED = 1.0


def measure(effort: Effort) -> Result:
    """Model alone against model alone; the extraction of the LLDs, the same for both, is in the facts."""
    effort = effort.share(2)
    model = build_model("s3")
    module = torch_rlc.S3().eval()
    torch_weights.copy_s3(module, model)
    step = make_evaluation_step(model, SIGNATURE[:1])
    one = [make_batch([SECONDS * FRAMES_A_SECOND])[0]] * IN_A_ROW
    lengths = np.sort(np.random.default_rng(0).integers(200, 1201, FOLDER))
    folder = [make_batch(lengths[i : i + BATCH], seed=i)[0] for i in range(0, FOLDER, BATCH)]
    rows, samples = [], {}
    for what, batches, calls in (
        (f"one utterance of {SECONDS} s, warm", one, IN_A_ROW),
        (f"{FOLDER} utterances of 1-6 s", folder, 1),
    ):
        turns = time_in_turns({"ours": _ours(step, batches), "torch": _theirs(module, batches)}, effort)
        seconds = {side: [turn / calls for turn in times] for side, times in turns.items()}
        what = f"S3 prediction from LLDs, {what}"
        rows.append(compare_seconds(what, "PyTorch eager", seconds["ours"], seconds["torch"], WANTED))
        samples[what] = seconds
    audio = time_in_turns({"llds": _extraction()}, effort)["llds"]
    samples["LLDs of one utterance"] = audio
    alone = quartiles(next(iter(samples.values()))["ours"])[0]
    extraction = quartiles(audio)[0]
    facts = [
        f"Prediction of {SECONDS} s of speech, warm, audio in memory: LLDs {extraction * 1e3:.0f} ms, model "
        f"{alone * 1e3:.0f} ms, real-time factor {(extraction + alone) / SECONDS:.4f}"
    ]
    return Result(rows, facts, samples)


def _ours(step, batches):
    tensors = [{name: tf.constant(value) for name, value in inputs.items()} for inputs in batches]
    return lambda: [step(inputs).numpy() for inputs in tensors]


def _theirs(module, batches):
    tensors = []
    for inputs in batches:
        padded = len(set(inputs["num_frames"])) > 1  # without padding PyTorch is spared its masks
        lengths = torch.from_numpy(inputs["num_frames"]).long() if padded else None
        tensors.append((torch.from_numpy(inputs["llds"]), lengths))

    def run():
        with torch.inference_mode():
            return [module(*inputs).numpy() for inputs in tensors]

    return run


def _extraction():
    """LLDs of a buzz with vibrato in noise: the cost depends little on what is said."""
    time = np.arange(SECONDS * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(150 * (1 + 0.05 * np.sin(2 * np.pi * 3 * time))) / RATE
    noise = np.random.default_rng(0).normal(size=len(time))
    signal = 0.1 * sum(np.sin(k * phase) / k for k in range(1, 12)) + 0.005 * noise
    return lambda: extract_llds(signal.astype(np.float32), RATE)
