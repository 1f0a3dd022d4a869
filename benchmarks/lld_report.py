"""Our LLDs beside Praat's and openSMILE's: `python -m benchmarks.lld_report --data_dir=DIR`.

Writes tables (Markdown, CSV, JSON) and pictures to `<results_dir>/lld-report/<name>/`.
"""

import dataclasses
import platform
import tempfile
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import sklearn.metrics
import soundfile
from absl import flags

from benchmarks.front_end import make_programs
from benchmarks.lld_tables import Tracks, write_picture, write_tables
from benchmarks.peers.front_ends import NO_HNR_DB, track_with_praat
from benchmarks.probes import run_probe
from benchmarks.timing import Effort, one_core, time_in_turns
from data_prep.command import run
from drl4ser.config import FrameConfig
from drl4ser.console import progress
from drl4ser.corpora import find_recordings
from drl4ser.features import LLD_NAMES, extract_llds, load_audio
from drl4ser.features.opensmile import extract_opensmile_llds, round_to_pcm

_PACKAGES = ("praat-parselmouth", "opensmile", "numpy", "scipy")

FLAGS = flags.FLAGS
_COLUMN = {name: index for index, name in enumerate(LLD_NAMES)}
_PRAAT_ROWS = (  # descriptor, measure, wanted
    ("log_f0", "gross errors (over 20 %)", 0.02, "most"),
    ("log_f0", "median deviation", 0.01, "most"),
    ("log_f0", "voicing decision differs", 0.06, "most"),
    ("hnr_db", "Pearson r", 0.9, "least"),
    ("voicing_probability", "ROC area", 0.985, "least"),
)
_FIELDS = ("descriptor", "measure", "reference", "ours", "opensmile", "wanted", "limit")


def define_flags() -> None:
    """Define the command's flags; importing this module defines none."""
    flags.DEFINE_string("data_dir", None, "Folder of recordings; folders in it count too.", required=True)
    flags.DEFINE_string("name", None, "Name of the report. Default: that of the folder.")
    flags.DEFINE_integer("every", 1, "Take every so many-th file, in order of name.", lower_bound=1)
    flags.DEFINE_integer("num_pictures", 3, "Recordings to draw.", lower_bound=0)
    flags.DEFINE_list("minutes", ["0.05", "6", "60"], "Lengths to extract in a process of their own, shortest first.")
    flags.DEFINE_float("speech_seconds", 60.0, "Audio that speed is measured on.", lower_bound=1.0)
    flags.DEFINE_string("results_dir", "results", "Where the report goes.")


def main() -> None:
    """Measure, write, print."""
    data_dir = Path(FLAGS.data_dir)
    paths = find_recordings(data_dir)[:: FLAGS.every]
    tracks, problems = describe_files(paths)
    if not tracks:
        raise ValueError(f"{data_dir} holds no recording that can be read. Set DATA_DIR (--data_dir)")
    name, rate = FLAGS.name or data_dir.resolve().name, FrameConfig().sample_rate
    speech = np.concatenate([load_audio(path, rate)[0] for path in tracks])[: round(FLAGS.speech_seconds * rate)]
    report = {
        "data": describe_data(name, FLAGS.every, tracks, problems),
        "accuracy": measure_agreement(list(tracks.values())),
        "speed": measure_speed(speech),
        "lengths": measure_length(speech, [float(minutes) for minutes in FLAGS.minutes]),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {package: metadata.version(package) for package in _PACKAGES},
    }
    directory = Path(FLAGS.results_dir) / "lld-report" / name
    drawn = np.linspace(0, len(tracks) - 1, min(FLAGS.num_pictures, len(tracks))).round().astype(int)
    for path in [list(tracks)[index] for index in drawn]:
        write_picture(tracks[path], directory / f"{path.stem}.png")
    print(write_tables(report, directory).read_text(encoding="utf-8"))


def describe_files(paths: Iterable[Path]) -> tuple[dict[Path, Tracks], dict[Path, str]]:
    """Return the tracks of every recording that can be used, rounded to 16 bits, and why the others cannot."""
    tracks, problems, config = {}, {}, FrameConfig()
    for path in progress(paths, unit="file", desc="three front ends"):
        try:
            signal = round_to_pcm(load_audio(path, config.sample_rate)[0])
        except ValueError as error:
            problems[path] = str(error)
            continue
        theirs = extract_opensmile_llds(signal, config.sample_rate, config)
        tracks[path] = Tracks(extract_llds(signal, config.sample_rate), theirs, *track_with_praat(signal, config))
    return tracks, problems


