"""Finished runs of one corpus applied to others; nothing is trained.

`python -m experiments.cross_corpus --records_dir=DIR --test_records=DIR`
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.config import ExperimentConfig, from_dict
from drl4ser.console import import_tensorflow, progress
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_list("systems", ["s3"], "Systems whose finished runs are applied.")
flags.DEFINE_list("modalities", ["acoustic"], "Their input.")
flags.DEFINE_list("test_records", None, "LLD records of the corpora to test on.", required=True)
flags.DEFINE_string("results_dir", "my_results", "Where the table is written.")


def main() -> None:
    """Apply every finished run to every corpus, write and print the table."""
    settings.check_networks(FLAGS.systems)
    configs = list(settings.experiments(FLAGS.systems, FLAGS.modalities))
    results = settings.finished(configs)
    import_tensorflow()

    from drl4ser.analysis.cross_corpus import apply_run, check_corpora
    from drl4ser.analysis.cross_corpus_table import TABLE, write_cross_corpus
    from drl4ser.data.store import open_store
    from drl4ser.runs.paths import run_directory

    tested_on = [Path(name) for name in FLAGS.test_records]
    check_corpora(open_store(Path(FLAGS.records_dir)), [open_store(path, configs[0].frame) for path in tested_on])
    applied = []
    for result in progress(results, unit="run", desc="other corpora"):
        directory = run_directory(Path(FLAGS.runs_dir), from_dict(ExperimentConfig, result.config))
        applied += [apply_run(directory, path) for path in tested_on]
    directory = write_cross_corpus([*results, *applied], Path(FLAGS.results_dir))
    print((directory / f"{TABLE}.md").read_text(encoding="utf-8"))
    print(f"Written to {directory}")


if __name__ == "__main__":
    run(main)
