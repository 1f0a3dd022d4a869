import dataclasses

import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig
from drl4ser.corpora import make_folds
from drl4ser.corpora.folds import select_fold
from drl4ser.data.parts import load_fold
from drl4ser.data.pipeline import evaluation_batches, fit_normalizer
from drl4ser.text import WordVectors

CONFIG = ExperimentConfig(
    corpus="manifest", num_folds=3, fold=1, model=ModelConfig("s1", "acoustic+lexical", word_dim=10)
)


def test_the_parts_are_those_of_the_split_with_the_numbers_of_their_classes(store, word_vectors_file):
    data = load_fold(CONFIG, store, WordVectors.load(word_vectors_file))
    assert data.fold == select_fold(CONFIG, store.utterances) == make_folds(store.utterances, num_folds=3)[1]
    emotions = {item.id: item.emotion for item in store.utterances}
    for name, ids in dataclasses.asdict(data.fold).items():
        batches = list(evaluation_batches(data.parts[name], 4))
        found = {
            key.decode(): int(n)
            for _, label, key_batch in batches
            for key, n in zip(key_batch.numpy(), label, strict=True)
        }
        assert found == {key: CONFIG.classes.index(emotions[key]) for key in ids}
        assert batches[0][0]["words"].shape[-1] == 10


def test_what_is_fitted_is_fitted_on_the_training_part(store):
    data = load_fold(dataclasses.replace(CONFIG, model=ModelConfig("s1", "acoustic")), store)
    np.testing.assert_array_equal(data.normalizer.mean, fit_normalizer(store, data.fold.train).mean)
    seconds = [0.025 + 0.005 * (store.num_frames[name] - 1) for name in data.fold.train]
    assert data.input_range.limits["seconds"] == pytest.approx((min(seconds), max(seconds)))
    assert data.word_vectors is None


def test_the_vocabulary_is_that_of_the_corpus(store, word_vectors_file):
    words = WordVectors.load(word_vectors_file)
    assert len(load_fold(CONFIG, store, words).word_vectors) == len(
        words.subset(item.text for item in store.utterances)
    )


@pytest.mark.filterwarnings("ignore:the word vectors know 0 of")
def test_input_with_words_of_which_none_is_known_is_refused(store, word_vectors_file):
    """It would train on nothing, and the run could not be loaded."""
    words = WordVectors.load(word_vectors_file)
    for text in ("", "xyzzy"):
        silent = dataclasses.replace(
            store, utterances=tuple(dataclasses.replace(item, text=text) for item in store.utterances)
        )
        with pytest.raises(
            ValueError, match=r"'acoustic.lexical' needs transcripts, and no word .*MODALITIES=acoustic"
        ):
            load_fold(CONFIG, silent, words)


def test_word_vectors_must_fit(store, word_vectors_file):
    with pytest.raises(ValueError, match="needs word vectors: give --word_vectors"):
        load_fold(CONFIG, store)
    wide = dataclasses.replace(CONFIG, model=ModelConfig("s1", "lexical", word_dim=300))
    with pytest.raises(ValueError, match=r"have 10 dimensions, the model expects 300.*--change=model\.word_dim=10"):
        load_fold(wide, store, WordVectors.load(word_vectors_file))
