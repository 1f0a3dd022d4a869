"""openSMILE: the same 17 LLDs as a second front end, and the 6,373 functionals of ComParE 2016."""

import concurrent.futures
import contextlib
import ctypes
import functools
import importlib.util
import multiprocessing.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from drl4ser.config import FrameConfig
from drl4ser.features.audio import load_audio
from drl4ser.features.framing import count_frames, prepare_signal
from drl4ser.features.voicing import HNR_RANGE_DB

CONFIG_FILE = Path(__file__).with_name("opensmile_llds.conf")
_PCM_SCALE = 32768


def extract_opensmile_llds(signal: ArrayLike, sample_rate: int, config: FrameConfig) -> np.ndarray:
    """Extract the 17 LLDs with openSMILE, in the columns and units of `drl4ser.features.extract_llds`.

    MFCC, energy and zero crossings are defined as in `drl4ser.features.spectral`. Pitch is cPitchACF's, as in the
    Interspeech 2009 set: F0, voicing probability and HNR from the autocorrelation and cepstrum of the same
    Hamming-windowed frame. openSMILE reads 16-bit samples, so the signal is rounded to them.

    Args:
        signal: float array [num_samples] or [num_samples, channels] (averaged), full scale = 1.
        sample_rate: its rate in Hz; other rates than config.sample_rate are resampled first.
        config: frames, mel bands, cepstra and highest F0; cPitchACF has no lowest.

    Returns:
        float32 [num_frames, 17]; always finite. hnr_db is clipped to -20..40 dB, log_f0 is 0 where unvoiced.

    Raises:
        ValueError: as `extract_llds` does.
        ImportError: if openSMILE is not installed.

    Example:
        >>> import numpy as np
        >>> tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
        >>> extract_opensmile_llds(tone, 16_000, FrameConfig()).shape
        (196, 17)
    """
    signal = prepare_signal(signal, sample_rate, config)
    if "tensorflow" in sys.modules:
        return _process_without_tensorflow().submit(_extract, signal, config).result()
    return _extract(signal, config)


@functools.lru_cache
def _process_without_tensorflow() -> concurrent.futures.Executor:
    # `import_opensmile` is not enough: openSMILE still aborted in processes that had run TensorFlow.
    executor = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    # Not `atexit`, which worker processes skip: they would wait for this process for ever.
    multiprocessing.util.Finalize(None, executor.shutdown, exitpriority=100)  # before its queues are closed, at 10
    return executor


def _extract(signal: np.ndarray, config: FrameConfig) -> np.ndarray:
    llds = build_smile(config)(round_to_pcm(signal), config.sample_rate)[0].T.astype(np.float32)
    num_frames = count_frames(len(signal), config)
    if len(llds) != num_frames:
        raise ValueError(f"openSMILE returned {len(llds)} frames for {len(signal)} samples, expected {num_frames}")
    hnr_db, f0_hz = llds[:, -3], llds[:, -2]
    np.clip(hnr_db, *HNR_RANGE_DB, out=hnr_db)
    f0_hz[:] = np.log(np.where(f0_hz > 0, f0_hz, 1.0))
    return llds


def extract_compare_functionals(path: Path | str) -> np.ndarray:
    """Describe a whole recording by the functionals of the ComParE 2016 challenge.

    Args:
        path: audio in any format that `load_audio` reads; channels are averaged, the rate is kept.

    Returns:
        float32 [6373], finite: a functional that openSMILE leaves undefined is 0.

    Raises:
        ValueError: if the file cannot be read.
        ImportError: if openSMILE is not installed.
    """
    signal, sample_rate = load_audio(path)
    values = _build_compare_smile()(round_to_pcm(signal), sample_rate)
    return np.nan_to_num(np.asarray(values, np.float32).ravel(), posinf=0.0, neginf=0.0)


@functools.lru_cache
def _build_compare_smile():
    opensmile = import_opensmile()
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016, feature_level=opensmile.FeatureLevel.Functionals
    )


def round_to_pcm(signal: np.ndarray) -> np.ndarray:
    """Round a signal to 16-bit samples, clipped at full scale: float32 [num_samples], multiples of 2^-15.

    Example:
        >>> (32768 * round_to_pcm([0.5, 1e-6, 2.0])).tolist()
        [16384.0, 0.0, 32767.0]
    """
    pcm = np.clip(np.rint(np.asarray(signal, np.float32) * _PCM_SCALE), -_PCM_SCALE, _PCM_SCALE - 1)
    return pcm / np.float32(_PCM_SCALE)


@functools.lru_cache
def build_smile(config: FrameConfig) -> Any:
    """Build openSMILE's own extractor, an `opensmile.Smile`: HNR in dB, F0 in Hz (0 where unvoiced).

    Raises:
        ImportError: if openSMILE is not installed.
    """
    options = {
        "frameSize": config.frame_ms / 1000,
        "frameStep": config.hop_ms / 1000,
        "nBands": config.num_mel_bands,
        "lofreq": config.mel_low_hz,
        "hifreq": min(config.mel_high_hz, config.sample_rate / 2),
        "lastMfcc": config.num_mfcc,
        "cepLifter": config.lifter,
        "maxPitch": config.f0_max_hz,
    }
    return import_opensmile().Smile(feature_set=str(CONFIG_FILE), feature_level="lld", options=options)


def import_opensmile() -> Any:
    """Import the package opensmile so that it works beside TensorFlow.

    TensorFlow exports functions named as openSMILE's Fourier transforms (`rdft`, `cdft`), for other number types.
    Loaded later, openSMILE would call those and damage the heap; RTLD_DEEPBIND makes it call its own.

    Raises:
        ImportError: if it is not installed.
    """
    found = importlib.util.find_spec("opensmile")
    if found is None:
        raise ImportError("openSMILE is not installed: run pip install 'drl4ser[references]'")
    if "opensmile" not in sys.modules and hasattr(os, "RTLD_DEEPBIND"):
        for folder in found.submodule_search_locations or ():
            for library in Path(folder).glob("core/bin/*/libSMILEapi.so"):
                with contextlib.suppress(OSError):  # of another processor
                    ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
    import opensmile

    return opensmile
