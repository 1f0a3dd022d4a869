"""Where a training step spends its time, by TensorFlow's profiler: `python -m benchmarks.step_profile --system=s3`."""

import collections
import tempfile
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.models import SYSTEMS

FLAGS = flags.FLAGS
flags.DEFINE_enum("system", "s3", list(SYSTEMS), "Which system.")
flags.DEFINE_integer("batch", 128, "Utterances.", lower_bound=1)
flags.DEFINE_integer("frames", 560, "Frames of each.", lower_bound=1)
flags.DEFINE_integer("steps", 3, "Steps to profile.", lower_bound=1)
flags.DEFINE_enum("precision", "float32", ["float32", "mixed_bfloat16"], "Of the products.")
flags.DEFINE_integer("rows", 25, "Kinds of operations to list.", lower_bound=1)
flags.DEFINE_bool("names", False, "List single operations, not their kinds.")


def main() -> None:
    """Print milliseconds a step in each kind of operation, added up over all threads."""
    import_tensorflow()
    milliseconds, calls = profile_step()
    print(f"{sum(milliseconds.values()):9.1f} ms a step in operations, all threads together")
    for kind, value in milliseconds.most_common(FLAGS.rows):
        print(f"{value:9.1f} ms {calls[kind] / FLAGS.steps:7.0f} calls  {kind}")


def profile_step() -> tuple[collections.Counter, collections.Counter]:
    """Milliseconds a step and number of calls, by kind of operation."""
    import keras
    import tensorflow as tf

    from benchmarks.workloads import make_batch, make_our_step, to_tensors
    from drl4ser.models import build_model

    keras.config.set_dtype_policy(FLAGS.precision)
    step = make_our_step(build_model(FLAGS.system))
    batch = to_tensors(*make_batch([FLAGS.frames] * FLAGS.batch))
    float(step(*batch)[0])
    with tempfile.TemporaryDirectory() as directory:
        tf.profiler.experimental.start(directory)
        for _ in range(FLAGS.steps):
            float(step(*batch)[0])
        tf.profiler.experimental.stop()
        (trace,) = Path(directory).rglob("*.xplane.pb")
        return read_trace(trace.read_bytes())


def read_trace(data: bytes) -> tuple[collections.Counter, collections.Counter]:
    """Adds up the executions of operations in a trace; an operation's event is named "name:kind"."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    milliseconds, calls = collections.Counter(), collections.Counter()
    space = xplane_pb2.XSpace.FromString(data)
    for plane in space.planes:
        names = {key: item.name for key, item in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name, separator, kind = names[event.metadata_id].rpartition(":")
                if separator and kind.isidentifier() and "::" not in names[event.metadata_id]:
                    kind = f"{kind} {name}" if FLAGS.names else kind
                    milliseconds[kind] += event.duration_ps / 1e9 / FLAGS.steps
                    calls[kind] += 1
    return milliseconds, calls


if __name__ == "__main__":
    run(main)
