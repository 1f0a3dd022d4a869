"""One fold of one system: `python -m experiments.train --system=s3 --modality=acoustic --fold=0 --records_dir=DIR`."""

from absl import flags

from data_prep.command import run
from drl4ser.config import MODALITIES
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_enum("system", "s3", settings.SYSTEMS, "Which system.")
flags.DEFINE_enum("modality", "acoustic", MODALITIES, "What it hears or reads.")
flags.DEFINE_integer("fold", 0, "Number of the fold, from 0.", lower_bound=0)


def main() -> None:
    """Train, test once, print the metrics."""
    FLAGS.folds = FLAGS.fold + 1
    wanted = [config for config in settings.experiments([FLAGS.system], [FLAGS.modality]) if config.fold == FLAGS.fold]
    for record in settings.run(wanted):
        print(f"UA {record.ua:.1%}  WA {record.wa:.1%}  F1 {record.f1:.3f}  ({len(record.utterances)} utterances)")


if __name__ == "__main__":
    run(main)
