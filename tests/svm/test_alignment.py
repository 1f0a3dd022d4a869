"""Alignment of Cortes et al. (2012) on cases that can be worked out by hand, and against a general solver."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from drl4ser.svm.alignment import CenteredProducts, align_kernels

LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
ONE_HOT = np.eye(3)[LABELS]


def center_kernel(kernel):
    """K_c of a symmetric [n, n] matrix: the kernel of the same features with their mean taken away."""
    rows = kernel.mean(axis=0)
    return kernel - rows - rows[:, np.newaxis] + rows.mean()


def centered_alignment(kernel, other):
    """<K_c, L_c> / (|K_c| |L_c|), in [0, 1] for kernels (Definition 4); 0 where one is constant."""
    one, two = center_kernel(kernel), center_kernel(other)
    norm = np.linalg.norm(one) * np.linalg.norm(two)
    return float(np.sum(one * two) / norm) if norm > 0 else 0.0


def random_kernel(seed, size=10, dim=4):
    x = np.random.default_rng(seed).normal(size=(size, dim)) + seed
    return x @ x.T


def weigh(*kernels, targets=ONE_HOT, block=3):
    products = CenteredProducts(len(kernels), targets)
    stacked = np.stack(kernels)
    for start in range(0, len(targets), block):
        products.add_rows(slice(start, start + block), stacked[:, start : start + block])
    return align_kernels(*products.finish())


def test_centring_takes_the_mean_of_the_features_away():
    x = np.random.default_rng(0).normal(size=(6, 3)) + 5
    centered = x - x.mean(axis=0)
    np.testing.assert_allclose(center_kernel(x @ x.T), centered @ centered.T, atol=1e-12)


def test_alignment_by_hand():
    kernel = random_kernel(1)
    assert centered_alignment(kernel, kernel) == pytest.approx(1)
    assert centered_alignment(kernel, 7 * kernel + 3) == pytest.approx(1)
    assert centered_alignment(kernel, np.full((10, 10), 4.0)) == 0
    # Two features that are uncorrelated: x = (1, 1, -1, -1), y = (1, -1, 1, -1).
    x, y = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    assert centered_alignment(np.outer(x, x), np.outer(y, y)) == pytest.approx(0, abs=1e-15)
    # <K, L> = (x . z)^2 with z = (x + y) / 2: 4, |K| = 4, |L| = 2.
    z = (x + y) / 2
    assert centered_alignment(np.outer(x, x), np.outer(z, z)) == pytest.approx(0.5)


@pytest.mark.parametrize("block", [1, 3, 10])
def test_products_of_blocks_are_those_of_the_centred_matrices(block):
    kernels = np.stack([random_kernel(seed) for seed in range(3)])
    products = CenteredProducts(3, ONE_HOT)
    for start in range(0, 10, block):
        products.add_rows(slice(start, start + block), kernels[:, start : start + block])
    gram, with_targets = products.finish()
    centered = [center_kernel(kernel) for kernel in kernels]
    expected = [[np.sum(a * b) for a in centered] for b in centered]
    np.testing.assert_allclose(gram, expected, rtol=1e-9)
    labels = ONE_HOT @ ONE_HOT.T
    np.testing.assert_allclose(with_targets, [np.sum(a * labels) for a in centered], rtol=1e-9)


def test_weights_of_two_orthogonal_kernels_by_hand():
    """Centred kernels x x^T and y y^T of norm 4 with <K, L> = 12 and 4: v = a / |K|^2, so 3 to 1."""
    x, y = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    products, with_targets = np.diag([16.0, 16.0]), np.array([12.0, 4.0])
    np.testing.assert_allclose(align_kernels(products, with_targets), [0.75, 0.25])
    # Labels that are x itself: y gets nothing.
    targets = np.eye(2)[(x > 0).astype(int)]
    np.testing.assert_allclose(weigh(np.outer(x, x), np.outer(y, y), targets=targets), [1, 0], atol=1e-12)


def test_the_kernel_of_the_labels_gets_all_and_noise_next_to_nothing():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 50)
    target = np.eye(4)[labels]
    noise = [(lambda x: x @ x.T)(rng.normal(size=(200, 20))) for _ in range(3)]
    good = target + 0.3 * rng.normal(size=target.shape)
    weights = weigh(good @ good.T, *noise, targets=target, block=64)
    # Shares of the combination, each kernel's size taken into account.
    shares = weights * [np.linalg.norm(center_kernel(kernel)) for kernel in (good @ good.T, *noise)]
    assert shares[0] / shares.sum() > 0.95
    alone = weigh(target @ target.T, *noise, targets=target)
    np.testing.assert_allclose(alone[0], 1, atol=1e-9)


def test_units_of_a_kernel_do_not_matter():
    kernels = [random_kernel(seed) + 20 * ONE_HOT @ ONE_HOT.T for seed in range(3)]
    weights = weigh(*kernels)
    scales = np.array([1e-6, 1.0, 1e5])
    scaled = weigh(*(scale * kernel for scale, kernel in zip(scales, kernels, strict=True)))
    combined, again = (
        sum(weight * kernel for weight, kernel in zip(w, k, strict=True))
        for w, k in ((weights, kernels), (scaled, [s * k for s, k in zip(scales, kernels, strict=True)]))
    )
    np.testing.assert_allclose(again / np.trace(again), combined / np.trace(combined), rtol=1e-8)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_no_other_combination_is_better_aligned(seed, num_kernels):
    """Against a general optimiser of the alignment itself, and against random combinations."""
    rng = np.random.default_rng(seed)
    kernels = [
        (lambda x: x @ x.T)(ONE_HOT @ rng.normal(size=(3, 3)) * rng.uniform(0, 1) + rng.normal(size=(10, 3)))
        for _ in range(num_kernels)
    ]
    target = ONE_HOT @ ONE_HOT.T

    def alignment(weights):
        return centered_alignment(sum(weight * kernel for weight, kernel in zip(weights, kernels, strict=True)), target)

    found = alignment(weigh(*kernels))
    for weights in rng.dirichlet(np.ones(num_kernels), size=50):
        assert alignment(weights) <= found + 1e-9
    start = np.full(num_kernels, 1 / num_kernels)
    best = minimize(lambda w: -alignment(np.abs(w)), start, method="Nelder-Mead", options={"maxiter": 400})
    assert -best.fun <= found + 1e-9


def test_equal_kernels_share_and_constant_ones_get_nothing():
    kernel = random_kernel(1) + 20 * ONE_HOT @ ONE_HOT.T
    weights = weigh(kernel, kernel, np.full((10, 10), 3.0))
    assert weights[:2].sum() == pytest.approx(1) and weights[2] == 0


def test_kernels_that_tell_nothing_are_refused():
    with pytest.raises(ValueError, match="no kernel is aligned"):
        weigh(np.ones((10, 10)), np.zeros((10, 10)))
