import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from sklearn.svm import SVC

from drl4ser.svm import BaseKernel, KernelMachine, multiple_kernels
from drl4ser.svm.alignment import CombinedKernel
from drl4ser.svm.kernels import LINEAR, KernelMeans, compute_kernels, count_votes, pairwise_coefficients
from drl4ser.svm.machine import sample_utterances


def make_part(size=90, num_classes=3, seed=0, spread=1.0):
    """Two modalities, the second without any information, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(size) % num_classes
    angle = 2 * np.pi * labels / num_classes
    good = np.column_stack([np.cos(angle), np.sin(angle)]) + spread * rng.normal(size=(size, 2))
    return {"acoustic": np.float32(good), "lexical": np.float32(rng.normal(size=(size, 7)))}, labels


def fit(num_classes=3, spread=0.4, **options):
    features, labels = make_part(num_classes=num_classes, spread=spread)
    validation = make_part(60, num_classes, seed=1, spread=spread)
    kernels = multiple_kernels(["acoustic", "lexical"])
    return KernelMachine.fit(features, labels, validation, kernels, num_classes, **options)


def test_base_kernels_are_those_of_scikit_learn():
    x, y = make_part()[0], make_part(20, seed=1)[0]
    means = KernelMeans.of(x)
    distance = np.mean([np.sum((a - b) ** 2) for a in x["acoustic"] for b in x["acoustic"]])
    assert means.squared_distances["acoustic"] == pytest.approx(distance, rel=1e-5)
    kernels = [BaseKernel("acoustic", 4.0), BaseKernel("lexical", LINEAR), BaseKernel("acoustic", 0.25)]
    rbf, linear, wide = compute_kernels(kernels, means.center(y), means.center(x), means.squared_distances)
    np.testing.assert_allclose(rbf, rbf_kernel(y["acoustic"], x["acoustic"], 4 / distance), rtol=1e-5)
    np.testing.assert_allclose(wide, rbf**0.0625, rtol=1e-9)
    centered = [z["lexical"] - x["lexical"].mean(axis=0) for z in (y, x)]
    expected = 2 * linear_kernel(*centered) / means.squared_distances["lexical"]
    np.testing.assert_allclose(linear, expected, rtol=1e-4, atol=1e-6)


def test_the_modality_without_information_gets_next_to_no_weight():
    features, labels = make_part(600, spread=0.3)
    kernel, matrix = CombinedKernel.learn(features, labels, multiple_kernels(["acoustic", "lexical"]))
    shares = {"acoustic": 0.0, "lexical": 0.0}
    for base, weight in zip(kernel.kernels, kernel.weights, strict=True):
        part = CombinedKernel((base,), np.array([weight]), kernel.means)(features, features)
        shares[base.modality] += np.trace(part) / len(part) - part.mean()
    assert sum(shares.values()) == pytest.approx(1) and shares["lexical"] < 0.03
    np.testing.assert_allclose(matrix, kernel(features, features), atol=1e-12)


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_decisions_are_those_of_scikit_learn(num_classes):
    features, labels = make_part(num_classes=num_classes)
    kernel = rbf_kernel(features["acoustic"])
    svc = SVC(C=2.0, kernel="precomputed", break_ties=True).fit(kernel, labels)
    coefficients, intercepts = pairwise_coefficients(svc)
    values = kernel[:, svc.support_] @ coefficients + intercepts
    if num_classes == 2:
        np.testing.assert_allclose(-values[:, 0], svc.decision_function(kernel), atol=1e-9)
    else:
        np.testing.assert_allclose(count_votes(values), svc.decision_function(kernel), atol=1e-9)
    np.testing.assert_array_equal(count_votes(values).argmax(axis=1), svc.predict(kernel))


def test_it_recognises_what_it_did_not_see():
    machine = fit()
    features, labels = make_part(300, seed=2, spread=0.4)
    assert np.mean(machine.score(features).argmax(axis=1) == labels) > 0.9
    assert machine.validation_ua > 0.9


def test_what_an_utterance_gets_does_not_depend_on_its_batch():
    machine, (features, _) = fit(), make_part(300, seed=2)
    together = machine.score(features)
    alone = [machine.score({name: x[i : i + 1] for name, x in features.items()})[0] for i in range(0, 300, 37)]
    np.testing.assert_allclose(alone, together[::37], atol=1e-9)


def test_saved_and_loaded_it_gives_the_same(tmp_path):
    machine, (features, _) = fit(), make_part(20, seed=2)
    machine.save(tmp_path / "machine.npz")
    loaded = KernelMachine.load(tmp_path / "machine.npz")
    np.testing.assert_array_equal(loaded.score(features), machine.score(features))
    assert loaded.penalty == machine.penalty and loaded.validation_ua == machine.validation_ua
    with np.load(tmp_path / "machine.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "machine.npz"
    with pytest.raises(ValueError, match=r"machine\.npz is missing or damaged"):
        KernelMachine.load(path)
    fit().save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"machine\.npz is missing or damaged"):
        KernelMachine.load(path)


def test_beyond_the_limit_a_sample_keeps_the_share_of_each_class():
    labels = np.array([0] * 700 + [1] * 200 + [2] * 100)
    chosen = sample_utterances(labels, 50, seed=0)
    np.testing.assert_array_equal(np.bincount(labels[chosen]), [35, 10, 5])
    assert list(chosen) == sorted(set(chosen)) and list(chosen) != list(sample_utterances(labels, 50, seed=1))
    np.testing.assert_array_equal(sample_utterances(labels, 1000, seed=0), np.arange(1000))
    assert len(fit(max_utterances=30).support["acoustic"]) <= 30


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_iemocap_size_is_learned_from_within_two_gigabytes():
    code = """
