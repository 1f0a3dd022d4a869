"""Word vectors in the word2vec formats, held by gensim: read from a file, or trained on text."""

import gzip
import logging
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from drl4ser.text.tokens import spellings, tokenize

_BINARY_BY_SUFFIX = {".bin": True, ".bin.gz": True, ".txt": False, ".txt.gz": False}
_TRAINING_WINDOW = 12  # reaches into the next sentence: words that share a mood come out alike
_TRAINING_EPOCHS = 5
_MOST_COMPRESSION = 1032  # of deflate: a longest match of 258 bytes in two bits
_EXPECTED = (
    "expected word vectors in word2vec format (.bin, .bin.gz, .txt or .txt.gz), "
    "such as GoogleNews-vectors-negative300.bin.gz"
)


class WordVectors:
    """A vocabulary and one vector per word.

    Out-of-vocabulary policy: a word is looked up as written, then in lower case, then capitalised (Google's vectors
    distinguish case). A word found under none of these is left out, in training and in prediction alike. An utterance
    without any known word has no words (num_words is 0) and keeps its audio.

    Args:
        keyed_vectors: gensim KeyedVectors; `load` makes them from a file.

    Example:
        >>> vectors = train_word_vectors(["the dog barked", "the cat slept"], dimension=8)
        >>> vectors.embed("The dog, a dog [LAUGHTER]").shape  # "a" is unknown
        (3, 8)
    """

    def __init__(self, keyed_vectors):
        self._keyed_vectors = keyed_vectors

    @classmethod
    def load(cls, path: Path | str, limit: int | None = None) -> "WordVectors":
        """Read a word2vec file, binary or text, compressed or not, according to its ending.

        Args:
            path: a file ending in .bin, .bin.gz, .txt or .txt.gz.
            limit: number of words to read from its beginning; files usually begin with the most frequent words.

        Raises:
            ValueError: if the file is missing, of another kind, or incomplete.
        """
        path = Path(path)
        binary = _is_binary(path)
        if not path.is_file():
            raise ValueError(f"{path} does not exist or is not a file; {_EXPECTED}")
        try:
            _check_header(path, binary, limit)
            keyed_vectors = _import_gensim_models().KeyedVectors.load_word2vec_format(
                str(path), binary=binary, limit=limit
            )
        except (ValueError, EOFError, OSError, IndexError, MemoryError, zlib.error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{path} is damaged or of another format ({reason}); {_EXPECTED}") from None
        if not len(keyed_vectors) or not np.isfinite(keyed_vectors.vectors).all():
            raise ValueError(f"{path} holds no words or values that are not numbers; {_EXPECTED}")
        return cls(keyed_vectors)

    def save(self, path: Path | str) -> None:
        """Write a word2vec file in the format of the ending, complete or not at all."""
        path = Path(path)
        binary = _is_binary(path)
        part = path.with_name(f".part-{path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._keyed_vectors.save_word2vec_format(str(part), binary=binary)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._keyed_vectors)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._keyed_vectors.vector_size

    @property
    def words(self) -> list[str]:
        """The vocabulary in the order of the rows."""
        return list(self._keyed_vectors.index_to_key)

    @property
    def vectors(self) -> np.ndarray:
        """All vectors: float32 [num_words, dimension]."""
        return self._keyed_vectors.vectors

    def lookup(self, tokens: Iterable[str]) -> list[int]:
        """Return the rows of the tokens that are in the vocabulary, in order; the others are left out."""
        rows = self._keyed_vectors.key_to_index
        found = (next((rows[form] for form in spellings(token) if form in rows), None) for token in tokens)
        return [row for row in found if row is not None]

    def embed(self, text: str) -> np.ndarray:
        """Embed the known words of a transcript: float32 [num_words, dimension], num_words possibly 0."""
        return np.asarray(self.vectors[self.lookup(tokenize(text))], dtype=np.float32)

    def subset(self, texts: Iterable[str]) -> "WordVectors":
        """Keep only the words that occur in `texts`, in the same order: small enough for a run directory."""
        rows = sorted({row for text in texts for row in self.lookup(tokenize(text))})
        words = self._keyed_vectors.index_to_key
        small = _import_gensim_models().KeyedVectors(self.dimension, dtype=np.float32)
        if rows:
            small.add_vectors([words[row] for row in rows], self.vectors[rows])
        return WordVectors(small)


def train_word_vectors(texts: Iterable[str], dimension: int = 300, seed: int = 0) -> WordVectors:
    """Train skip-gram vectors (word2vec) on lower-cased texts; the same input gives the same vectors.

    They are for the synthetic corpus: published vectors of general English are better for real transcripts.

    Args:
        texts: one paragraph each.
        dimension: length of a vector.
        seed: seed of the initial values and the negative samples.

    Raises:
        ValueError: if the texts hold no words.
    """
    sentences = [tokenize(text.lower()) for text in texts]
    if not any(sentences):
        raise ValueError("`texts` must hold at least one word")
    model = _import_gensim_models().Word2Vec(
        sentences,
        vector_size=dimension,
        window=_TRAINING_WINDOW,
        min_count=1,
        sg=1,
        epochs=_TRAINING_EPOCHS,
        seed=seed,
        workers=1,  # more workers train in an order that differs from run to run
        hashfxn=lambda word: zlib.crc32(word.encode()),  # Python's own hash differs from process to process
    )
    return WordVectors(model.wv)


def _check_header(path: Path, binary: bool, limit: int | None) -> None:
    """Raise ValueError for a header that needs more memory than a file of this size can fill."""
    compressed = path.name.lower().endswith(".gz")
    with gzip.open(path) if compressed else path.open("rb") as file:
        header = re.fullmatch(rb"(\d{1,12}) (\d{1,6})\s*\n", file.readline(64))
    if header is None:
        raise ValueError("its first line should be the number of words and their dimension")
    num_words, dimension = (int(number) for number in header.groups())
    num_words = min(num_words, limit or num_words)
    # At least a letter and a space per word, and per value four bytes, or a digit and a space.
    smallest = num_words * (2 + dimension * (4 if binary else 2) - (not binary))
    if num_words < 1 or dimension < 1:
        raise ValueError("it holds no words")
    if smallest > path.stat().st_size * (_MOST_COMPRESSION if compressed else 1):
        raise ValueError(f"it is too small for {num_words} words of dimension {dimension}")


def _import_gensim_models():
    """Import gensim.models at first use (it is slow) and silence gensim's reports of every step."""
    from gensim import models

    # absl lowers the root logger to INFO, and gensim's loggers inherit it.
    logging.getLogger("gensim").setLevel(logging.ERROR)
    return models


def _is_binary(path: Path) -> bool:
    for suffix, binary in _BINARY_BY_SUFFIX.items():
        if path.name.lower().endswith(suffix):
            return binary
    raise ValueError(f"{path} has an unknown ending; {_EXPECTED}")
