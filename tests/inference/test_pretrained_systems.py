"""The trained systems that come with the package: predictions, cards, and the wheel that they travel in."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import drl4ser
from drl4ser.inference.command import main
from drl4ser.predictor import Predictor
from drl4ser.runs.pretrained import pretrained_names
from tests.conftest import CLASSES, PATIENCE_S, write_voice

ROOT = Path(__file__).parents[2]
FOLDER = Path(drl4ser.__file__).parent / "pretrained"
# What the run directories gave on the machine that trained them, for the recording of `speech`.
EXPECTED = {
    "nemo-s3-small": [0.0007, 0.0001, 0.014, 0.9852],
    "nemo-small": [0.0016, 0.0, 0.0002, 0.9982],
    "ravdess-s3-small": [0.4954, 0.4467, 0.0216, 0.0363],
    "ravdess-small": [0.0, 0.8729, 0.0, 0.127],
}


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    write_voice(path, "angry", seed=0)
    return path


def test_every_system_is_there():
    assert pretrained_names() == sorted(EXPECTED)
    sizes = {name: sum(path.stat().st_size for path in (FOLDER / name).iterdir()) for name in EXPECTED}
    assert max(sizes.values()) < 3e6 and sum(sizes.values()) < 12e6


@pytest.mark.parametrize("name", EXPECTED)
def test_a_system_predicts_what_it_did_where_it_was_trained(name, speech, capsys):
    predictor = Predictor.from_pretrained(name)
    np.testing.assert_allclose(predictor.predict(speech).probabilities, EXPECTED[name], atol=1e-3)
    assert predictor.run.config.classes == CLASSES
    assert re.search(r"UA \d\d % on \d+ unseen speakers by cross-validation, chance 25 %$", predictor.describe())


def test_the_command_takes_a_name(speech, capsys):
    assert main(["ravdess-small", str(speech), "--json"]) == 0
    shares = json.loads(capsys.readouterr().out)["probabilities"]
    np.testing.assert_allclose(list(shares.values()), EXPECTED["ravdess-small"], atol=1e-3)
    assert main(["ravdess-tiny", str(speech)]) == 1
    assert f"there are {', '.join(sorted(EXPECTED))}" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        main(["--list"])
    *lines, licence = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == sorted(EXPECTED) and all("trained on" in line for line in lines)
    assert "not commercial" in licence and Path(licence.split(": ")[1]).is_file()


def test_cards_and_table_follow_from_the_results(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "pretrained")
    shutil.copytree(ROOT / "results/pretrained", tmp_path / "results/pretrained")
    options = [f"--output_dir={tmp_path / 'pretrained'}", f"--results_dir={tmp_path / 'results'}", "--records_dir=none"]
    for card in (tmp_path / "pretrained").glob("*/README.md"):
        card.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "experiments.pretrain", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    for name in EXPECTED:
        made = (tmp_path / "pretrained" / name / "README.md").read_text(encoding="utf-8")
        assert made == (FOLDER / name / "README.md").read_text(encoding="utf-8"), "run python -m experiments.pretrain"
    assert (tmp_path / "results/pretrained.md").read_bytes() == (ROOT / "results/pretrained.md").read_bytes()


def test_the_wheel_holds_them(tmp_path):
    """What setuptools would put into it."""
    for name in ("setup.py", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "drl4ser").symlink_to(ROOT / "drl4ser")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", "built"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    built = tmp_path / "built/drl4ser/pretrained"
    wanted = {path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file()}
    assert {path.relative_to(built) for path in built.rglob("*") if path.is_file()} == wanted
    for name in EXPECTED:
        assert {Path(name, "model.weights.h5"), Path(name, "README.md"), Path("LICENSE.md")} <= wanted