import numpy as np
from drl4ser.svm import KernelMachine, multiple_kernels

rng = np.random.default_rng(0)
centers = {"acoustic": rng.normal(size=(4, 5730)), "lexical": rng.normal(size=(4, 256))}

def make_part(size):
    labels = np.arange(size) % 4
    noise = lambda dim: 8 * rng.standard_normal((size, dim), np.float32)
    return {name: np.float32(x[labels]) + noise(x.shape[1]) for name, x in centers.items()}, labels

machine = KernelMachine.fit(*make_part(4425), make_part(550), multiple_kernels(list(centers)), num_classes=4)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(machine.validation_ua, peak.split()[1])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ua, kilobytes = map(float, run.stdout.split())
    assert ua > 0.9 and kilobytes < 2_000_000


def test_classes_that_training_does_not_know_are_never_predicted():
    features, labels = make_part()
    machine = KernelMachine.fit(features, labels * 2, make_part(30, seed=1), [BaseKernel("acoustic", 1.0)], 6)
    scores = machine.score(features)
    assert scores.shape == (90, 6) and np.all(scores[:, 1::2] == -1)
    assert np.mean(scores.argmax(axis=1) == labels * 2) > 0.5


def test_rare_classes_count_as_much_where_asked():
    features, labels = make_part(300, 2, spread=1.2)
    kept = (labels == 0) | (np.arange(300) % 10 == 1)
    features, labels = {name: x[kept] for name, x in features.items()}, labels[kept]
    validation = make_part(100, 2, seed=1, spread=1.2)
    recalls = [
        np.mean(machine.score(validation[0])[validation[1] == 1].argmax(axis=1))
        for machine in (
            KernelMachine.fit(features, labels, validation, [BaseKernel("acoustic", 1.0)], 2, weights)
            for weights in (False, True)
        )
    ]
    assert recalls[1] > recalls[0]


def test_one_class_is_refused():
    features, labels = make_part()
    with pytest.raises(ValueError, match="two classes at least"):
        KernelMachine.fit(features, 0 * labels, (features, labels), [BaseKernel("acoustic", 1.0)], 3)
