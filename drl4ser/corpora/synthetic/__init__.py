"""The embedded default corpus: English sentences spoken by espeak-ng, with known emotion-bearing words."""

from drl4ser.corpora.synthetic.sentences import EMOTIONS, Sentence, make_paragraphs
from drl4ser.corpora.synthetic.turns import SPEAKERS
from drl4ser.corpora.synthetic.writer import GENERATOR_VERSION, write_corpus

__all__ = ["EMOTIONS", "GENERATOR_VERSION", "SPEAKERS", "Sentence", "make_paragraphs", "write_corpus"]
