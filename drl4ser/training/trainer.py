"""Training loop of one fold: epochs, choice of the best one by validation UA, checkpoints.

It replaces `keras.Model.fit` because epochs have only a few short steps, and because everything that a resumed run
needs must be in one place (`Trainer._state`).
"""

import dataclasses
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from drl4ser.config import TrainConfig
from drl4ser.data.pipeline import LabelledPart, evaluation_batches, training_batches
from drl4ser.parallel.replicas import ONE_REPLICA, Replicas
from drl4ser.reporting import metrics
from drl4ser.runs import checkpoints
from drl4ser.training import step

# Tests shorten the interval; on a slow or full disk, lengthen it.
SECONDS_BETWEEN_CHECKPOINTS = float(os.environ.get("DRL4SER_SECONDS_BETWEEN_CHECKPOINTS", "20"))


class TrainingError(ValueError):
    """Training cannot continue; the message names the epoch and what to do."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Result of a model on one part: `ids`, `labels` [N], `logits` float32 [N, C] and the mean cross-entropy."""

    ids: list[str]
    labels: np.ndarray
    logits: np.ndarray
    loss: float

    @property
    def predictions(self) -> np.ndarray:
        """Class of the largest logit, int64 [N]."""
        return self.logits.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """Confusion matrix, int64 [C, C]."""
        return metrics.confusion_matrix(self.labels, self.predictions, self.logits.shape[1])


