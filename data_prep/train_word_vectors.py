"""Word vectors for the synthetic corpus: `python -m data_prep.train_word_vectors --output=FILE.bin`."""

from absl import flags

from data_prep.command import run
from drl4ser.corpora.synthetic import make_paragraphs
from drl4ser.text import train_word_vectors

FLAGS = flags.FLAGS
flags.DEFINE_string("output", "data/synthetic/word_vectors.bin", "word2vec file to write.")
flags.DEFINE_integer("num_sentences", 20_000, "Sentences to train on.", lower_bound=1)
flags.DEFINE_integer("dimension", 300, "Length of a vector.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Seed of text and training.", lower_bound=0)


def main() -> None:
    """Train on text of the corpus's grammar, without labels."""
    paragraphs = make_paragraphs(FLAGS.num_sentences, FLAGS.seed)
    word_vectors = train_word_vectors(paragraphs, FLAGS.dimension, FLAGS.seed)
    word_vectors.save(FLAGS.output)
    print(f"{FLAGS.output}: {len(word_vectors)} words, {word_vectors.dimension} dimensions")


if __name__ == "__main__":
    run(main)
