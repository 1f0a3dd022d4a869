"""TensorBoard of a fold: curves, confusion matrices, hyper-parameters, attention and representations.

TensorBoard orders cards by the first word of their tag: accuracy and loss come first, pictures last.
"""

import csv
import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector
from tensorboard.plugins.hparams import api as hparams

from drl4ser.config import ExperimentConfig
from drl4ser.corpora import Utterance
from drl4ser.data.pipeline import LabelledPart, evaluation_batches
from drl4ser.figures import figure_to_array
from drl4ser.figures.confusion import confusion_figure
from drl4ser.figures.figure5 import curves_figure, mosaic_figure
from drl4ser.files import atomic_write_text
from drl4ser.models.inspector import Inspector, build_encoder, has_attention

EPOCHS_BETWEEN_IMAGES = 5
# Tags by the name of a value in a row of the history.
_SCALARS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "validation_ua": "accuracy/UA validation",
    "validation_wa": "accuracy/WA validation",
    "validation_f1": "macro F1/validation",
    "learning_rate": "optimiser/learning rate",
    "gradient_norm": "optimiser/gradient norm",
}
_TEST_SCALARS = {"ua": "accuracy/UA test", "wa": "accuracy/WA test", "f1": "macro F1/test"}
_FILES = ("events.out.tfevents.*", "projector_config.pbtxt", "representations.tsv", "utterances.tsv")


class FoldLogger:
    """Writer of one fold's event files.

    It draws no random number and changes no weight: training continues as it would have without it.

    Args:
        directory: of the fold. TensorBoard names the run after the folder of its event files, so they have none of
            their own.
        config: the fold, shown under HParams.
        model: the model that is trained.
        validation: its validation part; the first utterance of each class is drawn after the first and every fifth
            epoch, for systems with attention.
        resumed: whether to keep the event files that are there: those of the epochs before an interruption.
    """

    def __init__(
        self,
        directory: Path,
        config: ExperimentConfig,
        model: keras.Model,
        validation: LabelledPart,
        resumed: bool = False,
    ):
        if not resumed:
            for path in (path for pattern in _FILES for path in directory.glob(pattern)):
                path.unlink()
        self._directory, self._config, self._model = directory, config, model
        self._inspector = Inspector(model, config.frame) if has_attention(model) else None
        self._batch = _first_of_each_class(validation) if self._inspector else None
        self._writer = tf.summary.create_file_writer(str(directory))
        with self._writer.as_default(step=0):
            hparams.hparams(_hyper_parameters(config), trial_id=_trial_name(config))

    def log_epoch(self, row: dict) -> None:
        """Write one row of `Trainer.fit`'s history and, in some epochs, pictures of attention."""
        with self._writer.as_default(step=row["epoch"]):
            for name, tag in _SCALARS.items():
                tf.summary.scalar(tag, row[name])
            if row["best"]:
                self._write_confusion("validation", row["validation_confusion"], row["epoch"])
            for name, picture in self.draw_attention(row["epoch"]).items():
                tf.summary.image(f"pictures/{name}", picture[np.newaxis])

    def draw_attention(self, epoch: int) -> dict[str, np.ndarray]:
        """Pictures by name, uint8 [height, width, 4]; none in most epochs and for systems without attention."""
        if self._inspector is None or (epoch > 1 and epoch % EPOCHS_BETWEEN_IMAGES):
            return {}
        inputs, labels, _ = self._batch
        pictures = {}
        for label, inspected in zip(labels.numpy(), self._inspector(inputs), strict=True):
            name = self._config.classes[label]
            title = f"{name}, epoch {epoch}"
            blocks = {block.name: block.weights for block in inspected.blocks}
            pictures[f"attention {name}"] = figure_to_array(mosaic_figure(blocks, title))
            if len(inspected.informativeness):
                figure = curves_figure(inspected.informativeness, inspected.times, title)
                pictures[f"informativeness {name}"] = figure_to_array(figure)
        return pictures

    def log_test(self, scores: dict, confusion: np.ndarray, epoch: int) -> None:
        """Write the metrics of the test part, at the best epoch, and close the event files."""
        with self._writer.as_default(step=epoch):
            for name, tag in _TEST_SCALARS.items():
                tf.summary.scalar(tag, scores[name])
            self._write_confusion("test", confusion, epoch)
        self._writer.close()

    def log_representations(self, parts: dict[str, LabelledPart], utterances: dict[str, Utterance]) -> None:
        """Write each utterance's representation, F of the last iteration for S3, for TensorBoard's projector.

        Args:
            parts: the utterances to show, by the name of the part.
            utterances: all utterances by id; the projector colours by emotion and speaker.
        """
        encoder = build_encoder(self._model)
        if encoder is None:
            return
        encode = tf.function(encoder, reduce_retracing=True)
        vectors, labels = [], [("id", "emotion", "speaker", "part")]
        for name, part in parts.items():
            for inputs, _, identities in evaluation_batches(part, self._config.train.batch_size):
                vectors += encode([inputs[item.name] for item in encoder.inputs]).numpy().tolist()
                found = (utterances[identity.decode()] for identity in identities.numpy())
                labels += [(item.id, item.emotion, item.speaker or "unknown", name) for item in found]
        rows = [[f"{value:.5g}" for value in vector] for vector in vectors]
        atomic_write_text(self._directory / "representations.tsv", _tab_separated(rows))
        atomic_write_text(self._directory / "utterances.tsv", _tab_separated(labels))
        settings = projector.ProjectorConfig()
        settings.embeddings.add(
            tensor_name="representation", tensor_path="representations.tsv", metadata_path="utterances.tsv"
        )
        projector.visualize_embeddings(str(self._directory), settings)

    def _write_confusion(self, part: str, confusion, epoch: int) -> None:
        figure = confusion_figure(np.asarray(confusion), self._config.classes, f"{part} part, epoch {epoch}")
        tf.summary.image(f"pictures/confusion {part}", figure_to_array(figure)[np.newaxis])


def _first_of_each_class(part: LabelledPart):
    """(inputs, labels, ids) of one batch."""
    labels, first = np.unique(part.labels, return_index=True)
    wanted = tf.constant(first, tf.int64)
    chosen = part.dataset.enumerate().filter(lambda index, _: tf.reduce_any(index == wanted))
    few = dataclasses.replace(part, dataset=chosen.map(lambda _, element: element), labels=labels)
    return next(iter(evaluation_batches(few, len(wanted))))


def _hyper_parameters(config: ExperimentConfig) -> dict:
    names = ("corpus", "profile", "recipe", "split", "fold", "seed")
    values = {name: getattr(config, name) for name in names}
    values.update({name: getattr(config.model, name) for name in ("system", "modality", "width", "dropout")})
    values.update(vars(config.train))
    return values


def _trial_name(config: ExperimentConfig) -> str:
    return f"{config.corpus}-{config.model.system}-{config.model.modality}-{config.fold}-{config.seed}"


def _tab_separated(rows) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue()
