"""The import rules of the package, read from its source: who may know whom."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import write_voice

ROOT = Path(__file__).parents[1]
FOUNDATION = {"config", "files", "console", "processor"}  # single modules that every room may import

# room -> rooms of ours that it may import
BELOW_TRAINING = {"features", "text", "corpora", "parallel", "data", "layers", "models", "svm"}
BELOW_TRAINING |= {"reporting", "figures", "runs"}
ALLOWED = {
    "parallel": set(),
    "features": set(),
    "text": set(),
    "corpora": {"features"},
    "data": {"features", "text", "corpora", "parallel"},
    "layers": set(),
    "models": {"layers"},
    "svm": set(),
    "figures": {"features"},
    "reporting": {"figures"},
    "runs": {"features", "text", "models", "svm", "reporting"},
    "training": BELOW_TRAINING,
    "inference": {"features", "text", "models", "svm", "figures", "runs", "training", "predictor"},
    "analysis": BELOW_TRAINING | {"training", "inference", "predictor"},
    "demo": {"features", "models", "figures", "runs", "inference", "predictor"},
    "export": {"features", "layers", "runs", "inference", "predictor"},
}
WITHOUT_TENSORFLOW = ("features", "text", "corpora", "svm", "reporting", "figures")


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
    allowed = ALLOWED[package] | FOUNDATION | {package}
    if package == "layers":
        allowed -= FOUNDATION
    for path in sources(f"drl4ser/{package}"):
        ours = {name.split(".")[1] for name in imported_modules(path) if name.startswith("drl4ser.")}
        assert ours <= allowed, path


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_numpy_packages_do_not_know_tensorflow(package):
    for path in sources(f"drl4ser/{package}"):
        roots = {name.split(".")[0] for name in imported_modules(path)}
        assert not roots & {"tensorflow", "keras"}, path


def test_every_room_has_its_rule():
    rooms = {path.parent.name for path in (ROOT / "drl4ser").glob("*/__init__.py")}
    assert rooms == set(ALLOWED)


def test_no_rooms_import_each_other():
    order = graphlib.TopologicalSorter({room: below - {"predictor"} for room, below in ALLOWED.items()})
    order.prepare()  # raises CycleError


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
    "module", ["drl4ser", "drl4ser.features", "drl4ser.corpora", "drl4ser.text", "drl4ser.runs.paths"]
)
def test_light_modules_import_light(module):
    heavy = "{'tensorflow', 'keras', 'librosa', 'numba', 'gensim', 'pysptk', 'matplotlib'}"
    code = f"import sys, {module}; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


WITHOUT_MODELS = """
import runpy, sys
sys.modules.update(dict.fromkeys(["tensorflow", "keras", "tensorboard", "gensim", "matplotlib", "tabulate"]))
"""


def run_without_models(code):
    """Run code where what the extra `models` brings cannot be imported."""
    command = [sys.executable, "-c", WITHOUT_MODELS + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_llds_need_no_tensorflow(tmp_path):
    write_voice(tmp_path / "speech.wav", "angry", seed=0)
    done = run_without_models(f"""
from drl4ser.corpora import read_corpus
from drl4ser.features import extract_llds, load_audio
print(extract_llds(*load_audio("{tmp_path}/speech.wav")).shape[1])
sys.argv = ["", "--input={tmp_path}", "--output={tmp_path}/llds.csv", "--num_workers=1"]
runpy.run_module("data_prep.extract_llds", run_name="__main__")
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("17\n") and (tmp_path / "llds.csv").exists()


@pytest.mark.parametrize(
    ("code", "package"),
    [
        ("from drl4ser.layers import GCALSTM", "keras"),
        ("from drl4ser.models import build_model", "keras"),
        ("from drl4ser.predictor import Predictor; Predictor('run')", "keras"),
        ("runpy.run_module('experiments.table2', run_name='__main__')", "tensorflow"),
        ("runpy.run_module('benchmarks.run', run_name='__main__')", "tensorflow"),
    ],
)
def test_what_is_missing_is_named_with_its_extra(code, package):
    done = run_without_models(code)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.endswith(f"{package} is not installed: run pip install 'drl4ser[models]'")
    assert last.startswith("error: " if "runpy" in code else "ImportError: ")
