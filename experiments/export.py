"""A finished run for other programs: `python -m experiments.export --run=RUN [--formats=keras,saved_model,onnx]`.

Each export is read back and compared with the run on padded batches of several sizes and lengths.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "Directory of a finished run.", required=True)
flags.DEFINE_list("formats", ["keras", "saved_model", "onnx"], "Formats to write.")
flags.DEFINE_string("output_dir", None, "Where to write. Default: the folder export of the run.")


def main() -> None:
    """Write, read back, compare."""
    import_tensorflow()
    from drl4ser.export import export_and_check

    directory = Path(FLAGS.output_dir or Path(FLAGS.run) / "export")
    for path, difference in export_and_check(Path(FLAGS.run), FLAGS.formats, directory):
        print(f"{path}: probabilities differ by at most {difference:.1e} from the run's", flush=True)


if __name__ == "__main__":
    run(main)
