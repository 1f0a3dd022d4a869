"""Where a training step spends its time, by TensorFlow's profiler: `python -m benchmarks.step_profile --system=s3`."""

import collections
import tempfile
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.reporting.paper_values import SYSTEM_NAMES

FLAGS = flags.FLAGS
flags.DEFINE_enum("system", "s3", [name for name in SYSTEM_NAMES if name != "opensmile_svm"], "Which system.")
flags.DEFINE_integer("batch", 128, "Utterances.", lower_bound=1)
flags.DEFINE_integer("frames", 560, "Frames of each.", lower_bound=1)
flags.DEFINE_integer("steps", 3, "Steps to profile.", lower_bound=1)
flags.DEFINE_enum("precision", "float32", ["float32", "mixed_bfloat16"], "Of the products.")
flags.DEFINE_integer("rows", 25, "Kinds of operations to list.", lower_bound=1)
flags.DEFINE_bool("names", False, "List single operations, not their kinds.")


def main() -> None:
    """Print milliseconds per step in each kind of operation, added up over all threads."""
    tf = import_tensorflow()
    import keras
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

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
        space = xplane_pb2.XSpace.FromString(trace.read_bytes())
    milliseconds, calls = collections.Counter(), collections.Counter()
    for name, kind, duration in read_operations(space):
        key = f"{kind} {name}" if FLAGS.names else kind
        milliseconds[key] += duration / FLAGS.steps
        calls[key] += 1
    print(f"{sum(milliseconds.values()):9.1f} ms a step in operations, all threads together")
    for key, value in milliseconds.most_common(FLAGS.rows):
        print(f"{value:9.1f} ms {calls[key] / FLAGS.steps:7.0f} calls  {key}")


def read_operations(space):
    """Yield (name, kind, milliseconds) of the executions in a trace; an operation's event is named "name:kind"."""
    for plane in space.planes:
        names = {key: item.name for key, item in plane.event_metadata.items()}
        for event in (event for line in plane.lines for event in line.events):
            name, separator, kind = names[event.metadata_id].rpartition(":")
            if separator and kind.isidentifier() and not name.endswith(":"):
                yield name, kind, event.duration_ps / 1e9


if __name__ == "__main__":
    run(main)
