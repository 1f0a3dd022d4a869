"""Word vectors for the synthetic corpus, where the large published ones are not at hand."""

import zlib
from collections.abc import Iterable

from drl4ser.text.tokens import tokenize
from drl4ser.text.word_vectors import WordVectors, import_gensim_models

_WINDOW = 12  # reaches into the next sentence: words that share a mood come out alike
_EPOCHS = 5


def train_word_vectors(texts: Iterable[str], dimension: int = 300, seed: int = 0) -> WordVectors:
    """Trains skip-gram vectors (word2vec) on lower-cased texts; the same input gives the same vectors.

    Args:
        texts: one paragraph each.
        dimension: length of a vector.
        seed: of the initial values and the negative samples.

    Raises:
        ValueError: if the texts hold no words.
    """
    sentences = [tokenize(text.lower()) for text in texts]
    if not any(sentences):
        raise ValueError("`texts` must hold at least one word")
    model = import_gensim_models().Word2Vec(
        sentences,
        vector_size=dimension,
        window=_WINDOW,
        min_count=1,
        sg=1,
        epochs=_EPOCHS,
        seed=seed,
        workers=1,  # more would train in an order that differs from run to run
        hashfxn=lambda word: zlib.crc32(word.encode()),  # Python's own hash differs from process to process
    )
    return WordVectors(model.wv)
