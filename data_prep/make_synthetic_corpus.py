"""Makes the synthetic corpus: `python -m data_prep.make_synthetic_corpus --output_dir=data/synthetic`."""

import os
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.corpora.synthetic import write_corpus

FLAGS = flags.FLAGS
flags.DEFINE_string("output_dir", "data/synthetic", "Folder to make.")
flags.DEFINE_integer("num_utterances", 2400, "Number of utterances.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Seed of every random choice.", lower_bound=0)
flags.DEFINE_integer("num_workers", os.cpu_count(), "Processes; the corpus is the same.", lower_bound=1)


def main() -> None:
    """Make the corpus, or say that it is there."""
    made = write_corpus(Path(FLAGS.output_dir), FLAGS.num_utterances, FLAGS.seed, FLAGS.num_workers)
    print(f"{FLAGS.output_dir}: {FLAGS.num_utterances} utterances {'written' if made else 'already there'}")


if __name__ == "__main__":
    run(main)
