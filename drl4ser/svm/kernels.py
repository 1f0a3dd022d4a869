"""The kernels that are combined: RBF kernels of several widths and a linear one for each modality's features."""

import dataclasses
import itertools
import typing
from collections.abc import Mapping, Sequence

import numpy as np

if typing.TYPE_CHECKING:
    from sklearn.svm import SVC

RBF_FACTORS = (0.0625, 0.25, 1.0, 4.0)
LINEAR = 0.0

Features = Mapping[str, np.ndarray]  # modality -> [n, D]


@dataclasses.dataclass(frozen=True)
class BaseKernel:
    """One kernel on the features of one modality.

    With s the mean squared distance of two training utterances (two independent ones with return),
    exp(-factor |x - y|^2 / s), or 2 x . y / s where `factor` is `LINEAR`.

    Args:
        modality: which features it reads.
        factor: of the exponent, at least 0.
    """

    modality: str
    factor: float


def multiple_kernels(modalities: Sequence[str]) -> tuple[BaseKernel, ...]:
    """For every modality a linear kernel and RBF kernels of four widths.

    Example:
        >>> [kernel.factor for kernel in multiple_kernels(["acoustic"])]
        [0.0, 0.0625, 0.25, 1.0, 4.0]
    """
    return tuple(BaseKernel(name, factor) for name in modalities for factor in (LINEAR, *RBF_FACTORS))


@dataclasses.dataclass(frozen=True)
class KernelMeans:
    """Statistics of the training features: for each modality their mean and the s of `BaseKernel`."""

    centers: dict[str, np.ndarray]
    squared_distances: dict[str, float]

    @classmethod
    def of(cls, features: Features) -> "KernelMeans":
        """Compute them; s = 1 where the features of a modality never vary."""
        centers = {name: x.mean(axis=0, dtype=np.float64) for name, x in features.items()}
        spread = {name: 2 * float(x.var(axis=0, dtype=np.float64).sum()) for name, x in features.items()}
        return cls(centers, {name: value or 1.0 for name, value in spread.items()})

    def center(self, features: Features) -> Features:
        """float64 features around the training mean: the same distances without the rounding of large numbers."""
        return {name: features[name] - center for name, center in self.centers.items()}


def compute_kernels(
    kernels: Sequence[BaseKernel], x: Features, y: Features, squared_distances: Mapping[str, float]
) -> np.ndarray:
    """All kernel values of two sets of utterances.

    Args:
        kernels: m base kernels.
        x: modality -> float64 [n, D], centred.
        y: modality -> float64 [l, D], centred.
        squared_distances: modality -> s, the mean in training.

    Returns:
        float64 [m, n, l].
    """
    products = {}
    for name in dict.fromkeys(kernel.modality for kernel in kernels):
        squares = [np.einsum("ij,ij->i", z[name], z[name]) for z in (x, y)]  # no copy of the features
        product = 2 * x[name] @ y[name].T
        distance = np.maximum(np.add.outer(*squares) - product, 0.0)
        products[name] = (product / squared_distances[name], distance / squared_distances[name])
    values = np.empty((len(kernels), *product.shape))
    for kernel, out in zip(kernels, values, strict=True):
        product, distance = products[kernel.modality]
        if kernel.factor == LINEAR:
            out[:] = product
        else:
            np.exp(-kernel.factor * distance, out=out)
    return values


def pairwise_coefficients(svc: "SVC") -> tuple[np.ndarray, np.ndarray]:
    """The machines of a fitted SVC as one matrix: decision values are K[:, support] @ coefficients + intercepts.

    libsvm keeps one coefficient of each support vector for every class that is not its own.

    Returns:
        float64 [S, P] and [P], positive values vote for the first class of a pair.
    """
    owner = np.repeat(np.arange(len(svc.classes_)), svc.n_support_)
    pairs = list(itertools.combinations(range(len(svc.classes_)), 2))
    coefficients = np.zeros((len(owner), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        coefficients[owner == i, column] = svc.dual_coef_[j - 1, owner == i]
        coefficients[owner == j, column] = svc.dual_coef_[i, owner == j]
    if len(pairs) == 1:  # scikit-learn turns the sign of a single machine
        return -coefficients, -svc.intercept_
    return coefficients, svc.intercept_


def count_votes(values: np.ndarray) -> np.ndarray:
    """Scores [n, c] from the decision values [n, P] of the pairs: votes, and the sum of margins squeezed into a third.

    Example:
        >>> count_votes(np.array([[2.0, -1.0, -1.0]])).argmax()  # 0 beats 1, 2 beats 0 and 1
        np.int64(2)
    """
    num_classes = round((1 + np.sqrt(1 + 8 * values.shape[1])) / 2)
    votes, margins = np.zeros((2, len(values), num_classes))
    for value, (i, j) in zip(values.T, itertools.combinations(range(num_classes), 2), strict=True):
        votes[:, i] += value > 0
        votes[:, j] += value <= 0
        margins[:, i] += value
        margins[:, j] -= value
    return votes + margins / (3 * (np.abs(margins) + 1))
