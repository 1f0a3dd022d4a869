"""Distortions that recordings meet: how far they move the LLDs, and how many answers of a run they change."""

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
import soundfile
from tqdm import tqdm

from drl4ser.analysis.predicted_part import find_test_part
from drl4ser.corpora import Utterance
from drl4ser.features import LLD_NAMES, extract_llds, load_audio
from drl4ser.features.audio import resample
from drl4ser.features.opensmile import round_to_pcm
from drl4ser.inference.predictor import Predictor, Recording
from drl4ser.reporting.metrics import confusion_matrix, unweighted_accuracy
from drl4ser.reporting.render import MISSING, TextTable

_TELEPHONE_HZ = 8_000
_MP3_KBIT_S = 64
_GROSS_CHANGE = np.log(1.2)  # of F0
_LOG_F0 = LLD_NAMES.index("log_f0")


def _telephone(signal, sample_rate):
    band = scipy.signal.butter(4, (300, 3_400), "bandpass", fs=_TELEPHONE_HZ, output="sos")
    narrow = scipy.signal.sosfiltfilt(band, resample(signal, sample_rate, _TELEPHONE_HZ))
    return narrow.astype(np.float32), _TELEPHONE_HZ


def _mp3(signal, sample_rate):
    # libsndfile's scale from the highest to the lowest bit rate of MPEG-1 and of MPEG-2 layer III
    highest, lowest = (320, 32) if sample_rate >= 32_000 else (160, 8)
    level = (highest - _MP3_KBIT_S) / (highest - lowest)
    file = io.BytesIO()
    soundfile.write(
        file, signal, sample_rate, "MPEG_LAYER_III", format="MP3", bitrate_mode="CONSTANT", compression_level=level
    )
    file.seek(0)
    return soundfile.read(file, dtype="float32")


def _add_noise(signal, sample_rate):
    power = np.mean(np.square(signal, dtype=np.float64))
    noise = np.random.default_rng(0).normal(0, np.sqrt(power) / 10, len(signal))
    return (signal + noise).astype(np.float32), sample_rate


DISTORTIONS: dict[str, Callable] = {
    "constant offset of 0.03, 16 bits": lambda signal, sample_rate: (round_to_pcm(signal + 0.03), sample_rate),
    "gain of -20 dB": lambda signal, sample_rate: (signal * np.float32(0.1), sample_rate),
    "gain of +20 dB, not clipped": lambda signal, sample_rate: (signal * np.float32(10), sample_rate),
    "telephone band, 300 to 3400 Hz at 8 kHz": _telephone,
    "MP3 at 64 kbit/s": _mp3,
    "white noise at 20 dB": _add_noise,
}
"""Name -> function of (float32 [num_samples], sample_rate) that returns the same, distorted."""


@dataclasses.dataclass(frozen=True)
class Movement:
    """How far a distortion moves the LLDs of some recordings, over all their frames.

    Attributes:
        distortion: a name of `DISTORTIONS`.
        rms: root mean square change of each LLD, in its standard deviations over the undistorted frames.
        voicing_changes: share of frames whose voicing decision changes, in [0, 1].
        f0_changes: share of frames, voiced before and after, whose F0 changes by more than 20 %.
    """

    distortion: str
    rms: dict[str, float]
    voicing_changes: float
    f0_changes: float


def measure_movement(paths: Iterable[Path]) -> list[Movement]:
    """Measure how far each of `DISTORTIONS` moves the LLDs of recordings.

    Raises:
        ValueError: if a recording cannot be read; it is named.
    """
    before, after = [], {name: [] for name in DISTORTIONS}
    for path in tqdm(paths, unit="file", desc="distortions"):
        signal, sample_rate = load_audio(path)
        before.append(extract_llds(signal, sample_rate))
        for name, distort in DISTORTIONS.items():
            after[name].append(_fit_length(extract_llds(*distort(signal, sample_rate)), len(before[-1])))
    plain = np.concatenate(before).astype(np.float64)
    return [_compare(name, plain, np.concatenate(llds).astype(np.float64)) for name, llds in after.items()]


def _fit_length(llds, num_frames):
    """An MP3 may end with some more samples, a resampled recording with one less: its last frame is repeated."""
    return llds[np.minimum(np.arange(num_frames), len(llds) - 1)]