class Trainer:
    """Train a model on one fold; `fit` leaves it with the weights of its best epoch.

    Args:
        model: freshly built from the fold's seed.
        train: the recipe.
        training: training part.
        validation: validation part; its UA chooses the epoch, its loss decides between equal UAs.
        seed: fixes the order and the augmentation of every epoch.
        checkpoint: file of the unfinished state; a run that finds it resumes from there.
        on_epoch: called after each epoch with one row of the history.
        replicas: the replicas that share each step; `model` was built in their scope.
    """

    def __init__(
        self,
        model: keras.Model,
        train: TrainConfig,
        training: LabelledPart,
        validation: LabelledPart,
        seed: int,
        checkpoint: Path,
        on_epoch: Callable[[dict], None] = lambda row: None,
        replicas: Replicas = ONE_REPLICA,
    ):
        self.replicas = replicas
        self.model, self.train, self.seed = model, train, seed
        self.training, self.validation = training, validation
        self.checkpoint, self.on_epoch = checkpoint, on_epoch
        self._steps_per_epoch = training.num_batches(train.batch_size)
        self.history: list[dict] = []
        averaged = model.weights if train.ema_momentum else []
        with replicas.scope():
            self.optimizer = step.make_optimizer(train, self._steps_per_epoch)
            self.optimizer.build(model.trainable_variables)
            self._averages = [tf.Variable(variable, trainable=False) for variable in averaged]
            self._best = [tf.Variable(variable, trainable=False) for variable in model.variables]
        inputs, labels, _ = evaluation_batches(validation, train.batch_size).element_spec
        self._train_step = step.make_train_step(
            model, self.optimizer, train, self._class_weights(), self._averages, (inputs, labels), replicas
        )
        self._evaluation_step = step.make_evaluation_step(model, (inputs,))
        self._saved_at = time.monotonic()
        self._unsaved: tuple[dict, dict] | None = None  # a copy: within an epoch, the variables cannot be resumed from

    def fit(self) -> list[dict]:
        """Run all epochs that are left.

        Returns:
            The history: for each epoch "epoch" (from 1), "loss", "learning_rate", "gradient_norm",
            "validation_loss", "validation_ua", "validation_wa", "validation_f1", "validation_confusion" and "best".

        Raises:
            TrainingError: if the loss is not a finite number, or the processes resume from different checkpoints.
        """
        if self.checkpoint.exists():
            self.history = checkpoints.load_checkpoint(self.checkpoint, self._state())["history"]
            self._saved_at = time.monotonic()
        if self.replicas.broadcast(len(self.history)) != len(self.history):
            raise TrainingError(
                f"{self.checkpoint} is not the chief's checkpoint: RUNS_DIR must be the same folder for all workers"
            )
        epochs = range(len(self.history) + 1, self.train.max_epochs + 1)
        batches = iter(training_batches(self.training, self.train, self.seed, epochs))
        while not self._finished():
            self._run_epoch(len(self.history) + 1, batches)
            if self.replicas.is_chief:
                state = {name: [np.asarray(item).copy() for item in group] for name, group in self._state().items()}
                self._unsaved = (state, {"history": list(self.history)})
            if time.monotonic() - self._saved_at > SECONDS_BETWEEN_CHECKPOINTS:
                self.save_checkpoint()
        _assign(self.model.variables, self._best)
        return self.history

    def adopt(self, weights: list[np.ndarray], history: list[dict]) -> None:
        """Take the best weights and the history of a run of the same network, so that `fit` has no epoch left."""
        self.model.set_weights(weights)
        _assign(self._best, self.model.variables)
        self.history = history

    def save_checkpoint(self) -> None:
        """Write the state after the last finished epoch, unless it is written or another process is the chief."""
        if self._unsaved:
            checkpoints.save_checkpoint(self.checkpoint, *self._unsaved)
            self._unsaved, self._saved_at = None, time.monotonic()

    def evaluate(self, part: LabelledPart) -> Evaluation:
        """Apply the model with its present weights to every utterance of `part`."""
        return evaluate_part(self._evaluation_step, part, self.train.batch_size)

    @property
    def best(self) -> dict | None:
        """The history's row of the best epoch so far, None before the first."""
        return next((row for row in reversed(self.history) if row["best"]), None)

    def _finished(self) -> bool:
        epoch = len(self.history)
        stale = epoch - self.best["epoch"] >= self.train.patience if self.best else False
        return epoch >= self.train.max_epochs or stale

    def _run_epoch(self, epoch: int, batches: Iterator) -> None:
        """Train on the next epoch of `batches` and validate."""
        losses, norms, counts = [], [], []
        for inputs, labels, _ in itertools.islice(batches, self._steps_per_epoch):
            loss, norm = self._train_step(inputs, labels)
            losses.append(loss)
            norms.append(norm)
            counts.append(len(labels))
        loss = float(np.average(losses, weights=counts))
        if not np.isfinite(loss):
            raise TrainingError(
                f"the training loss became {loss} in epoch {epoch}: lower the learning rate "
                "(--change=train.learning_rate=1e-4) or clip gradients (--change=train.clip_norm=1)"
            )
        row = {
            "epoch": epoch,
            "loss": loss,
            "learning_rate": float(tf.convert_to_tensor(self.optimizer.learning_rate)),
            "gradient_norm": float(np.mean(norms)),
        }
        self._validate(row)
        self.history.append(row)
        self.on_epoch(row)

    def _validate(self, row: dict) -> None:
        """Evaluate the weights that would be tested, and keep a copy of them if they are the best so far."""
        own = [tf.identity(variable) for variable in self.model.weights[: len(self._averages)]]
        _assign(self.model.weights[: len(own)], self._averages)
        evaluation = self.evaluate(self.validation)
        scores = metrics.summarize(evaluation.confusion)
        row["validation_loss"] = evaluation.loss
        row.update({f"validation_{name}": scores[name] for name in ("ua", "wa", "f1")})
        row["validation_confusion"] = evaluation.confusion.tolist()
        # the chief decides: another processor may round the scores of equal weights differently
        row["best"] = bool(self.replicas.broadcast(self.best is None or _rank(row) > _rank(self.best)))
        if row["best"]:
            _assign(self._best, self.model.variables)
        _assign(self.model.weights[: len(own)], own)

    def _class_weights(self) -> tf.Tensor:
        num_classes = self.model.output_shape[-1]
        if not self.train.class_weights:
            return tf.ones(num_classes)
        counts = np.bincount(self.training.labels, minlength=num_classes)
        return tf.constant(self.training.num_utterances / (num_classes * counts), tf.float32)

    def _state(self) -> dict[str, list]:
        return {
            "model": self.model.variables,
            "optimizer": self.optimizer.variables,
            "averages": self._averages,
            "best": self._best,
        }


def evaluate_part(score: Callable, part: LabelledPart, batch_size: int) -> Evaluation:
    """Apply `score`, a function from inputs to logits [B, C], to every utterance of `part`."""
    ids, labels, logits = [], [], []
    for inputs, label, identity in evaluation_batches(part, batch_size):
        logits.append(np.asarray(score(inputs)))
        labels.append(label.numpy())
        ids.extend(name.decode() for name in identity.numpy())
    labels, logits = np.concatenate(labels), np.concatenate(logits)
    loss = step.cross_entropy(tf.constant(logits), tf.constant(labels), tf.ones(logits.shape[1]))
    return Evaluation(ids, labels, logits, float(tf.reduce_mean(loss)))


def _rank(row: dict) -> tuple[float, float]:
    return row["validation_ua"], -row["validation_loss"]


def _assign(variables, values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
