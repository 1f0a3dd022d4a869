"""A local page to try a trained run in the browser: `python -m experiments.demo --run=RUN`."""

import signal
import tempfile
import threading
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.corpora import CorpusError
from drl4ser.corpora.synthetic.espeak import speak_example
from drl4ser.runs.pretrained import find_run

FLAGS = flags.FLAGS
flags.DEFINE_string("run", "ravdess-s3-small", "Finished run, or name of a trained system.")
flags.DEFINE_string("host", "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in.")
flags.DEFINE_integer(
    "port", None, "Port to listen on. Default: the first free one from 7860 on.", lower_bound=1, upper_bound=65535
)
flags.DEFINE_float("max_seconds", 30.0, "Longest recording that is taken, at most 120.")
flags.DEFINE_integer("max_megabytes", 20, "Largest file that is taken.", lower_bound=1)
flags.DEFINE_integer("delete_after_s", 60, "How long an uploaded file may lie on the disk, in seconds.", lower_bound=1)


def make_example(folder: Path) -> tuple[Path, str] | None:
    """Speak a sentence for visitors who have no recording: the file and its words, None without espeak-ng."""
    try:
        return speak_example(folder)
    except CorpusError as error:
        print(f"no example on the page: {error}", flush=True)
        return None


def main() -> None:
    """Serve until interrupted."""
    directory = find_run(FLAGS.run)
    import_tensorflow()
    from drl4ser.demo import serve
    from drl4ser.demo.listener import Limits
    from drl4ser.inference.predictor import Predictor

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    limits = Limits(FLAGS.max_seconds, FLAGS.max_megabytes, FLAGS.delete_after_s)
    with (
        tempfile.TemporaryDirectory(prefix="drl4ser-example-") as folder,
        serve(Predictor(directory), limits, FLAGS.host, FLAGS.port, make_example(Path(folder))) as address,
    ):
        print(f"{address} (Ctrl-C stops it)", flush=True)
        stopped.wait()


if __name__ == "__main__":
    run(main)
