"""A local page to try a trained run in the browser: `python -m experiments.demo --run=RUN`.

Without a run it takes that of experiments.figure5, trained if need be.
"""

import signal
import threading
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_string(
    "run", None, "Directory of a finished run. Default: a fold of S3 on the corpus, trained if need be."
)
flags.DEFINE_string("host", "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in.")
flags.DEFINE_integer(
    "port", None, "Port to listen on. Default: the first free one from 7860 on.", lower_bound=1, upper_bound=65535
)
flags.DEFINE_float("max_seconds", 30.0, "Longest recording that is taken, at most 120.")
flags.DEFINE_integer("max_megabytes", 20, "Largest file that is taken.", lower_bound=1)
flags.DEFINE_integer("delete_after_s", 60, "How long an uploaded file may lie on the disk, in seconds.", lower_bound=1)


def main() -> None:
    """Serve until interrupted."""
    directory = Path(FLAGS.run) if FLAGS.run else settings.run_default()[1]
    import_tensorflow()
    from drl4ser.demo import serve
    from drl4ser.demo.listener import Limits
    from drl4ser.inference.predictor import Predictor

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    limits = Limits(FLAGS.max_seconds, FLAGS.max_megabytes, FLAGS.delete_after_s)
    with serve(Predictor(directory), limits, FLAGS.host, FLAGS.port) as address:
        print(f"{address} (Ctrl-C stops it)", flush=True)
        stopped.wait()


if __name__ == "__main__":
    run(main)
