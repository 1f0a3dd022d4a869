"""What TensorBoard shows of attention while a fold learns, and of the representations it ends with."""

import csv
import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from drl4ser.config import ExperimentConfig
from drl4ser.corpora import Utterance
from drl4ser.data.pipeline import LabelledPart, evaluation_batches
from drl4ser.figures import figure_to_array
from drl4ser.figures.figure5 import attention_mosaic, curves_figure
from drl4ser.files import atomic_write_text
from drl4ser.models.inspector import Inspector, build_encoder, has_attention

EPOCHS_BETWEEN_IMAGES = 5


class AttentionWatcher:
    """Looks at the same validation utterances, the first of each class, after the first and every fifth epoch.

    Looking draws no random number and changes no weight: training goes on as it would have.

    Args:
        model: that is being trained.
        validation: its validation part.
        config: the fold.
    """

    def __init__(self, model: keras.Model, validation: LabelledPart, config: ExperimentConfig):
        self._inspector = Inspector(model, config.frame) if has_attention(model) else None
        self._classes = config.classes
        self._batch = _first_of_each_class(validation) if self._inspector else None

    def look(self, epoch: int) -> dict[str, np.ndarray]:
        """Pictures by name, uint8 [height, width, 3 or 4]; none in most epochs and for systems without attention."""
        if self._inspector is None or (epoch > 1 and epoch % EPOCHS_BETWEEN_IMAGES):
            return {}
        inputs, labels, _ = self._batch
        pictures = {}
        for label, seen in zip(labels.numpy(), self._inspector(inputs), strict=True):
            name = self._classes[label]
            pictures[f"attention/{name}"] = attention_mosaic([block.weights for block in seen.blocks])
            if len(seen.informativeness):
                figure = curves_figure(seen.informativeness, seen.times, f"{name}, epoch {epoch}")
                pictures[f"informativeness/{name}"] = figure_to_array(figure)
        return pictures


def write_embedding(
    directory: Path,
    model: keras.Model,
    parts: dict[str, LabelledPart],
    utterances: dict[str, Utterance],
    batch_size: int,
) -> None:
    """Puts each utterance's representation, F of the last iteration for S3, into TensorBoard's projector.

    Args:
        directory: of the fold's event files.
        model: with the weights to look at.
        parts: by name, the utterances to show.
        utterances: by id; emotion and speaker are what the projector colours by.
        batch_size: utterances at a time.
    """
    encoder = build_encoder(model)
    if encoder is None:
        return
    encode = tf.function(encoder, reduce_retracing=True)
    vectors, labels = [], [("id", "emotion", "speaker", "part")]
    for name, part in parts.items():
        for inputs, _, identities in evaluation_batches(part, batch_size):
            vectors += encode([inputs[item.name] for item in encoder.inputs]).numpy().tolist()
            found = (utterances[identity.decode()] for identity in identities.numpy())
            labels += [(item.id, item.emotion, item.speaker or "unknown", name) for item in found]
    rows = [[f"{value:.5g}" for value in vector] for vector in vectors]
    atomic_write_text(directory / "representations.tsv", _tab_separated(rows))
    atomic_write_text(directory / "utterances.tsv", _tab_separated(labels))
    settings = projector.ProjectorConfig()
    settings.embeddings.add(
        tensor_name="representation", tensor_path="representations.tsv", metadata_path="utterances.tsv"
    )
    projector.visualize_embeddings(str(directory), settings)


def _first_of_each_class(part: LabelledPart):
    """(inputs, labels, ids) of one batch."""
    labels, first = np.unique(part.labels, return_index=True)
    wanted = tf.constant(first, tf.int64)
    chosen = part.dataset.enumerate().filter(lambda index, _: tf.reduce_any(index == wanted))
    few = dataclasses.replace(part, dataset=chosen.map(lambda _, element: element), labels=labels)
    return next(iter(evaluation_batches(few, len(wanted))))


def _tab_separated(rows) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue()
