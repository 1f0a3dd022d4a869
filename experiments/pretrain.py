"""A trained system that comes with the package, made again: `python -m experiments.pretrain --name=ravdess-small`.

Cross-validates its settings, trains it on all speakers but those that validate, and writes its folder with the model
card. Without a name it only writes all cards and their table again, from the results.
"""

import dataclasses
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import read_fold_results, write_fold_results
from drl4ser.reporting.model_card import render_card, render_overview
from drl4ser.reporting.pooling import check_code, check_results
from drl4ser.reporting.write import FOLDS_FILE
from drl4ser.runs.paths import RESULT_FILE, WEIGHTS_FILE
from drl4ser.runs.run import check_run
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_string("name", None, "Which system. Default: none, only the cards are written again.")
flags.DEFINE_string("output_dir", "drl4ser/pretrained", "Where the folders of the systems are.")
flags.DEFINE_string("results_dir", "results", "The folds of the cross-validation go to pretrained/<name>/ in it.")
flags.DEFINE_bool("allow_mixed_code", False, "Let in folds of several commits, or of code that was not committed.")


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """Settings of a trained system: recipe `tuned` at a width that keeps its file under 3 MB.

    Attributes:
        corpus: as --corpus.
        system: as in `drl4ser.models.SYSTEMS`.
        split, folds: of the cross-validation: how folds are cut, and how many of them, from the first, are run.
        num_folds: its parts; without effect on a split that has its own.
        width, epochs: size and length of training.
        make: what the Makefile is given besides.
        subtract_mean: whether each utterance's own mean is taken off its LLDs.
    """

    corpus: str
    system: str
    split: str
    num_folds: int
    folds: int
    width: float
    epochs: int
    make: str
    subtract_mean: bool = False


_RAVDESS = {"corpus": "ravdess", "split": "emobox", "num_folds": 6, "make": "CORPUS=ravdess DATA_DIR=/data/ravdess"}
_NEMO = {"corpus": "nemo", "split": "speaker", "num_folds": 9}
# Its nine speakers were recorded unlike each other: without the mean, validation UA is higher (docs/results.md).
_NEMO |= {"make": "CORPUS=manifest NAME=nemo DATA_DIR=/data/nemo/nemo.csv", "subtract_mean": True}
PRETRAINED = {
    "ravdess-small": Pretrained(system="poria_cnn", folds=6, width=0.25, epochs=70, **_RAVDESS),
    "ravdess-s3-small": Pretrained(system="s3", folds=2, width=0.25, epochs=30, **_RAVDESS),
    "nemo-small": Pretrained(system="poria_cnn", folds=3, width=0.25, epochs=30, **_NEMO),
    "nemo-s3-small": Pretrained(system="s3", folds=2, width=0.25, epochs=30, **_NEMO),
}


def main() -> None:
    """Cross-validate, train, write the cards."""
    if FLAGS.name:
        if FLAGS.name not in PRETRAINED:
            raise ValueError(f"RUN={FLAGS.name} (--name): no such system; choose among {', '.join(PRETRAINED)}")
        make(FLAGS.name, PRETRAINED[FLAGS.name])
    write_cards(Path(FLAGS.output_dir), Path(FLAGS.results_dir))


def make(name: str, wanted: Pretrained) -> None:
    """Train one system, and print how good it is."""
    if wanted.corpus != FLAGS.corpus:
        raise ValueError(f"{name} is trained on {wanted.corpus}: give {wanted.make}. Received: {FLAGS.corpus}")
    FLAGS.profile, FLAGS.recipe, FLAGS.seeds = "paper", "tuned", ["0"]
    FLAGS.split, FLAGS.num_folds, FLAGS.folds = wanted.split, wanted.num_folds, wanted.folds
    FLAGS.epochs, FLAGS.change = wanted.epochs, [f"model.width={wanted.width}"]
    if wanted.subtract_mean:
        FLAGS.change.append("train.subtract_mean=true")
    FLAGS.runs_dir = str(Path(FLAGS.runs_dir) / "pretrained" / name)
    tested = settings.run(list(settings.experiments([wanted.system], ["acoustic"])))
    check_results(tested)
    if not FLAGS.allow_mixed_code:
        check_code(tested)
    tf = import_tensorflow()
    from drl4ser.data.store import open_store
    from drl4ser.training.grid import THREADS
    from drl4ser.training.pretrain import pretrain

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    store = open_store(Path(FLAGS.records_dir))
    pretrain(tested, store, Path(FLAGS.output_dir) / name, on_epoch=_print_epoch)
    write_fold_results(Path(FLAGS.results_dir) / "pretrained" / name / FOLDS_FILE, tested)


def _print_epoch(row: dict) -> None:
    print(f"epoch {row['epoch']}: validation UA {row['validation_ua']:.1%}", flush=True)


def write_cards(output_dir: Path, results_dir: Path) -> None:
    """Write the model card of every system that is there, and the table of all, `pretrained.md`."""
    systems = {
        name: (read_fold_results(results_dir / "pretrained" / name / FOLDS_FILE, require_checksum=True), wanted)
        for name, wanted in PRETRAINED.items()
        if (output_dir / name / RESULT_FILE).exists()
    }
    for name, (tested, wanted) in systems.items():
        same_corpus = {key: folds for key, (folds, other) in systems.items() if other.corpus == wanted.corpus}
        rivals = [(key, folds) for key, folds in same_corpus.items() if key != name]
        command = f"make pretrained RUN={name} {wanted.make}"
        card = render_card(name, tested, check_run(output_dir / name), command, rivals)
        atomic_write_text(output_dir / name / "README.md", card)
    sizes = {name: (output_dir / name / WEIGHTS_FILE).stat().st_size for name in systems}
    table = render_overview({name: (tested, sizes[name]) for name, (tested, _) in systems.items()})
    atomic_write_text(results_dir / "pretrained.md", table)


if __name__ == "__main__":
    run(main)
