"""What TensorBoard shows of a fold: curves, confusion matrices, pictures and hyper-parameters."""

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from drl4ser.config import ExperimentConfig
from drl4ser.figures import figure_to_array
from drl4ser.figures.confusion import confusion_figure

_SCALARS = ("loss", "learning_rate", "gradient_norm")
_VALIDATION_SCALARS = ("loss", "ua", "wa", "f1")


class RunLogger:
    """Writes one fold's event files.

    Args:
        directory: of the event files.
        config: the fold, shown under HParams.
        resumes: whether to keep what is there, of the epochs that an interrupted run need not run again.
    """

    def __init__(self, directory: Path, config: ExperimentConfig, resumes: bool = False):
        if not resumes:
            shutil.rmtree(directory, ignore_errors=True)
        self._writer = tf.summary.create_file_writer(str(directory))
        self._classes = config.classes
        with self._writer.as_default(step=0):
            hparams.hparams(_hyper_parameters(config), trial_id=_trial_name(config))

    def log_epoch(self, row: dict) -> None:
        """One row of `Trainer.fit`'s history."""
        with self._writer.as_default(step=row["epoch"]):
            for name in _SCALARS:
                tf.summary.scalar(f"train/{name}", row[name])
            for name in _VALIDATION_SCALARS:
                tf.summary.scalar(f"validation/{name}", row[f"validation_{name}"])
            if row["best"]:
                self._image("validation/confusion", row["validation_confusion"])

    def log_pictures(self, pictures: dict[str, np.ndarray], epoch: int) -> None:
        """Images by name, uint8 [height, width, 3 or 4]."""
        with self._writer.as_default(step=epoch):
            for name, picture in pictures.items():
                tf.summary.image(name, picture[np.newaxis])

    def log_test(self, scores: dict, confusion: np.ndarray, epoch: int) -> None:
        """Metrics of the test part, at the epoch that was chosen."""
        with self._writer.as_default(step=epoch):
            for name in ("ua", "wa", "f1"):
                tf.summary.scalar(f"test/{name}", scores[name])
            self._image("test/confusion", confusion)

    def close(self) -> None:
        """Flush and close the event files."""
        self._writer.close()

    def _image(self, tag: str, confusion) -> None:
        figure = confusion_figure(np.asarray(confusion), self._classes, tag)
        tf.summary.image(tag, figure_to_array(figure)[np.newaxis])


def _hyper_parameters(config: ExperimentConfig) -> dict:
    names = ("corpus", "profile", "recipe", "split", "fold", "seed")
    values = {name: getattr(config, name) for name in names}
    values.update({name: getattr(config.model, name) for name in ("system", "modality", "width", "dropout")})
    values.update(vars(config.train))
    return values


def _trial_name(config: ExperimentConfig) -> str:
    return f"{config.corpus}-{config.model.system}-{config.model.modality}-{config.fold}-{config.seed}"
