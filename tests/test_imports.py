"""The import rules of the package, read from its source: who may know whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    "archives",
    "atomic",
    "checksums",
    "config",
    "locks",
    "plain_values",
    "quiet",
    "workers",
}  # single modules that every package may import

# package -> packages of ours that it may import
ALLOWED = {
    "features": set(),
    "text": set(),
    "corpora": set(),
    "kernels": set(),
    "data": {"features", "text", "corpora"},
    "layers": set(),
    "models": {"layers"},
    "analysis": {"features", "models", "layers"},
    "training": {"features", "text", "corpora", "kernels", "data", "models", "analysis"},
    "prediction": {
        "features",
        "text",
        "corpora",
        "kernels",
        "data",
        "models",
        "training",
        "analysis",
        "predictor",
    },
    "saliency": {"features", "corpora", "models", "training", "analysis", "prediction", "predictor"},
    "demo": {"features", "analysis", "prediction", "predictor"},
    "export": {"features", "prediction", "predictor"},
}
WITHOUT_TENSORFLOW = ("features", "text", "corpora", "kernels")


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_stands_below_it(package):
    allowed = ALLOWED[package] | MODULES | {package}
    if package == "layers":
        allowed -= {"config"}
    for path in sources(f"drl4ser/{package}"):
        ours = {name.split(".")[1] for name in imported_modules(path) if name.startswith("drl4ser.")}
        assert ours <= allowed, path


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_numpy_packages_do_not_know_tensorflow(package):
    for path in sources(f"drl4ser/{package}"):
        roots = {name.split(".")[0] for name in imported_modules(path)}
        assert not roots & {"tensorflow", "keras"}, path


def test_nothing_but_prediction_stands_above_training():
    for path in [*sources("drl4ser/training"), *sources("drl4ser/models"), *sources("drl4ser/data")]:
        above = ("drl4ser.predictor", "drl4ser.prediction", "drl4ser.export", "drl4ser.demo")
        assert not [name for name in imported_modules(path) if name.startswith(above)], path


def test_only_the_page_knows_gradio():
    for path in sources("drl4ser"):
        roots = {name.split(".")[0] for name in imported_modules(path)}
        assert "gradio" not in roots or path.name == "page.py", path


def test_the_library_knows_neither_flags_nor_scripts():
    for path in sources("drl4ser"):
        roots = {name.split(".")[0] for name in imported_modules(path)}
        assert not roots & {"absl", "experiments", "data_prep", "benchmarks", "tests"}, path


def test_references_import_nothing_of_ours():
    for path in sources("tests/reference"):
        assert not any(name.split(".")[0] == "drl4ser" for name in imported_modules(path)), path


@pytest.mark.parametrize(
    "module",
    ["drl4ser", "drl4ser.features", "drl4ser.corpora", "drl4ser.text", "drl4ser.training.run_directory"],
)
def test_light_modules_import_light(module):
    heavy = "{'tensorflow', 'keras', 'librosa', 'numba', 'gensim', 'pysptk', 'matplotlib'}"
    code = f"import sys, {module}; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
