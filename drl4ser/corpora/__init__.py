from drl4ser.corpora.folds import SPLITS, Fold, describe_overlap, limit_training, make_folds
from drl4ser.corpora.manifest import find_recordings
from drl4ser.corpora.registry import CORPORA, name_corpus, read_corpus
from drl4ser.corpora.utterance import FOUR_CLASSES, CorpusError, Utterance
from drl4ser.corpora.word_times import Word, read_words

__all__ = [
    "CORPORA",
    "FOUR_CLASSES",
    "SPLITS",
    "CorpusError",
    "Fold",
    "Utterance",
    "Word",
    "describe_overlap",
    "find_recordings",
    "limit_training",
    "make_folds",
    "name_corpus",
    "read_corpus",
    "read_words",
]
