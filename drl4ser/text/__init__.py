"""From a transcript to word vectors."""

from drl4ser.text.tokens import tokenize
from drl4ser.text.word_vectors import WordVectors

__all__ = ["WordVectors", "tokenize"]