def describe_data(name: str, every: int, tracks: dict[Path, Tracks], problems: dict[Path, str]) -> dict:
    """Return what a report was measured on, in plain values."""
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
    """Return the accuracy table's rows over the frames of all recordings together.

    Returns:
        Dictionaries of `_FIELDS`: "opensmile" is None where it is the reference, "limit" is "most" or "least";
        shares and deviations are fractions.

    Raises:
        ValueError: if the programs have no voiced frame in common, or Praat no unvoiced one.
    """
    columns = zip(*map(dataclasses.astuple, tracks), strict=True)
    ours, opensmile, f0_hz, hnr_db = map(np.concatenate, columns)
    values = [compare_with_praat(llds, f0_hz, hnr_db) for llds in (ours, opensmile)]
    rows = [
        (descriptor, measure, "Praat", our_value, their_value, *bound)
        for (descriptor, measure, *bound), our_value, their_value in zip(_PRAAT_ROWS, *values, strict=True)
    ]
    for name in (*LLD_NAMES[:12], "log_energy", "zcr"):
        r = _correlate(ours[:, _COLUMN[name]], opensmile[:, _COLUMN[name]])
        rows.append((name, "Pearson r", "openSMILE", r, None, 0.999 if name == "log_energy" else 0.99, "least"))
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows]


def compare_with_praat(llds: np.ndarray, f0_hz: np.ndarray, hnr_db: np.ndarray) -> tuple[float, ...]:
    """Measure the agreement of one front end's pitch descriptors with Praat's.

    F0 and HNR are compared where both programs hear a voice, as is usual; the voicing decision everywhere.

    Args:
        llds: [num_frames, 17].
        f0_hz: Praat's, [num_frames].
        hnr_db: Praat's, [num_frames].

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
        float(np.mean(error > 0.2)),
        float(np.median(error)),
        float(np.mean((log_f0 > 0) != (f0_hz > 0))),
        _correlate(llds[with_hnr, _COLUMN["hnr_db"]], hnr_db[with_hnr]),
        float(sklearn.metrics.roc_auc_score(f0_hz > 0, llds[:, _COLUMN["voicing_probability"]])),
    )


def _correlate(one, other):
    return float(np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1])


def measure_speed(signal: np.ndarray, rounds: int = 5) -> dict[str, float]:
    """Measure how many seconds of audio one core describes in a second of processor time.

    Args:
        signal: float32 [num_samples] at 16 kHz.
        rounds: turns of each program; the fastest counts, since other processes only slow a turn down.

    Returns:
        Real-time factors "ours" and "opensmile" (the same 17 each) and "praat" (F0 and HNR only), and
        the ratios "over_opensmile" and "over_praat".
    """
    programs = {
        name: program for name, program in make_programs(signal).items() if name in ("ours", "opensmile", "praat")
    }
    with one_core():
        seconds = time_in_turns(programs, Effort(rounds, float("inf"), "processor"))
    fastest = {name: min(turns) for name, turns in seconds.items()}
    factors = {name: len(signal) / FrameConfig().sample_rate / least for name, least in fastest.items()}
    return factors | {f"over_{name}": fastest[name] / fastest["ours"] for name in ("opensmile", "praat")}


def measure_length(signal: np.ndarray, minutes: Sequence[float]) -> list[dict[str, float]]:
    """Measure the cost of recordings of several lengths, each in a process of its own.

    Args:
        signal: float32 [num_samples] at 16 kHz, repeated to the lengths.
        minutes: their lengths.

    Returns:
        "minutes", "wall_seconds", "processor_seconds", "peak_mb" and "num_frames" of each length.
    """
    found, rate = [], FrameConfig().sample_rate
    with tempfile.TemporaryDirectory() as folder, one_core():
        for length in minutes:
            path, num_samples = Path(folder) / "recording.wav", round(60 * length * rate)
            with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as file:
                for begin in range(0, num_samples, len(signal)):
                    file.write(signal[: num_samples - begin])
            cost = run_probe("llds", path)
            found.append({"minutes": length, "wall_seconds": cost.pop("seconds"), **cost})
    return found


if __name__ == "__main__":
    define_flags()
    run(main)
