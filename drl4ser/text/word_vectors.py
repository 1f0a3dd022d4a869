"""Word vectors, held by gensim: read from a file of word2vec, GloVe or fastText, or trained on text."""

import gzip
import logging
import re
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from drl4ser.console import needing
from drl4ser.text.tokens import spellings, tokenize

_BINARY_BY_SUFFIX = {".bin": True, ".txt": False, ".vec": False}
_TRAINING_WINDOW = 12  # reaches into the next sentence: words that share a mood come out alike
_TRAINING_EPOCHS = 5
_MOST_COMPRESSION = 1032  # of deflate: a longest match of 258 bytes in two bits
_FASTTEXT_MAGIC = b"\xba\x16\x4f\x2f"
HARDLY_ANY = 0.2  # share of known words below which vectors and texts are hardly of one language
_EXPECTED = (
    "expected word vectors in word2vec format (.bin, .bin.gz), or as text of word2vec, fastText or GloVe "
    "(.txt, .vec, .txt.gz, .vec.gz), such as GoogleNews-vectors-negative300.bin.gz"
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

    def __init__(self, keyed_vectors: Any):
        self._keyed_vectors = keyed_vectors

    @classmethod
    def load(cls, path: Path | str, limit: int | None = None) -> "WordVectors":
        """Read word vectors, binary or text, compressed or not, according to the ending of the file.

        The first vector of a word counts if it comes twice. Words that are not UTF-8 are left out with a warning.

        Args:
            path: a file in word2vec format ending in .bin, or a text of a word and its numbers per line (separated
                by spaces or tabs, with or without word2vec's header) ending in .txt or .vec; or such a file and .gz.
            limit: number of words to read from its beginning; files usually begin with the most frequent words.

        Raises:
            ValueError: if the file is missing, of another kind, or incomplete.
        """
        path = Path(path)
        binary = _is_binary(path)
        if not path.is_file():
            raise ValueError(f"{path} does not exist or is not a file; {_EXPECTED}")
        try:
            words, vectors = (_read_binary if binary else _read_text)(path, limit)
        except (ValueError, EOFError, OSError, IndexError, MemoryError, zlib.error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{path} is damaged or of another format ({reason}); {_EXPECTED}") from None
        if not np.isfinite(vectors).all():
            raise ValueError(f"{path} holds values that are not numbers; {_EXPECTED}")
        undecodable = [word for word in words if "\ufffd" in (word or "")]
        rows = {word: row for row, word in reversed(list(enumerate(words))) if _is_usable(word)}
        if not rows:
            raise ValueError(f"{path} holds no words in UTF-8; {_EXPECTED}")
        if undecodable:
            warnings.warn(
                f"{path}: {len(undecodable)} of {len(words)} words are not UTF-8 and are left out, "
                f"such as {undecodable[0]!r}",
                stacklevel=2,
            )
        return cls._of_rows(rows, vectors)

    @classmethod
    def _of_rows(cls, rows: dict[str, int], vectors: np.ndarray) -> "WordVectors":
        """The words of `rows` with their rows of `vectors`, in the order of these."""
        found = _import_gensim_models().KeyedVectors(vectors.shape[1], dtype=np.float32)
        found.index_to_key = sorted(rows, key=rows.__getitem__)
        found.key_to_index = {word: row for row, word in enumerate(found.index_to_key)}
        chosen = [rows[word] for word in found.index_to_key]
        # Google's three million vectors must not be held twice.
        found.vectors = vectors if len(chosen) == len(vectors) else vectors[chosen]
        return cls(found)

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
        """Keep only the words that occur in `texts`, in the same order: small enough for a run directory.

        Warns if hardly any word of the texts is known: the vectors are then of another language or script.
        """
        tokens = [token for text in texts for token in tokenize(text)]
        found = self.lookup(tokens)
        if len(found) < HARDLY_ANY * len(tokens):
            unknown = next(token for token in tokens if not self.lookup([token]))
            warnings.warn(
                f"the word vectors know {len(found)} of {len(tokens)} words of the transcripts (not {unknown!r}): "
                "are they of the same language?",
                stacklevel=2,
            )
        words = self.words
        return self._of_rows({words[row]: row for row in set(found)}, self.vectors)


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


def _read_binary(path: Path, limit: int | None) -> tuple[list[str], np.ndarray]:
    with _open(path) as file:
        header = file.readline(64)
    if header.startswith(_FASTTEXT_MAGIC):
        raise ValueError("it is a model of fastText: give its .vec file")
    counts = re.fullmatch(rb"(\d{1,12}) (\d{1,6})\s*\n", header)
    if counts is None:
        raise ValueError("its first line should be the number of words and their dimension")
    num_words, dimension = (int(number) for number in counts.groups())
    num_words = min(num_words, limit or num_words)
    if num_words < 1 or dimension < 1:
        raise ValueError("it holds no words")
    # A damaged header must not ask for more memory than a file of this size can fill.
    smallest = num_words * (2 + dimension * 4 - 1)
    if smallest > path.stat().st_size * (_MOST_COMPRESSION if path.suffix.lower() == ".gz" else 1):
        raise ValueError(f"it is too small for {num_words} words of dimension {dimension}")
    # A token may be cut inside a letter: published vectors hold such ones.
    found = _import_gensim_models().KeyedVectors.load_word2vec_format(
        str(path), binary=True, limit=limit, unicode_errors="replace"
    )
    return found.index_to_key, found.vectors


def _read_text(path: Path, limit: int | None) -> tuple[list[str], np.ndarray]:
    """gensim's reader takes neither tabs nor words that hold spaces, and must be told whether there is a header."""
    words: list[str] = []
    vectors: list[np.ndarray] = []
    promised = 0
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            parts = line.removeprefix(b"\xef\xbb\xbf").replace(b"\t", b" ").strip().split(b" ")
            if number == 1 and re.fullmatch(rb"\d+ \d+", b" ".join(parts)):
                promised, dimension = map(int, parts)
                continue
            if not words and not promised:
                dimension = len(parts) - 1
            if len(words) == limit:
                break
            if dimension < 1 or len(parts) <= dimension:
                raise ValueError(f"line {number} should be a word and {max(dimension, 1)} numbers")
            words.append(b" ".join(parts[:-dimension]).decode("utf-8", "replace"))
            vectors.append(np.array(parts[-dimension:], dtype=np.float32))
    if len(words) < min(promised, limit or promised):
        raise ValueError(f"it ends after {len(words)} of {promised} words")
    if not words:
        raise ValueError("it holds no words")
    return words, np.stack(vectors)


def _open(path: Path):
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _is_usable(word: str | None) -> bool:
    """Whether a token can ever be this word. gensim gives None for a word that came before."""
    return word is not None and word != "" and "\ufffd" not in word and not any(letter.isspace() for letter in word)


def _import_gensim_models():
    """Import gensim.models at first use (it is slow) and silence gensim's reports of every step."""
    with needing("models"):
        from gensim import models

    # absl lowers the root logger to INFO, and gensim's loggers inherit it.
    logging.getLogger("gensim").setLevel(logging.ERROR)
    return models


def _is_binary(path: Path) -> bool:
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    if suffix.lower() not in _BINARY_BY_SUFFIX:
        raise ValueError(f"{path} has an unknown ending; {_EXPECTED}")
    return _BINARY_BY_SUFFIX[suffix.lower()]
