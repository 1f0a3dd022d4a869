"""Figure 6, UA against the number of training utterances: `python -m experiments.figure6 --records_dir=DIR`."""

import dataclasses
from collections import Counter
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.analysis.data_scale import TABLE_FILE, choose_sizes, write_data_scale
from drl4ser.config import MODALITIES, change
from drl4ser.corpora import make_folds
from drl4ser.data.store import open_store
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_list("systems", ["s3"], "One curve each.")
flags.DEFINE_enum("modality", "acoustic", MODALITIES, "Input of the systems.")
flags.DEFINE_list("sizes", [], "Training utterances per class. Default: an eighth, a quarter, a half and all.")
flags.DEFINE_string("results_dir", "my_results", "Where table and picture are written.")
SPLIT_SEED = 0  # one test part for all points


def subsets() -> list:
    """One configuration for each system, seed and size; every size gets as many steps as the largest one."""
    settings.check_networks(FLAGS.systems)
    FLAGS.folds = 1
    full = list(settings.experiments(FLAGS.systems, [FLAGS.modality]))
    utterances = open_store(Path(FLAGS.records_dir)).subset(full[0].classes)
    training = set(make_folds(utterances, FLAGS.split, full[0].num_folds, SPLIT_SEED)[0].train)
    largest = min(Counter(item.emotion for item in utterances if item.id in training).values())
    sizes = choose_sizes(FLAGS.sizes, largest)
    configs = []
    for config in full:
        for size in sizes:
            longer = {
                name: round(getattr(config.train, name) * max(sizes) / size) for name in ("max_epochs", "patience")
            }
            subset = dataclasses.replace(config, train_per_class=size, split_seed=SPLIT_SEED)
            configs.append(change(subset, {"train": longer}))
    return configs


def main() -> None:
    """Run the folds that are missing, write the picture and the table, print the table."""
    directory = write_data_scale(settings.run(subsets()), Path(FLAGS.results_dir))
    print((directory / TABLE_FILE).read_text(encoding="utf-8"))
    print(f"Written to {directory}")


if __name__ == "__main__":
    run(main)
