"""Write the 17 LLDs of a folder of audio to a file: `python -m data_prep.extract_llds --input=DIR --output=llds.csv`.

The ending of the output chooses the format: .csv, .parquet or .npz.
"""

import os
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import one_line
from drl4ser.data.lld_files import export_llds
from drl4ser.features import find_audio

FLAGS = flags.FLAGS
flags.DEFINE_string("input", None, "A folder of audio files, or one file.", required=True)
flags.DEFINE_string("output", None, "File to write: .csv, .parquet or .npz.", required=True)
flags.DEFINE_integer("num_workers", os.cpu_count(), "Processes.", lower_bound=1)


def main() -> None:
    """Extract, report the files that were left out."""
    source, output = Path(FLAGS.input), Path(FLAGS.output)
    if not source.exists():
        raise ValueError(f"{source} does not exist: give a folder of audio (--input)")
    paths = find_audio(source)
    root = source if source.is_dir() else source.parent
    num_frames, problems = export_llds(paths, root, output, FLAGS.num_workers)
    print(f"{output}: {len(paths) - len(problems)} of {len(paths)} recordings, {num_frames:,} frames")
    for path, reason in problems:
        print(f"  left out: {one_line(path)}: {one_line(reason)}")


if __name__ == "__main__":
    run(main)
