"""Speed on one core beside openSMILE and Praat, the first call, and what an hour costs."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.peers.praat import track_with_praat
from drl4ser.config import FrameConfig
from drl4ser.features import extract_llds
from drl4ser.features.opensmile import build_smile

_CONFIG = FrameConfig()
_ROUNDS = 5


def measure_speed(signal: np.ndarray, rounds: int = _ROUNDS) -> dict[str, float]:
    """Seconds of audio described in a second of the processor's time, by one core.

    The programs take turns, so that a machine which others use slows all of them alike.

    Args:
        signal: float32 [num_samples] at 16 kHz.
        rounds: turns of each; the fastest counts.

    Returns:
        Real-time factors "ours" and "opensmile" (the same 17 each) and "praat" (F0 and HNR only), and
        their ratios "over_opensmile" and "over_praat".
    """
    with one_core():
        programs = {
            "ours": functools.partial(extract_llds, signal, _CONFIG.sample_rate),
            "opensmile": functools.partial(build_smile(_CONFIG), signal, _CONFIG.sample_rate),
            "praat": functools.partial(track_with_praat, signal, _CONFIG),
        }
        turns = [{name: _processor_seconds(run) for name, run in programs.items()} for _ in range(rounds)]
    # The fastest turn: what other processes take away from the caches only adds to the others.
    fastest = {name: min(turn[name] for turn in turns) for name in programs}
    factors = {name: len(signal) / _CONFIG.sample_rate / seconds for name, seconds in fastest.items()}
    ratios = {f"over_{name}": fastest[name] / fastest["ours"] for name in ("opensmile", "praat")}
    return factors | ratios


def measure_length(signal: np.ndarray, minutes: Sequence[float]) -> list[dict[str, float]]:
    """What recordings of several lengths cost, each in a process of its own.

    Args:
        signal: float32 [num_samples] at 16 kHz, repeated to the lengths.
        minutes: their lengths.

    Returns:
        For each length "minutes" and what `benchmarks.fresh_process` prints.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder, one_core():
        for length in minutes:
            path = Path(folder) / "recording.wav"
            _write_repeated(path, signal, round(60 * length * _CONFIG.sample_rate))
            command = [sys.executable, "-m", "benchmarks.fresh_process", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append({"minutes": length, **json.loads(done.stdout)})
    return found


def _write_repeated(path, signal, num_samples):
    with soundfile.SoundFile(path, "w", _CONFIG.sample_rate, 1, "PCM_16") as file:
        for begin in range(0, num_samples, len(signal)):
            file.write(signal[: num_samples - begin])


def _processor_seconds(run):
    begin = time.process_time()
    run()
    return time.process_time() - begin


@contextlib.contextmanager
def one_core():
    """Keeps this process and its children on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
