"""The 6,373 functionals of the ComParE 2016 challenge, by openSMILE: a well-known description of an utterance."""

import functools

import numpy as np

from drl4ser.features.audio import load_audio
from drl4ser.features.opensmile_llds import import_opensmile, round_to_pcm

NUM_FUNCTIONALS = 6373


def extract_compare_2016(path) -> np.ndarray:
    """Reads a recording and describes it as a whole.

    Args:
        path: audio in any format that libsndfile reads; channels are averaged, the rate is kept.

    Returns:
        float32 [6373], finite: a functional that openSMILE leaves undefined is 0.

    Raises:
        ValueError: if the file cannot be read.
        ImportError: if openSMILE is not installed.
    """
    signal, sample_rate = load_audio(path)
    signal = signal.mean(axis=1) if signal.ndim == 2 else signal
    values = _build_smile()(round_to_pcm(signal), sample_rate)
    return np.nan_to_num(np.asarray(values, np.float32).ravel(), posinf=0.0, neginf=0.0)


@functools.lru_cache
def _build_smile():
    opensmile = import_opensmile()
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016, feature_level=opensmile.FeatureLevel.Functionals
    )
