"""Distortions do what their names say; what is measured has its known value."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from drl4ser.analysis.robustness import DISTORTIONS, measure_answers, measure_movement, render_report
from tests.conftest import PATIENCE_S
from tests.features.signals import RATE, make_noise, make_voice

ROOT = Path(__file__).parents[2]
VOICE = np.float32(np.concatenate([np.zeros(4_000), make_voice(150, 1.0), make_noise(4_000, 0.01)]))


@pytest.mark.parametrize("name", DISTORTIONS)
def test_distortions_keep_length_and_place(name):
    distorted, rate = DISTORTIONS[name](VOICE, RATE)
    assert distorted.dtype == np.float32 and abs(len(distorted) / rate - len(VOICE) / RATE) < 0.1
    level = np.abs(distorted - np.median(distorted))
    assert np.argmax(level > 0.3 * level.max()) / rate == pytest.approx(0.25, abs=0.02)


def test_noise_and_mp3_have_their_size():
    noise = DISTORTIONS["white noise at 20 dB"](VOICE, RATE)[0] - VOICE
    assert 10 * np.log10(np.mean(VOICE**2) / np.mean(noise**2)) == pytest.approx(20, abs=0.1)
    narrow, rate = DISTORTIONS["telephone band, 300 to 3400 Hz at 8 kHz"](np.float32(make_noise(RATE)), RATE)
    power = np.abs(np.fft.rfft(narrow)) ** 2
    assert rate == 8_000 and power[:200].mean() < 0.05 * power[1_000:3_000].mean() > 20 * power[3_700:].mean()


def test_gain_and_offset_move_what_they_should(tmp_path):
    soundfile.write(tmp_path / "a.wav", VOICE, RATE, subtype="FLOAT")
    moved = {item.distortion: item for item in measure_movement([tmp_path / "a.wav"])}
    assert list(moved) == list(DISTORTIONS)
    offset, gain = moved["constant offset of 0.03, 16 bits"], moved["gain of -20 dB"]
    assert max(offset.rms.values()) < 0.05 and offset.voicing_changes == offset.f0_changes == 0
    assert gain.rms["hnr_db"] < 0.01 and gain.rms["log_energy"] > 0.1
    report = render_report({"llds": "2", "num_files": 1, "llds_moved": list(map(dataclasses.asdict, moved.values()))})
    assert report.count("\n|") == 1 + len(DISTORTIONS) and "- 1 recordings. LLDs of version 2." in report


def test_the_command_leaves_out_what_cannot_be_read(tmp_path):
    """Of a folder and of a manifest alike; what is measured is counted."""
    soundfile.write(tmp_path / "a.wav", VOICE[:6_000], RATE)
    (tmp_path / "b.wav").write_bytes(b"no audio")
    (tmp_path / "list.csv").write_text("path,emotion\na.wav,sad\nb.wav,sad\nc.wav,happy\n", encoding="utf-8")
    for data_dir in (tmp_path, tmp_path / "list.csv"):
        options = [f"--data_dir={data_dir}", "--every=1", f"--results_dir={tmp_path / 'results'}", "--name=mine"]
        command = [sys.executable, "-m", "experiments.robustness", *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
        assert done.stderr.count(f"left out: {tmp_path / 'b.wav'}") == 1
        assert json.loads((tmp_path / "results/robustness/mine/robustness.json").read_text())["num_files"] == 1
    assert "'c.wav' does not exist" in done.stderr


def test_answers_of_a_run(trained_run, records_dir):
    run, _ = trained_run
    changes = measure_answers(run, records_dir)
    assert [item.distortion for item in changes] == ["none", *DISTORTIONS]
    assert changes[0].changed == 0
    assert all(0 <= value <= 1 for item in changes for value in (item.changed, item.warned, item.ua))
    assert "| none" in render_report({"llds": "2", "answers": list(map(dataclasses.asdict, changes))})


def test_answers_to_recordings_of_unknown_emotion(trained_run, store):
    paths = [item.path for item in store.utterances[:2]]
    changes = measure_answers(trained_run[0], paths=paths)
    assert changes[0].changed == 0 and [item.ua for item in changes] == [None] * (1 + len(DISTORTIONS))
    report = render_report({"llds": "2", "answers": list(map(dataclasses.asdict, changes))})
    assert re.fullmatch(r"\| none +\| +0\.0 \| +\d+\.0 \| +- \|", report.splitlines()[2])


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "robustness").glob("*/robustness.json")), ids=str)
def test_committed_tables_follow_from_their_values(path):
    values = json.loads(path.read_text(encoding="utf-8"))
    assert path.with_suffix(".md").read_text(encoding="utf-8") == render_report(values)
