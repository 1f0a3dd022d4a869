"""Words and word vectors of a transcript."""

from drl4ser.text.tokens import tokenize
from drl4ser.text.word_vectors import WordVectors, train_word_vectors

__all__ = ["WordVectors", "tokenize", "train_word_vectors"]
