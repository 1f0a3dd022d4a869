"""How far back a system remembers: gradients against finite differences, and the command from runs to table."""

import json
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from drl4ser.analysis.memory_span import LAST, StepGradients, render_memory_span, share_of_last
from drl4ser.models import build_model

ROOT = Path(__file__).parents[2]
LLDS = np.random.default_rng(0).normal(size=(200, 17)).astype(np.float32)


@pytest.mark.parametrize("system", ["s1", "s3", "gca_40ms"])
def test_gradients_are_those_of_finite_differences(system):
    """Every feature of a step is moved a little up and down; the slopes of the logit make the gradient."""
    keras.utils.set_random_seed(1)
    model = build_model(system, width=0.05)
    gradients = StepGradients(model)
    norms = gradients(LLDS)
    features = gradients._trunk([LLDS[np.newaxis], np.array([len(LLDS)])]).numpy().astype(np.float64)
    assert norms.shape == features.shape[1:2]

    def answer(x):
        read = gradients._read(x.astype(np.float32), mask=np.ones(x.shape[:2], bool))
        return float(gradients._classify(read).numpy().max())

    for step in (0, len(norms) // 2, len(norms) - 1):
        slopes = np.zeros(features.shape[-1])
        for unit in range(features.shape[-1]):
            moved = np.zeros_like(features)
            moved[0, step, unit] = size = 1e-2
            slopes[unit] = (answer(features + moved) - answer(features - moved)) / (2 * size)
        assert np.linalg.norm(slopes) == pytest.approx(norms[step], rel=0.05, abs=2e-5)


def test_the_model_with_its_own_mask_gives_the_same_answer():
    model = build_model("s3", width=0.05)
    gradients, inputs = StepGradients(model), [LLDS[np.newaxis], np.array([len(LLDS)])]
    features = gradients._trunk(inputs)
    read = gradients._read(features, mask=np.ones(features.shape[:2], bool))
    np.testing.assert_allclose(gradients._classify(read), model(inputs), atol=1e-6)


def test_shares_count_from_the_end():
    sizes = np.array([4.0, 1.0, 2.0, 3.0])
    assert [share_of_last(sizes, count) for count in (1, 2, 4, 9)] == [0.3, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(("system", "modality"), [("trunk_max", "acoustic"), ("s3", "acoustic+lexical")])
def test_systems_that_read_otherwise_are_refused(system, modality):
    with pytest.raises(ValueError, match=f"system '{system}' does not classify what one recurrent layer makes"):
        StepGradients(build_model(system, width=0.05, modality=modality))


def test_the_command_measures_finished_runs(records_dir, tmp_path):
    options = [f"--records_dir={records_dir}", "--corpus=manifest", f"--runs_dir={tmp_path / 'runs'}", "--num_folds=3"]
    options += ["--systems=s3", "--epochs=1", "--change=model.width=0.02", "--folds=1"]

    def run(name, *more):
        call = [sys.executable, "-m", f"experiments.{name}", *options, f"--results_dir={tmp_path}", *more]
        return subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)

    refused = run("memory_span")
    assert refused.returncode == 1 and "holds no finished fold" in refused.stderr
    assert run("table2", "--modalities=acoustic", "--allow_mixed_code").returncode == 0
    done = run("memory_span")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("memory-span/*/memory-span.json")
    (span,) = json.loads(path.read_text(encoding="utf-8"))["systems"]
    assert span["system"] == "s3" and len(span["folds"]) == 1
    for row in span["folds"][0]:
        assert len(row["trained"]) == len(LAST) and 0 < row["trained"][0] <= row["trained"][1] <= row["trained"][2] <= 1
    assert re.search(rf"\| S3 +\| +1 \| +{len(span['folds'][0])} \|", done.stdout)


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "memory-span").glob("*/memory-span.json")), ids=str)
def test_committed_tables_follow_from_their_measures(path):
    assert path.with_suffix(".md").read_text(encoding="utf-8") == render_memory_span(path.parent)
