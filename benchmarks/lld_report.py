"""Our LLDs beside Praat's and openSMILE's: `python -m benchmarks.lld_report --data_dir=DIR`.

Writes tables (Markdown, CSV, JSON) and pictures to `<results_dir>/lld-report/<name>/`.
"""

import platform
from importlib import metadata
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.lld_accuracy import describe_data, describe_files, measure_agreement
from benchmarks.lld_cost import measure_length, measure_speed
from benchmarks.lld_pictures import write_picture
from benchmarks.lld_tables import write_tables
from data_prep.command import run
from drl4ser.config import FrameConfig
from drl4ser.features import find_audio, load_audio

_PACKAGES = ("praat-parselmouth", "opensmile", "pysptk", "numpy", "scipy")

FLAGS = flags.FLAGS
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
    paths = find_audio(data_dir)[:: FLAGS.every]
    tracks, problems = describe_files(paths)
    if not tracks:
        raise ValueError(f"{data_dir} holds no recording that can be read. Set DATA_DIR (--data_dir)")
    name = FLAGS.name or data_dir.resolve().name
    rate = FrameConfig().sample_rate
    speech = np.concatenate([load_audio(path, rate)[0] for path in tracks])
    speech = speech[: round(FLAGS.speech_seconds * rate)]
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


if __name__ == "__main__":
    run(main)
