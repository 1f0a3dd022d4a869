"""The example for visitors who have no recording."""

import subprocess
import sys

from drl4ser.features import load_audio
from drl4ser.features.audio import is_silent
from tests.demo.conftest import ROOT

MAKE_EXAMPLE = """
import sys
from pathlib import Path
from experiments import demo
if sys.argv[2:]:
    sys.modules["espeakng_loader"] = None
print(demo.make_example(Path(sys.argv[1])))
"""


def make_example(folder, *without):
    command = [sys.executable, "-c", MAKE_EXAMPLE, str(folder), *without]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_example_is_spoken_when_the_page_is_made(tmp_path):
    assert make_example(tmp_path).strip().endswith("'I really did not expect that.')")
    signal, rate = load_audio(tmp_path / "example.wav")
    assert 1 < len(signal) / rate < 4 and not is_silent(signal)


def test_without_espeak_the_page_has_no_example(tmp_path):
    assert make_example(tmp_path, "without").splitlines()[0].startswith("no example on the page: ")
    assert not list(tmp_path.iterdir())
