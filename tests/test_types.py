"""Every public function and method of the packages that pages name is annotated; `make lint` checks what they say."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = ("config.py", "console.py", "predictor.py", "inference/predictor.py", "inference/prediction.py")
PUBLIC = [ROOT / "drl4ser" / name for name in PUBLIC]
for room in ("features", "text", "corpora", "data", "layers", "models"):
    PUBLIC += sorted((ROOT / "drl4ser" / room).glob("*.py"))


def find_unannotated(path: Path) -> list[str]:
    """Public functions of a module and methods of its public classes that lack the type of something."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    functions = [node for body in (tree, *classes) for node in body.body if isinstance(node, ast.FunctionDef)]
    found = []
    for node in functions:
        if node.name.startswith("_") and node.name != "__init__":
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        named = [item for item in arguments if item is not None and item.arg not in ("self", "cls")]
        # mypy takes None for granted in a constructor with an annotated argument.
        if not all(item.annotation for item in named) or (node.returns is None and node.name != "__init__"):
            found.append(f"{path.name}:{node.lineno} {node.name}")
    return found


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: str(path.relative_to(ROOT / "drl4ser")))
def test_public_functions_are_annotated(path):
    assert find_unannotated(path) == []


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "drl4ser/py.typed").is_file()
    assert '"py.typed"' in (ROOT / "setup.py").read_text(encoding="utf-8")
