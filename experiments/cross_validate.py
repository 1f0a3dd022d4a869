"""All folds of one system: `python -m experiments.cross_validate --system=s3 --modality=acoustic --records_dir=DIR`."""

import statistics

from absl import flags

from data_prep.command import run
from drl4ser.config import MODALITIES
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_enum("system", "s3", settings.SYSTEMS, "Which system.")
flags.DEFINE_enum("modality", "acoustic", MODALITIES, "Its input.")


def main() -> None:
    """Train and test every fold, print the mean."""
    results = settings.run(list(settings.experiments([FLAGS.system], [FLAGS.modality])))
    uas = [result.ua for result in results]
    spread = f" +/- {statistics.stdev(uas):.1%}" if len(uas) > 1 else ""
    validation = statistics.fmean(result.validation_ua for result in results)
    print(f"{len(uas)} folds: UA {statistics.fmean(uas):.1%}{spread}, validation UA {validation:.1%}")


if __name__ == "__main__":
    run(main)
