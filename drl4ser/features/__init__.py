"""The acoustic front end: 17 low-level descriptors every 5 ms, audio reading and normalisation."""

from drl4ser.features.audio import load_audio
from drl4ser.features.audio_files import find_audio
from drl4ser.features.framing import frame_times
from drl4ser.features.lld import EXTRACTOR_VERSION, LLD_NAMES, extract_llds, stream_llds
from drl4ser.features.normalization import Normalizer, speech_span

__all__ = [
    "EXTRACTOR_VERSION",
    "LLD_NAMES",
    "Normalizer",
    "extract_llds",
    "find_audio",
    "frame_times",
    "load_audio",
    "speech_span",
    "stream_llds",
]
