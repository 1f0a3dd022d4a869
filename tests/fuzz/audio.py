"""WAV, FLAC, MP3 and Ogg files, through everything that extraction does with a file."""

import io
from pathlib import Path

import numpy as np
import soundfile

from drl4ser.config import FrameConfig
from drl4ser.corpora import Utterance
from drl4ser.data.extraction import describe
from tests.fuzz.kinds import READ, REFUSED, Kind
from tests.fuzz.strategies import damaged_bytes

_WAVS = (
    ("WAV", "PCM_16", 16_000, 1),
    ("WAV", "PCM_U8", 8_000, 1),
    ("WAV", "FLOAT", 16_000, 2),
    ("WAVEX", "PCM_24", 16_000, 2),
    ("WAV", "ULAW", 8_000, 1),
    ("WAV", "IMA_ADPCM", 8_000, 1),
    ("WAV", "MS_ADPCM", 8_000, 1),
    ("RF64", "PCM_16", 16_000, 1),
)
_MP3S = (("MP3", "MPEG_LAYER_III", 16_000, 1), ("MP3", "MPEG_LAYER_III", 44_100, 2))
_OGGS = (("OGG", "VORBIS", 16_000, 1), ("OGG", "OPUS", 48_000, 2))
_FLACS = (("FLAC", "PCM_16", 16_000, 1), ("FLAC", "PCM_16", 16_000, 2), ("FLAC", "PCM_24", 8_000, 1))


def _examples(variants) -> list[bytes]:
    """Return an eighth of a second of a buzz in each format."""
    contents = []
    for container, subtype, rate, channels in variants:
        time = np.arange(rate // 8) / rate
        buzz = 0.2 * np.sign(np.sin(2 * np.pi * 120 * time))
        file = io.BytesIO()
        soundfile.write(file, np.stack([buzz] * channels, axis=1), rate, subtype, format=container)
        contents.append(file.getvalue())
    return contents


def _prepare(variants, name: str):
    def prepare(folder: Path):
        path = folder / name

        def read(content: bytes) -> str:
            path.write_bytes(content)
            description = describe(Utterance("x", path, "sad"), FrameConfig())
            if description.problem:
                return REFUSED
            if not np.isfinite(description.llds).all() or description.llds.shape[1] != 17:
                raise AssertionError("LLDs that are not numbers")
            return READ

        return damaged_bytes(_examples(variants)), read

    return prepare


KINDS = (
    Kind("wav", _prepare(_WAVS, "x.wav")),
    Kind("flac", _prepare(_FLACS, "x.flac")),
    Kind("mp3", _prepare(_MP3S, "x.mp3")),
    Kind("ogg", _prepare(_OGGS, "x.ogg")),
)
