"""How far offset, gain, telephone, MP3 and noise move the LLDs and a run's answers: `python -m experiments.robustness`.

Give --data_dir for the LLDs of any recordings, or --run and --records_dir for the answers of a trained system too. One
that comes with the package (--run=ravdess-small) has no test part: it answers the recordings of --data_dir.
"""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.corpora import find_recordings
from drl4ser.features import EXTRACTOR_VERSION, load_audio
from drl4ser.files import atomic_write_text
from drl4ser.runs.pretrained import find_run
from drl4ser.runs.run import check_run, has_test_part

FLAGS = flags.FLAGS
flags.DEFINE_string("data_dir", None, "Folder of recordings, or manifest, whose LLDs are measured.")
flags.DEFINE_integer("every", 12, "Take every so many-th file of it, in order of name.", lower_bound=1)
flags.DEFINE_string("run", None, "Finished run, whose test part is predicted with each distortion, or name of one.")
flags.DEFINE_string("records_dir", None, "LLD records of the corpus of --run.")
flags.DEFINE_string("name", None, "Name of the table. Default: that of the folder or the run.")
flags.DEFINE_string("results_dir", "my_results", "The table goes to robustness/<name>/ in it.")


def main() -> None:
    """Measure, write, print."""
    run_directory = find_run(FLAGS.run) if FLAGS.run else None
    tests_itself = run_directory is not None and has_test_part(check_run(run_directory))
    if not FLAGS.data_dir and not (tests_itself and FLAGS.records_dir):
        raise ValueError(
            "nothing to measure: give DATA_DIR (--data_dir), or RUN and RECORDS_DIR (--run, --records_dir)"
        )
    import_tensorflow()

    from drl4ser.analysis import robustness

    values, paths = {"llds": EXTRACTOR_VERSION}, []
    if FLAGS.data_dir:
        paths = list(_readable(find_recordings(Path(FLAGS.data_dir))[:: FLAGS.every]))
        if not paths:
            raise ValueError(f"{FLAGS.data_dir} holds no recording that can be read. Set DATA_DIR (--data_dir)")
        movements = robustness.measure_movement(paths)
        values |= {"num_files": len(paths), "llds_moved": [dataclasses.asdict(item) for item in movements]}
    if FLAGS.run:
        changes = robustness.measure_answers(run_directory, FLAGS.records_dir, () if tests_itself else paths)
        values |= {"run": FLAGS.run, "answers": [dataclasses.asdict(item) for item in changes]}
    name = FLAGS.name or Path(FLAGS.data_dir or FLAGS.run).resolve().name
    directory = Path(FLAGS.results_dir) / "robustness" / name
    text = robustness.render_report(values)
    atomic_write_text(directory / "robustness.json", json.dumps(values, indent=1) + "\n")
    atomic_write_text(directory / "robustness.md", text)
    print(text)


def _readable(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            load_audio(path)
        except ValueError as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            yield path


if __name__ == "__main__":
    run(main)
