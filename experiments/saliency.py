"""Does S3 attend to the salient words of the default corpus: `python -m experiments.saliency --records_dir=DIR`."""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow, progress
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_string("results_dir", "my_results", "Where the table is written.")


def main() -> None:
    """Train the folds that are missing, measure their test parts, write and print the table."""
    configs = list(settings.experiments(["s3"], ["acoustic"]))
    records = settings.run(configs)
    import_tensorflow()

    from drl4ser.analysis.saliency import measure_fold
    from drl4ser.analysis.saliency_table import TABLE_FILE, write_saliency
    from drl4ser.data.store import open_store
    from drl4ser.inference.predictor import Predictor
    from drl4ser.runs.paths import run_directory

    store = open_store(Path(FLAGS.records_dir))
    utterances = {utterance.id: utterance for utterance in store.utterances}
    measures = []
    for config, record in zip(configs, records, strict=True):
        predictor = Predictor(run_directory(Path(FLAGS.runs_dir), config))
        tested = [utterances[key] for key in record.utterances]
        measures += progress(measure_fold(predictor, tested), desc=f"fold {config.fold + 1}", unit="utt")
    if not measures:
        raise ValueError(f"{FLAGS.corpus} does not tell which words are salient; only the synthetic corpus does")
    directory = write_saliency(measures, records, Path(FLAGS.results_dir))
    print((directory / TABLE_FILE).read_text(encoding="utf-8"))
    print(f"Written to {directory}")


if __name__ == "__main__":
    run(main)
