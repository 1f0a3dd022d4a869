"""Rows: the 17 LLDs on one core against openSMILE, Praat and librosa, and on all cores against one."""

import functools
import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.lld_cost import one_core
from benchmarks.peers.librosa_llds import describe_with_librosa
from benchmarks.peers.praat import track_with_praat
from benchmarks.result import Result, Row, compare_seconds
from benchmarks.timing import Effort, quartiles, time_in_turns
from drl4ser.config import FrameConfig
from drl4ser.corpora import read_corpus
from drl4ser.corpora.synthetic import write_corpus
from drl4ser.features import extract_llds, load_audio
from drl4ser.features.opensmile import extract_opensmile_llds
from drl4ser.parallel.workers import make_pool

UTTERANCES, SPEECH_SECONDS, REPEATS = 40, 20, 3
WANTED_OPENSMILE, WANTED_SCALING = 1.5, 0.9


def measure(effort: Effort) -> Result:
    """Speech of the default corpus's voices."""
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder) / "corpus", UTTERANCES, progress=False)
        utterances = read_corpus("synthetic", Path(folder) / "corpus")
        signals = [load_audio(utterance.path, FrameConfig().sample_rate)[0] for utterance in utterances]
    speech = np.concatenate(signals)[: SPEECH_SECONDS * FrameConfig().sample_rate]
    rows, seconds = compare_programs(speech, effort)
    scaling, both = compare_cores(signals * REPEATS, effort)
    length = len(speech) / FrameConfig().sample_rate
    factor = quartiles(seconds["ours"])[0] / length
    facts = [f"LLDs of {length:.0f} s of speech on one core: real-time factor {factor:.4f}"]
    return Result([*rows, scaling], facts, {**seconds, **both})


def compare_programs(speech: np.ndarray, effort: Effort):
    """All on one core, one after the other."""
    config = FrameConfig()
    sides = {
        "ours": functools.partial(extract_llds, speech, config.sample_rate),
        "openSMILE": functools.partial(extract_opensmile_llds, speech, config.sample_rate, config),
        "Praat": functools.partial(track_with_praat, speech, config),
        "librosa": functools.partial(describe_with_librosa, speech, config),
    }
    against = {
        "openSMILE": ("openSMILE, the same 17", WANTED_OPENSMILE),
        "Praat": ("Praat (parselmouth), F0 and HNR only", None),
        "librosa": ("librosa and pyin, without HNR", None),
    }
    with one_core():
        seconds = time_in_turns(sides, effort)
    what = f"17 LLDs of {SPEECH_SECONDS} s of speech, one core"
    rows = [
        compare_seconds(what, name, seconds["ours"], seconds[side], wanted) for side, (name, wanted) in against.items()
    ]
    return rows, seconds


def compare_cores(signals: list[np.ndarray], effort: Effort):
    """Utterances a second by as many processes as there are cores, over as many times one process's."""
    cores = os.cpu_count()
    with make_pool(1) as one, make_pool(cores) as all_cores:
        sides = {"one process": _extraction(one, signals), "all cores": _extraction(all_cores, signals)}
        seconds = time_in_turns(sides, effort)
    shares = [a / b / cores for a, b in zip(seconds["one process"], seconds["all cores"], strict=True)]
    rates = [len(signals) / quartiles(seconds[side])[0] for side in ("all cores", "one process")]
    row = Row(
        f"17 LLDs of {len(signals)} utterances, {cores} processes",
        f"{cores} times one process",
        rates[0],
        cores * rates[1],
        "utterances/s",
        *quartiles(shares),
        WANTED_SCALING,
    )
    return row, seconds


def _extraction(pool, signals):
    return lambda: list(pool.map(_count_frames, signals, chunksize=4))


def _count_frames(signal: np.ndarray) -> int:
    return len(extract_llds(signal, FrameConfig().sample_rate))
