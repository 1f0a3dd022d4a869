"""The 17 LLDs on one core against openSMILE, Praat and librosa, and on all cores against one."""

import functools
import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peers.front_ends import describe_with_librosa, track_at_praats_defaults, track_with_praat
from benchmarks.report import Result, Row, compare_seconds
from benchmarks.timing import Effort, one_core, quartiles, time_in_turns
from drl4ser.config import FrameConfig
from drl4ser.corpora import read_corpus
from drl4ser.corpora.synthetic import write_corpus
from drl4ser.features import extract_llds, load_audio
from drl4ser.features.opensmile import extract_opensmile_llds
from drl4ser.parallel.workers import make_pool

UTTERANCES, SPEECH_SECONDS, REPEATS = 40, 20, 3
RATE = FrameConfig().sample_rate
PEERS = {  # name: what it computes, least speed-up wanted
    "opensmile": ("openSMILE, the same 17", 3.0),
    "praat": ("Praat: F0 by autocorrelation, 60-500 Hz, and HNR by cross-correlation from 60 Hz, every 5 ms", None),
    "praat_default": ("Praat: F0 at its defaults, 75-600 Hz, every 10 ms", None),
    "librosa": ("librosa and pyin, without HNR", None),
}


def measure_front_end(effort: Effort) -> Result:
    """Time the programs on speech of the default corpus's voices."""
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder) / "corpus", UTTERANCES, progress=False)
        utterances = read_corpus("synthetic", Path(folder) / "corpus")
        signals = [load_audio(utterance.path, RATE)[0] for utterance in utterances]
    speech = np.concatenate(signals)[: SPEECH_SECONDS * RATE]
    with one_core():
        seconds = time_in_turns(make_programs(speech), effort)
    what = f"17 LLDs of {SPEECH_SECONDS} s of speech, one core"
    ours = seconds["ours"]
    rows = [compare_seconds(what, name, ours, seconds[peer], wanted) for peer, (name, wanted) in PEERS.items()]
    scaling, both = compare_cores(signals * REPEATS, effort)
    length = len(speech) / RATE
    speeds = {side: length / quartiles(times)[0] for side, times in seconds.items()}
    facts = [
        f"LLDs of {length:.0f} s of speech on one core: real-time factor {1 / speeds['ours']:.4f}, "
        f"{speeds['ours']:.0f} times real time; Praat's F0 at its defaults: {speeds['praat_default']:.0f} times"
    ]
    return Result([*rows, scaling], facts, {**seconds, **both})


def make_programs(signal: np.ndarray) -> dict:
    """Return our front end and its peers as functions that describe a signal of 16 kHz."""
    config = FrameConfig()
    return {
        "ours": functools.partial(extract_llds, signal, config.sample_rate),
        "opensmile": functools.partial(extract_opensmile_llds, signal, config.sample_rate, config),
        "praat": functools.partial(track_with_praat, signal, config),
        "praat_default": functools.partial(track_at_praats_defaults, signal, config.sample_rate),
        "librosa": functools.partial(describe_with_librosa, signal, config),
    }


def compare_cores(signals: list[np.ndarray], effort: Effort) -> tuple[Row, dict]:
    """Compare utterances a second by as many processes as there are cores with as many times one process's."""
    cores = os.cpu_count()
    with make_pool(1) as one, make_pool(cores) as all_cores:
        pools = {"one process": one, "all cores": all_cores}
        sides = {
            name: lambda pool=pool: list(pool.map(_describe, signals, chunksize=4)) for name, pool in pools.items()
        }
        seconds = time_in_turns(sides, effort)
    shares = [a / b / cores for a, b in zip(seconds["one process"], seconds["all cores"], strict=True)]
    ours, theirs = (len(signals) / quartiles(seconds[side])[0] for side in ("all cores", "one process"))
    what = f"17 LLDs of {len(signals)} utterances, {cores} processes"
    against = f"{cores} times one process"
    return Row(what, against, ours, cores * theirs, "utterances/s", *quartiles(shares), wanted=0.9), seconds


def _describe(signal: np.ndarray) -> int:
    return len(extract_llds(signal, RATE))
