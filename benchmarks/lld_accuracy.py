"""How far our descriptors agree with Praat's and openSMILE's on the same frames."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import sklearn.metrics
from tqdm import tqdm

from benchmarks.peers.praat import NO_HNR_DB, track_with_praat
from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, extract_llds, load_audio
from drl4ser.features.opensmile import extract_opensmile_llds, round_to_pcm

_COLUMN = {name: index for index, name in enumerate(LLD_NAMES)}
_GROSS_ERROR = 0.2  # of the reference F0: the field's usual bound
_PRAAT_ROWS = (  # descriptor, measure, wanted
    ("log_f0", "gross errors (over 20 %)", 0.04, "most"),
    ("log_f0", "median deviation", 0.01, "most"),
    ("log_f0", "voicing decision differs", 0.08, "most"),
    ("hnr_db", "Pearson r", 0.85, "least"),
    ("voicing_probability", "ROC area", 0.97, "least"),
)
_LEAST_R = {"log_energy": 0.999}


@dataclasses.dataclass(frozen=True)
class Tracks:
    """One recording as three programs describe it, frame by frame.

    Attributes:
        ours: float32 [num_frames, 17].
        opensmile: float32 [num_frames, 17].
        praat_f0_hz: float64 [num_frames], 0 where unvoiced.
        praat_hnr_db: float64 [num_frames], `NO_HNR_DB` where there is none.
    """

    ours: np.ndarray
    opensmile: np.ndarray
    praat_f0_hz: np.ndarray
    praat_hnr_db: np.ndarray


def describe(signal: np.ndarray, config: FrameConfig = FrameConfig()) -> Tracks:
    """All three programs on one signal at config.sample_rate, rounded to 16 bits: openSMILE reads no others."""
    signal = round_to_pcm(signal)
    return Tracks(
        extract_llds(signal, config.sample_rate, config),
        extract_opensmile_llds(signal, config.sample_rate, config),
        *track_with_praat(signal, config),
    )


def describe_files(paths: Iterable[Path]) -> tuple[dict[Path, Tracks], dict[Path, str]]:
    """The tracks of every recording that can be used, and why the others cannot."""
    tracks, problems = {}, {}
    for path in tqdm(paths, unit="file", desc="three front ends"):
        try:
            tracks[path] = describe(load_audio(path, FrameConfig().sample_rate)[0])
        except ValueError as error:
            problems[path] = str(error)
    return tracks, problems


def describe_data(name: str, every: int, tracks: dict[Path, Tracks], problems: dict[Path, str]) -> dict:
    """What a report was measured on, in plain values."""
    num_frames = sum(len(item.ours) for item in tracks.values())
    return {
        "name": name,
        "every": every,
        "num_files": len(tracks),
        "num_frames": num_frames,
        "minutes": num_frames * FrameConfig().hop_ms / 60_000,
        "problems": {path.name: reason for path, reason in problems.items()},
    }


def measure_agreement(tracks: list[Tracks]) -> list[dict]:
    """The accuracy table's rows over the frames of all recordings together.

    Returns:
        Dictionaries of "descriptor", "measure", "reference", "ours", "opensmile" (None where openSMILE is the
        reference), "wanted" and "limit" ("most" or "least"); shares and deviations are fractions.

    Raises:
        ValueError: if the programs have no voiced frame in common, or Praat no unvoiced one.
    """
    columns = zip(*map(dataclasses.astuple, tracks), strict=True)
    ours, opensmile, f0_hz, hnr_db = map(np.concatenate, columns)
    values = [compare_with_praat(llds, f0_hz, hnr_db) for llds in (ours, opensmile)]
    rows = [
        _row(descriptor, measure, "Praat", our_value, their_value, *bound)
        for (descriptor, measure, *bound), our_value, their_value in zip(_PRAAT_ROWS, *values, strict=True)
    ]
    for name in (*LLD_NAMES[:12], "log_energy", "zcr"):
        r = _correlate(ours[:, _COLUMN[name]], opensmile[:, _COLUMN[name]])
        rows.append(_row(name, "Pearson r", "openSMILE", r, None, _LEAST_R.get(name, 0.99), "least"))
    return rows


def compare_with_praat(llds: np.ndarray, f0_hz: np.ndarray, hnr_db: np.ndarray) -> tuple[float, ...]:
    """Agreement of one front end's pitch descriptors with Praat's.

    F0 and HNR are compared where both programs hear a voice, as is usual; the voicing decision everywhere.

    Args:
        llds: [num_frames, 17].
        f0_hz: Praat's F0 [num_frames].
        hnr_db: Praat's HNR [num_frames].

    Returns:
        Share of gross errors and median deviation of F0, share of frames whose voicing differs, Pearson's r of
        HNR, ROC area of the voicing probability.

    Raises:
        ValueError: if no frame is voiced in both, or none is unvoiced in Praat.
    """
    log_f0 = llds[:, _COLUMN["log_f0"]].astype(np.float64)
    both = (log_f0 > 0) & (f0_hz > 0)
    if not both.any() or np.all(f0_hz > 0):
        raise ValueError("these recordings must have voiced and unvoiced frames: is it speech?")
    error = np.abs(np.exp(log_f0[both]) / f0_hz[both] - 1)
    with_hnr = both & (hnr_db > NO_HNR_DB)
    return (
        float(np.mean(error > _GROSS_ERROR)),
        float(np.median(error)),
        float(np.mean((log_f0 > 0) != (f0_hz > 0))),
        _correlate(llds[with_hnr, _COLUMN["hnr_db"]], hnr_db[with_hnr]),
        float(sklearn.metrics.roc_auc_score(f0_hz > 0, llds[:, _COLUMN["voicing_probability"]])),
    )


def _correlate(one, other):
    return float(np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1])


def _row(descriptor, measure, reference, ours, opensmile, wanted, limit):
    return {
        "descriptor": descriptor,
        "measure": measure,
        "reference": reference,
        "ours": ours,
        "opensmile": opensmile,
        "wanted": wanted,
        "limit": limit,
    }
