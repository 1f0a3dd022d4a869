"""Second stage of systems whose classifier is a kernel machine on the features that a network has learned."""

import keras
import numpy as np
import tensorflow as tf

from drl4ser.config import ExperimentConfig
from drl4ser.data.pipeline import LabelledPart, evaluation_batches
from drl4ser.models import kernel_features
from drl4ser.svm import KernelMachine, multiple_kernels
from drl4ser.training.trainer import Evaluation, evaluate_part


class KernelClassifier:
    """A trained network up to its features and the kernel machine on them, called like the network.

    Args:
        model: the network, see `drl4ser.models.kernel_features`.
        machine: fitted to the network's features.
    """

    def __init__(self, model: keras.Model, machine: KernelMachine):
        self.machine = machine
        self._features = kernel_features(model)

    @classmethod
    def fit(
        cls, model: keras.Model, config: ExperimentConfig, training: LabelledPart, validation: LabelledPart
    ) -> "KernelClassifier":
        """Learn multiple kernels from the training part, with C by validation UA; see `KernelMachine.fit`."""
        features = kernel_features(model)
        train = _collect(features, training, config.train.batch_size)
        machine = KernelMachine.fit(
            *train,
            validation=_collect(features, validation, config.train.batch_size),
            kernels=multiple_kernels(list(train[0])),
            num_classes=config.model.num_classes,
            class_weights=config.train.class_weights,
            seed=config.seed,
        )
        return cls(model, machine)

    def __call__(self, inputs: dict, training: bool = False) -> np.ndarray:
        """Scores, float32 [B, num_classes], that serve as logits; see `KernelMachine.score`."""
        return self.machine.score(_compute(self._features, inputs)).astype(np.float32)

    def evaluate(self, part: LabelledPart, batch_size: int) -> Evaluation:
        """Scores of every utterance of `part`, as an `Evaluation`."""
        return evaluate_part(self, part, batch_size)


def _collect(features: keras.Model, part: LabelledPart, batch_size: int):
    """The features of a part, modality -> float32 [n, D], and its labels [n]."""
    batches = [(_compute(features, inputs), label.numpy()) for inputs, label, _ in evaluation_batches(part, batch_size)]
    names = batches[0][0]
    collected = {name: np.concatenate([values[name] for values, _ in batches]) for name in names}
    return collected, np.concatenate([label for _, label in batches])


def _compute(features: keras.Model, inputs: dict) -> dict[str, np.ndarray]:
    values = features(inputs, training=False)
    return {name: tf.cast(value, tf.float32).numpy() for name, value in values.items()}
