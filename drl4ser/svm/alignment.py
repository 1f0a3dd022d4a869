"""Weights of kernels by their centred alignment with the labels (Cortes, Mohri and Rostamizadeh, JMLR 13, 2012).

Notation of the paper: <.,.> is the Frobenius product, K_c = H K H with H = I - 1 1^T / n the centred kernel matrix.
The alignment of two kernels is <K_c, L_c> / (|K_c| |L_c|).
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.optimize import nnls

from drl4ser.svm.kernels import BaseKernel, Features, KernelMeans, compute_kernels

BLOCK_ROWS = 256


@dataclasses.dataclass
class CenteredProducts:
    """<K_c, L_c> of some kernels and the labels' kernel, summed over blocks of rows.

    No [n, n] matrix is kept: with the sums of a kernel's rows r and of all its values s,
    <K_c, L_c> = <K, L> - 2 r_K . r_L / n + s_K s_L / n^2.

    Args:
        num_kernels: m.
        targets: float [n, classes], one-hot: the labels' kernel is 1 for two utterances of one class, else 0.
    """

    num_kernels: int
    targets: np.ndarray

    def __post_init__(self):
        self._centered_targets = self.targets - self.targets.mean(axis=0)
        self._products = np.zeros((self.num_kernels, self.num_kernels))
        self._with_targets = np.zeros(self.num_kernels)
        self._row_sums = np.zeros((self.num_kernels, len(self.targets)))

    def add_rows(self, rows: slice, kernels: np.ndarray) -> None:
        """Add rows of every kernel matrix, float64 [m, num_rows, n]."""
        flat = kernels.reshape(self.num_kernels, -1)
        self._products += flat @ flat.T
        self._row_sums[:, rows] = kernels.sum(axis=2)
        # <K_c, Z Z^T> = <K, H Z Z^T H>
        part = kernels @ self._centered_targets
        self._with_targets += np.einsum("kic,ic->k", part, self._centered_targets[rows])

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """M [m, m] with M_kl = <K_kc, K_lc>, and a [m] with a_k = <K_kc, L>, L the labels' kernel."""
        n, totals = len(self.targets), self._row_sums.sum(axis=1)
        products = self._products - 2 / n * self._row_sums @ self._row_sums.T
        products += np.outer(totals, totals) / n**2
        # What is left of a constant kernel is rounding errors.
        varies = np.diag(products) > 1e-13 * np.diag(self._products)
        return np.where(np.outer(varies, varies), products, 0.0), np.where(varies, self._with_targets, 0.0)


def align_kernels(products: np.ndarray, with_targets: np.ndarray) -> np.ndarray:
    """Weights of the combination that is best aligned with the labels.

    Implements Proposition 9: the weights are v / |v| for the v >= 0 that minimises v^T M v - 2 v^T a. With M = B^T B
    that is the non-negative least squares problem min |B v - b|, B^T b = a, which SciPy solves exactly (Lawson and
    Hanson's active sets). The kernels are scaled to |K_c| = 1 first, so that their units do not matter.

    Args:
        products: M, float64 [m, m], see `CenteredProducts.finish`; zeros for a kernel that is constant.
        with_targets: a, float64 [m].

    Returns:
        float64 [m], at least 0 and 1 in sum, for the kernels as they were given.

    Raises:
        ValueError: if no kernel is positively aligned with the labels.

    Example:
        >>> align_kernels(np.diag([16.0, 16.0]), np.array([12.0, 4.0])).round(6)
        array([0.75, 0.25])
    """
    norms = np.sqrt(np.diag(products))
    scale = np.where(norms > 0, norms, 1.0)
    gram = products / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-12 * values.max(initial=0.0)
    root = np.sqrt(values[kept])[:, np.newaxis] * vectors[:, kept].T
    target = root @ (with_targets / scale) / values[kept]
    weights = nnls(root, target)[0] / scale if kept.any() else np.zeros_like(scale)
    if not weights.sum() > 0:
        raise ValueError("no kernel is aligned with the labels: the features do not depend on the classes")
    return weights / weights.sum()


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
            ValueError: if no kernel is positively aligned with the labels.
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
