"""All comparisons on this machine: `python -m benchmarks.run [--modules=gca_lstm,memory] [--rounds=15] [--seconds=30]`.

Each is measured in a process of its own, one after the other. Needs the extra `bench`.
"""

import dataclasses
import importlib
import os
import sys
from pathlib import Path

from absl import flags

from benchmarks import report
from benchmarks.timing import CLOCKS, Effort
from data_prep.command import run
from drl4ser.console import import_tensorflow, progress
from drl4ser.files import atomic_write_bytes, atomic_write_text
from drl4ser.parallel.workers import make_pool

MEASUREMENTS = {  # name: module whose function measure_<name> it is
    "training_step": "steps",
    "low_precision": "steps",
    "gca_lstm": "steps",
    "baseline_lstm": "steps",
    "avx2": "steps",
    "front_end": "front_end",
    "input_pipeline": "epochs",
    "epoch_overhead": "epochs",
    "memory": "epochs",
    "prediction": "prediction",
    "scaling": "prediction",
}

ENVIRONMENT = {  # of the process that measures
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
}

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags; importing this module defines none."""
    flags.DEFINE_list("modules", list(MEASUREMENTS), "What to measure.")
    flags.DEFINE_string("results_dir", "benchmarks/results", "Folder of the table and of a folder per processor.")
    flags.DEFINE_integer("rounds", 15, "Most rounds of a comparison.", lower_bound=1)
    flags.DEFINE_float("seconds", 30.0, "No round (but the third) begins after so many seconds.", lower_bound=0)
    flags.DEFINE_enum("clock", "wall", list(CLOCKS), "What to time by; on a busy machine processor, with --threads=1.")
    flags.DEFINE_integer("threads", None, "Threads of each side. Default: what each library takes.", lower_bound=1)
    flags.DEFINE_bool("compiled", True, "Whether to measure torch.compile, which takes minutes.")


def main() -> None:
    """Measure, write each result as it comes, then the table and the picture of all that exist."""
    results_dir = Path(FLAGS.results_dir)
    directory = results_dir / report.name_folder(report.describe_machine())
    for name in FLAGS.modules:
        if name not in MEASUREMENTS:
            raise ValueError(f"unknown --modules={name}; choose among {', '.join(MEASUREMENTS)}")
    effort = Effort(FLAGS.rounds, FLAGS.seconds, FLAGS.clock, FLAGS.compiled)
    settings = {**dataclasses.asdict(effort), "threads": FLAGS.threads}
    for name in progress(FLAGS.modules, unit="module"):
        with make_pool(1) as pool:
            result = pool.submit(measure, name, effort, FLAGS.threads).result()
        report.write_result(directory, name, result, settings)
    atomic_write_bytes(
        directory / report.PICTURE,
        report.draw_ratios(report.read_rows(report.read_results(directory, list(MEASUREMENTS)))),
    )
    table = render_results(results_dir)
    atomic_write_text(results_dir / report.TABLE, table)
    print(table)


def render_results(results_dir: Path) -> str:
    """Render the results of all processors that have a folder."""
    folders = sorted({path.parent for path in results_dir.glob("*/*.json")})
    return report.render_tables([report.read_results(folder, list(MEASUREMENTS)) for folder in folders])


def measure(name: str, effort: Effort, threads: int | None) -> report.Result:
    """Measure one comparison in this process, which must be new."""
    os.environ.update(ENVIRONMENT.get(name, {}))
    tf = import_tensorflow()
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    module = importlib.import_module(f"benchmarks.{MEASUREMENTS[name]}")
    if torch := sys.modules.get("torch"):
        # As TensorFlow does: gradients that vanish over many steps become denormal numbers, which cost a hundredfold.
        torch.set_flush_denormal(True)
        if threads:
            torch.set_num_threads(threads)
    return getattr(module, f"measure_{name}")(effort)


if __name__ == "__main__":
    define_flags()
    run(main)
