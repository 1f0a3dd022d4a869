"""A finished run for other programs: `python -m experiments.export --run=RUN [--formats=onnx,litert]`.

Each export is read back and compared with the run on padded batches of several sizes and lengths.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.runs.pretrained import find_run

FLAGS = flags.FLAGS
flags.DEFINE_string("run", "ravdess-s3-small", "Finished run, or name of a trained system.")
flags.DEFINE_list("formats", ["keras", "saved_model", "onnx", "litert"], "Formats to write.")
flags.DEFINE_string(
    "output_dir", None, "Where to write. Default: the folder export of the run, of a name export/<name>."
)


def main() -> None:
    """Write, read back, compare."""
    import_tensorflow()
    from drl4ser.export import export_and_check

    run_directory = find_run(FLAGS.run)
    # not into the installed package
    default = run_directory / "export" if run_directory == Path(FLAGS.run) else Path("export", FLAGS.run)
    directory = Path(FLAGS.output_dir or default)
    for path, difference in export_and_check(run_directory, FLAGS.formats, directory):
        print(f"{path}: probabilities differ by at most {difference:.1e} from the run's", flush=True)


if __name__ == "__main__":
    run(main)
