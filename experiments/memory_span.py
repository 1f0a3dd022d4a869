"""How far back finished runs remember: `python -m experiments.memory_span --records_dir=DIR --corpus=NAME`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow, progress
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_list("systems", ["s2", "s3", "gca_softmax"], "Systems whose finished runs are measured.")
flags.DEFINE_string("results_dir", "my_results", "Where the table is written.")


def main() -> None:
    """Measure the test part of every finished fold, write and print the table."""
    settings.check_networks(FLAGS.systems)
    results = settings.finished(list(settings.experiments(FLAGS.systems, ["acoustic"])))
    import_tensorflow()

    from drl4ser.analysis.memory_span import TABLE_FILE, SystemSpan, measure_run, write_memory_span
    from drl4ser.config import ExperimentConfig, from_dict
    from drl4ser.data.store import open_store
    from drl4ser.runs.paths import run_directory

    store = open_store(Path(FLAGS.records_dir))
    folds: dict[str, list] = {}
    for result in progress(results, unit="fold", desc="gradients"):
        directory = run_directory(Path(FLAGS.runs_dir), from_dict(ExperimentConfig, result.config))
        folds.setdefault(result.system, []).append(measure_run(directory, store))
    spans = [SystemSpan(system, found) for system, found in folds.items()]
    directory = write_memory_span(spans, results, Path(FLAGS.results_dir))
    print((directory / TABLE_FILE).read_text(encoding="utf-8"))
    print(f"Written to {directory}")


if __name__ == "__main__":
    run(main)
