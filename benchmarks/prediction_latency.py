"""How long one prediction takes on one core: `python -m benchmarks.prediction_latency --run=RUN --audio=SPEECH.wav`.

Prints one line of JSON with seconds of the wall clock and of the processor: of the first answer, from before our
package is imported, and of a warm one (median and 95th percentile), reading the file included.
"""

import json
import os
import statistics
import time

from absl import flags

from data_prep.command import run

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "Directory of a finished run.", required=True)
flags.DEFINE_string("audio", None, "A recording, such as 5 s of speech.", required=True)
flags.DEFINE_integer("repetitions", 50, "Warm predictions.", lower_bound=2)


def measure(function) -> tuple[float, float]:
    """Seconds of the wall clock and of the processor that a call takes."""
    wall, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    """Predict cold, then warm."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    predictor = None

    def answer():
        nonlocal predictor
        if predictor is None:
            from drl4ser.console import import_tensorflow

            import_tensorflow()
            from drl4ser.inference.predictor import Predictor

            predictor = Predictor(FLAGS.run)
        predictor.predict(FLAGS.audio)

    first = measure(answer)
    wall, processor = zip(*(measure(answer) for _ in range(FLAGS.repetitions)), strict=True)
    values = {"first_wall_s": first[0], "first_processor_s": first[1]}
    for name, seconds in (("wall", wall), ("processor", processor)):
        values[f"warm_{name}_median_s"] = statistics.median(seconds)
        values[f"warm_{name}_p95_s"] = statistics.quantiles(seconds, n=20)[-1]
    print(json.dumps({name: round(value, 4) for name, value in values.items()}))


if __name__ == "__main__":
    run(main)
