"""The kernels that are combined: RBF kernels of several widths and a linear one for each modality's features."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

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
    """For every modality a linear kernel and RBF kernels of four widths."""
    return tuple(BaseKernel(name, factor) for name in modalities for factor in (LINEAR, *RBF_FACTORS))


@dataclasses.dataclass(frozen=True)
class KernelMeans:
    """What the kernels need to know of the training features: for each modality their mean and the s above."""

    centers: dict[str, np.ndarray]
    squared_distances: dict[str, float]

    @classmethod
    def of(cls, features: Features) -> "KernelMeans":
        """Measure them; a modality whose features never vary gets s = 1."""
        centers = {name: x.mean(axis=0, dtype=np.float64) for name, x in features.items()}
        spread = {name: 2 * float(x.var(axis=0, dtype=np.float64).sum()) for name, x in features.items()}
        return cls(centers, {name: value or 1.0 for name, value in spread.items()})


def compute_kernels(
    kernels: Sequence[BaseKernel], x: Features, y: Features, means: KernelMeans
) -> np.ndarray:
    """All kernel values of two sets of utterances.

    Args:
        kernels: m base kernels.
        x: modality -> [n, D].
        y: modality -> [l, D].
        means: of the training features.

    Returns:
        float64 [m, n, l].
    """
    products = {}
    for name in dict.fromkeys(kernel.modality for kernel in kernels):
        # Around the mean: it changes no distance, but it keeps the differences of large numbers out of them.
        one, two = (np.asarray(z[name], np.float64) - means.centers[name] for z in (x, y))
        squares = np.square(one).sum(axis=1)[:, np.newaxis] + np.square(two).sum(axis=1)
        product = 2 * one @ two.T
        distance = np.maximum(squares - product, 0.0)
        products[name] = (product / means.squared_distances[name], distance / means.squared_distances[name])
    values = np.empty((len(kernels), *product.shape)) if kernels else np.empty((0, 0, 0))
    for kernel, out in zip(kernels, values, strict=True):
        product, distance = products[kernel.modality]
        if kernel.factor == LINEAR:
            out[:] = product
        else:
            np.exp(-kernel.factor * distance, out=out)
    return values
