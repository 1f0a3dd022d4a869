"""What `make setup` lacks is one clear line before the long installation starts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path):
    for name in ("Makefile", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(project, *arguments, **environment):
    command = ["make", "-C", project, *arguments]
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin"} | environment, capture_output=True, text=True)


def python_without_headers(project):
    """A Python that looks for its headers in a folder that has none."""
    script = project / "python"
    script.write_text(f'#!/bin/sh\ncase "$2" in *sysconfig*) echo {project};; *) exec {sys.executable} "$@";; esac\n')
    script.chmod(0o755)
    return script


NEED_A_COMPILER = pytest.mark.parametrize("target", [("test",), ("lint",), ("records", "FRONTEND=rapt")])


@NEED_A_COMPILER
def test_no_compiler(project, target):
    done = make(project, f"PYTHON={sys.executable}", *target, CC="no-such-compiler")
    assert_refused(done, project, "no C compiler", "apt install build-essential")


def test_no_python(project):
    done = make(project, "PYTHON=no-such-python", "setup")
    assert_refused(done, project, "no Python 3.11", "PYTHON=")


@NEED_A_COMPILER
def test_no_headers(project, target):
    done = make(project, f"PYTHON={python_without_headers(project)}", *target, CC="true")
    assert_refused(done, project, "no Python.h", "apt install python3-dev")


def assert_refused(done, project, *words):
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode and len(errors) == 1, done.stderr
    assert all(word in errors[0] for word in words)
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("present", [("3.11",), ("3.11", "3.12"), ("3.12", "3.13"), ()])
def test_the_newest_python_that_starts_is_taken(project, present):
    """A name that pyenv left behind is passed over."""
    folder = project / "bin"
    folder.mkdir()
    for version in ("3.11", "3.12", "3.13"):
        command = f'exec {sys.executable} "$@"' if version in present else "exit 127"
        (folder / f"python{version}").write_text(f"#!/bin/sh\n{command}\n")
        (folder / f"python{version}").chmod(0o755)
    with (project / "Makefile").open("a", encoding="utf-8") as file:
        file.write("\nshow:\n\t@echo $(PYTHON)\n")
    command = ["make", "-s", "-C", project, "show"]
    shown = subprocess.run(command, env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert shown.stdout == (f"python{max(present)}\n" if present else "python3\n")


PIP = """#!/bin/sh
# In place of a virtual environment: notes what would be installed.
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$@" >> installed.txt\\n' > .venv/bin/pip
chmod +x .venv/bin/pip
"""


@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        (["setup"], ["models,synthetic"]),
        (["records"], ["models,synthetic"]),
        (["records", "FRONTEND=opensmile"], ["models,synthetic", "references"]),
        (["reproduce-table1", "SYSTEMS=s3,opensmile_svm"], ["models,synthetic", "references"]),
        (["records", "FRONTEND=rapt"], ["models,synthetic", "rapt"]),
        (["test"], ["models,synthetic", "dev"]),
        (["lint", "export"], ["models,synthetic", "dev", "export"]),
        (["notebooks"], ["models,synthetic", "notebooks"]),
        (["demo"], ["models,synthetic", "demo"]),
        (["benchmark"], ["models,synthetic", "bench"]),
        (["test", "demo", "benchmark", "BIN=own"], []),
    ],
)
def test_what_a_target_installs(project, arguments, extras):
    """An installation brings what the target needs, once; into one's own (BIN) nothing is installed."""
    python = project / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in "-m venv .venv") exec sh {project}/venv;; *) exec {sys.executable} "$@";; esac\n'
    )
    python.chmod(0o755)
    (project / "venv").write_text(PIP)
    for _ in range(2):  # the second time everything is there
        make(project, f"PYTHON={python}", "-k", *arguments, CC="true")
    written = project / "installed.txt"
    lines = written.read_text().splitlines() if written.exists() else []
    installed = [line.split()[-1] for line in lines if "--editable" in line]
    assert installed == [f".[{names}]" for names in extras]


def test_the_image_runs_what_the_readme_names_and_not_as_root():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = dict(re.findall(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM|\Z)", dockerfile, re.MULTILINE | re.DOTALL))
    assert list(stages) == ["reproduce", "test"]
    for stage in stages.values():
        (*_, user), (command,) = (
            re.findall(r"^USER (\w+)", stage, re.MULTILINE),
            re.findall(r"^CMD (.+)", stage, re.MULTILINE),
        )
        assert user == "user" and " ".join(json.loads(command)) in (ROOT / "README.md").read_text(encoding="utf-8")
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["build"]["target"] in stages and container["remoteUser"] == "user"
    assert {".git", ".venv"} <= set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
