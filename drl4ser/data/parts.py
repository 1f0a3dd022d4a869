"""The training, validation and test part of a fold, assembled from its settings, the records and word vectors."""

import dataclasses

from drl4ser.config import ExperimentConfig
from drl4ser.corpora.folds import Fold, select_fold
from drl4ser.data.pipeline import LabelledPart, fit_input_range, fit_normalizer, load_part
from drl4ser.data.store import RecordStore
from drl4ser.features import Normalizer
from drl4ser.features.input_range import InputRange
from drl4ser.text import WordVectors


@dataclasses.dataclass(frozen=True)
class FoldData:
    """Everything that training and testing one fold takes from its corpus.

    Attributes:
        fold: ids of the utterances of each part.
        parts: "train", "validation" and, if the fold tests anything, "test", normalised.
        normalizer: fitted on the training part.
        input_range: range of the training recordings.
        word_vectors: of the words that occur in the corpus; None without lexical input.
    """

    fold: Fold
    parts: dict[str, LabelledPart]
    normalizer: Normalizer
    input_range: InputRange
    word_vectors: WordVectors | None


def load_fold(config: ExperimentConfig, store: RecordStore, word_vectors: WordVectors | None = None) -> FoldData:
    """Load the parts of one fold; what is fitted is fitted on its training part alone.

    Args:
        config: classes, split, fold, modality and recipe.
        store: opened LLD records.
        word_vectors: for systems with lexical input; others ignore them.

    Raises:
        ValueError: if a system with lexical input has no word vectors, or some of another dimension.
    """
    utterances = store.subset(config.classes)
    fold = select_fold(config, utterances)
    normalizer = fit_normalizer(store, fold.train, config.train.trim_db, config.train.subtract_mean)
    vocabulary = _select_words(config, word_vectors, [utterance.text for utterance in utterances])
    number = {name: index for index, name in enumerate(config.classes)}
    labels = {utterance.id: number[utterance.emotion] for utterance in utterances}
    parts = {
        name: load_part(store, {key: labels[key] for key in ids}, normalizer, vocabulary)
        for name, ids in dataclasses.asdict(fold).items()
        if ids
    }
    return FoldData(fold, parts, normalizer, fit_input_range(store, fold.train, config.frame), vocabulary)


def _select_words(config: ExperimentConfig, word_vectors: WordVectors | None, texts: list[str]) -> WordVectors | None:
    if "lexical" not in config.model.modality:
        return None
    if word_vectors is None:
        raise ValueError(f"modality {config.model.modality!r} needs word vectors: give --word_vectors")
    if word_vectors.dimension != config.model.word_dim:
        raise ValueError(
            f"the word vectors have {word_vectors.dimension} dimensions, the model expects {config.model.word_dim}: "
            f"give other vectors or --change=model.word_dim={word_vectors.dimension}"
        )
    found = word_vectors.subset(texts)
    if not len(found):
        raise ValueError(
            f"modality {config.model.modality!r} needs transcripts, and no word of them is among the word vectors: "
            "look at the transcripts (column `text` of a manifest) and at the language of the vectors, or give "
            "MODALITIES=acoustic (--modalities)"
        )
    return found
