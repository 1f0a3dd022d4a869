"""A weighted sum of base kernels, learned from the labels, computed a block of rows at a time."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from drl4ser.kernels.alignment import CenteredProducts, align_kernels
from drl4ser.kernels.base_kernels import BaseKernel, Features, KernelMeans, compute_kernels

BLOCK_ROWS = 256


@dataclasses.dataclass(frozen=True)
class CombinedKernel:
    """K = sum over k of weight_k K_k.

    Attributes:
        kernels: m base kernels with a weight above 0.
        weights: float64 [m], such that the squared distance of a training utterance from their mean is 1 on average.
        means: of the training features.
    """

    kernels: tuple[BaseKernel, ...]
    weights: np.ndarray
    means: KernelMeans

    @classmethod
    def learn(
        cls, features: Features, labels: np.ndarray, kernels: Sequence[BaseKernel]
    ) -> tuple["CombinedKernel", np.ndarray]:
        """The combination that is best aligned with the labels.

        Args:
            features: modality -> [n, D] of the training part.
            labels: int [n].
            kernels: to choose from.

        Returns:
            The combination and its values for the training part, float64 [n, n].

        Raises:
            ValueError: if no kernel tells anything about the labels.
        """
        means = KernelMeans.of(features)
        centered = means.center(features)
        targets = (labels[:, np.newaxis] == np.unique(labels)).astype(np.float64)
        products = CenteredProducts(len(kernels), targets)
        for rows, part in _blocks(centered):
            products.add_rows(rows, compute_kernels(kernels, part, centered, means.squared_distances))
        weights = align_kernels(*products.finish())
        chosen = tuple(kernel for kernel, weight in zip(kernels, weights, strict=True) if weight > 0)
        raw = cls(chosen, weights[weights > 0], means)
        matrix = raw._combine(centered, centered)
        spread = np.trace(matrix) / len(matrix) - matrix.mean()
        matrix /= spread
        return cls(chosen, raw.weights / spread, means), matrix

    def __call__(self, x: Features, y: Features) -> np.ndarray:
        """Values for two sets of utterances, modality -> [n, D] and [l, D]: float64 [n, l]."""
        return self._combine(self.means.center(x), self.means.center(y))

    def _combine(self, x: Features, y: Features) -> np.ndarray:
        matrix = np.empty([len(next(iter(z.values()))) for z in (x, y)])
        for rows, part in _blocks(x):
            values = compute_kernels(self.kernels, part, y, self.means.squared_distances)
            matrix[rows] = np.tensordot(self.weights, values, axes=1)
        return matrix


def _blocks(features: Features) -> Iterator[tuple[slice, Features]]:
    for start in range(0, len(next(iter(features.values()))), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        yield rows, {name: x[rows] for name, x in features.items()}
