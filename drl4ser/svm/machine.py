"""A support vector machine on an aligned combination of kernels, kept as plain arrays."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drl4ser.files import read_archive, write_archive
from drl4ser.svm.alignment import CombinedKernel
from drl4ser.svm.kernels import BaseKernel, Features, KernelMeans, count_votes, pairwise_coefficients

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
# The combined kernel of so many utterances takes 512 MB.
MAX_UTTERANCES = 8_000
_HEADER = "header"


@dataclasses.dataclass(frozen=True)
class KernelMachine:
    """One-against-one support vector machines on a combined kernel, with everything that prediction needs.

    Attributes:
        kernel: the combination.
        support: modality -> float32 [S, D], features of the support vectors.
        coefficients: float64 [S, P], a column for each pair of classes (0, 1), (0, 2) .. (1, 2) ..
        intercepts: float64 [P].
        classes: int [c], numbers of the classes that occurred in training, in order.
        num_classes: of the experiment.
        penalty: C, as validation chose it.
        validation_ua: its UA there.
    """

    kernel: CombinedKernel
    support: dict[str, np.ndarray]
    coefficients: np.ndarray
    intercepts: np.ndarray
    classes: np.ndarray
    num_classes: int
    penalty: float
    validation_ua: float

    @classmethod
    def fit(
        cls,
        features: Features,
        labels: np.ndarray,
        validation: tuple[Features, np.ndarray],
        kernels: Sequence[BaseKernel],
        num_classes: int,
        class_weights: bool = False,
        max_utterances: int = MAX_UTTERANCES,
        seed: int = 0,
    ) -> "KernelMachine":
        """Learn the combination and the machines on the training part, choose C by validation UA.

        Args:
            features: modality -> [n, D] of the training part.
            labels: int [n].
            validation: features and labels of the validation part. Of two equally good C the smaller is taken.
            kernels: base kernels to combine.
            num_classes: classes there may be.
            class_weights: whether rare classes count as much as frequent ones.
            max_utterances: most utterances to learn from; of more, a sample with the same share of each class.
            seed: of the sample.

        Raises:
            ValueError: if the labels are of one class only, or no kernel is aligned with them.
        """
        from sklearn.svm import SVC  # a second that folds without kernels need not wait

        chosen = sample_utterances(labels, max_utterances, seed)
        features = {name: np.asarray(x[chosen], np.float32) for name, x in features.items()}
        labels = np.asarray(labels)[chosen]
        if len(np.unique(labels)) < 2:
            raise ValueError("`labels` must be of two classes at least. Received: one")
        kernel, matrix = CombinedKernel.learn(features, labels, kernels)
        between = kernel(validation[0], features)
        best = None
        for penalty in PENALTIES:
            svc = SVC(C=penalty, kernel="precomputed", class_weight="balanced" if class_weights else None)
            svc.fit(matrix, labels)
            coefficients, intercepts = pairwise_coefficients(svc)
            votes = count_votes(between[:, svc.support_] @ coefficients + intercepts)
            ua = unweighted_accuracy(validation[1], svc.classes_[votes.argmax(axis=1)])
            if best is None or ua > best.validation_ua:
                support = {name: x[svc.support_] for name, x in features.items()}
                machine = kernel, support, coefficients, intercepts, svc.classes_
                best = cls(*machine, num_classes, penalty, ua)
        return best

    def score(self, features: Features) -> np.ndarray:
        """Votes of the pairs of classes, plus at most a third of a vote for their margins, as scikit-learn counts them.

        Args:
            features: modality -> [n, D].

        Returns:
            float64 [n, num_classes]; the largest is the prediction. A class without training utterances has -1.
        """
        values = self.kernel(features, self.support) @ self.coefficients + self.intercepts
        scores = np.full((len(values), self.num_classes), -1.0)
        scores[:, self.classes] = count_votes(values)
        return scores

    def save(self, path: Path) -> None:
        """Write a NumPy archive without pickled objects, complete or not at all."""
        header = {name: getattr(self, name) for name in ("num_classes", "penalty", "validation_ua")}
        header["kernels"] = [dataclasses.astuple(kernel) for kernel in self.kernel.kernels]
        header["squared_distances"] = self.kernel.means.squared_distances
        arrays = {name: getattr(self, name) for name in ("coefficients", "intercepts", "classes")}
        arrays["weights"] = self.kernel.weights
        for modality, support in self.support.items():
            arrays[f"support/{modality}"] = support
            arrays[f"center/{modality}"] = self.kernel.means.centers[modality]
        write_archive(path, {**arrays, _HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)})

    @classmethod
    def load(cls, path: Path) -> "KernelMachine":
        """Read what `save` wrote.

        Raises:
            ValueError: if the file is missing or damaged; it is named.
        """
        try:
            arrays = read_archive(path)
            header = json.loads(arrays.pop(_HEADER).tobytes())
            kernels = tuple(BaseKernel(*values) for values in header.pop("kernels"))
            distances = header.pop("squared_distances")
            centers = {name: arrays.pop(f"center/{name}") for name in distances}
            support = {name: arrays.pop(f"support/{name}") for name in distances}
            kernel = CombinedKernel(kernels, arrays.pop("weights"), KernelMeans(centers, distances))
            return cls(kernel, support, **arrays, **header)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path} is missing or damaged ({error}); run that fold again") from error


def unweighted_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The mean recall of the classes that occur in `labels`."""
    from sklearn.metrics import recall_score

    classes = np.unique(labels)
    return float(recall_score(labels, predictions, labels=classes, average="macro", zero_division=0))


def sample_utterances(labels: np.ndarray, max_utterances: int, seed: int) -> np.ndarray:
    """Indices of all utterances, or of a random `max_utterances` with the same share of each class, sorted."""
    labels = np.asarray(labels)
    if len(labels) <= max_utterances:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    # Equal steps through a list sorted by class take from each class in proportion.
    return np.sort(order[np.arange(max_utterances) * len(labels) // max_utterances])