def _compare(name, plain, distorted):
    rms = np.sqrt(np.square(distorted - plain).mean(axis=0)) / plain.std(axis=0)
    voiced, still = plain[:, _LOG_F0] > 0, distorted[:, _LOG_F0] > 0
    change = np.abs(distorted - plain)[voiced & still, _LOG_F0]
    return Movement(
        name,
        dict(zip(LLD_NAMES, rms.tolist(), strict=True)),
        float(np.mean(voiced != still)),
        float(np.mean(change > _GROSS_CHANGE)) if len(change) else 0.0,
    )


@dataclasses.dataclass(frozen=True)
class AnswerChange:
    """What a distortion does to the answers of a run over its test part.

    Attributes:
        distortion: a name of `DISTORTIONS`, or "none".
        changed: share of utterances with another emotion than without distortion, in [0, 1].
        warned: share of utterances that come with an input warning, in [0, 1].
        ua: unweighted accuracy, in [0, 1]; None for recordings whose emotions are not known.
    """

    distortion: str
    changed: float
    warned: float
    ua: float | None


def measure_answers(run: Path | str, records_dir: Path | str = "", paths: Sequence[Path] = ()) -> list[AnswerChange]:
    """Predict a run's test part, or other recordings, without and with each distortion.

    Args:
        run: directory of a finished fold.
        records_dir: LLD records of its corpus, which hold the paths of the recordings.
        paths: recordings that are predicted in place of the test part, without transcripts.

    Raises:
        ValueError: as `predicted_part.predict_test_part`.
    """
    predictor = Predictor(run)
    frame, classes = predictor.run.config.frame, predictor.run.config.classes
    ways = {"none": lambda signal, sample_rate: (signal, sample_rate), **DISTORTIONS}
    answers, warned = {name: [] for name in ways}, {name: [] for name in ways}
    utterances = [Utterance(str(path), path, "") for path in paths] or find_test_part(run, records_dir)[1]
    for utterance in tqdm(utterances, unit="utt", desc="distorted predictions"):
        signal, sample_rate = load_audio(utterance.path)
        for name, distort in ways.items():
            distorted, rate = distort(signal, sample_rate)
            llds = extract_llds(distorted, rate, frame)
            found = predictor.predict_recording(Recording(utterance.path, distorted, rate, llds), utterance.text)
            answers[name].append(classes.index(found.emotion))
            warned[name].append(bool(found.warnings))
    labels = [] if paths else [classes.index(utterance.emotion) for utterance in utterances]
    return [
        AnswerChange(
            name,
            float(np.mean(np.array(answers[name]) != answers["none"])),
            float(np.mean(warned[name])),
            unweighted_accuracy(confusion_matrix(labels, answers[name], len(classes))) if labels else None,
        )
        for name in ways
    ]


def render_report(values: dict[str, Any]) -> str:
    """Render the tables of a report as Markdown.

    Args:
        values: "llds", the extractor's version; "num_files" and "llds_moved", the fields of each `Movement`; and
            "answers", the fields of each `AnswerChange`. Either table may be missing.
    """
    tables, notes = [], f"LLDs of version {values['llds']}. "
    if "llds_moved" in values:
        tables.append(_tabulate_movements(values["llds_moved"]))
        notes = (
            f"{values['num_files']} recordings. {notes}Changes of LLDs are root mean squares in standard deviations "
        )
        notes += "over all frames (MFCC: mean of the twelve); F0 is compared where voiced before and after. "
    if "answers" in values:
        header = ["Distortion", "answers changed, %", "with a warning, %", "UA, %"]
        rows = [
            [item["distortion"], *(_percent(item[name]) for name in ("changed", "warned", "ua"))]
            for item in values["answers"]
        ]
        tables.append(TextTable(header, rows, num_names=1))
    return "\n".join([*(table.to_markdown() for table in tables), f"- {notes.strip()}\n"])


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.1f}"


def _tabulate_movements(movements: list[dict[str, Any]]) -> TextTable:
    header = [
        "Distortion",
        "MFCC",
        "log energy",
        "voicing prob.",
        "HNR",
        "zcr",
        "voicing changes, %",
        "F0 > 20 % off, %",
    ]
    rows = []
    for item in movements:
        cepstra = np.mean([value for name, value in item["rms"].items() if name.startswith("mfcc")])
        others = [item["rms"][name] for name in ("log_energy", "voicing_probability", "hnr_db", "zcr")]
        values = [cepstra, *others, 100 * item["voicing_changes"], 100 * item["f0_changes"]]
        rows.append([item["distortion"], *(f"{value:.2f}" for value in values)])
    return TextTable(header, rows, num_names=1)
