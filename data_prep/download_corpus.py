"""Download an open corpus from its official address.

`python -m data_prep.download_corpus --corpus=ravdess --output_dir=DIR`

A download that was cut off resumes where it was.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.corpora.download import SOURCES, download_corpus

FLAGS = flags.FLAGS
flags.DEFINE_enum("corpus", None, list(SOURCES), "Which corpus.", required=True)
flags.DEFINE_string("output_dir", None, "Folder to make; the DATA_DIR of the other commands.", required=True)


def main() -> None:
    """Print the licence of the corpus, download and count it."""
    source = SOURCES[FLAGS.corpus]
    print(f"{source.page}\nLicence: {source.licence}\nPlease cite: {source.citation}", flush=True)
    made = download_corpus(FLAGS.corpus, Path(FLAGS.output_dir))
    count = sum(source.counts.values())
    print(f"{FLAGS.output_dir}: all {count:,} utterances {'are there' if made else 'were there already'}")


if __name__ == "__main__":
    run(main)
