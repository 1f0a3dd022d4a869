"""The LLD report: its measures on tracks with known errors, its files, and the reports that are committed."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lld_report import compare_with_praat, measure_agreement
from benchmarks.lld_tables import Tracks, render_csv, render_markdown
from drl4ser.features import LLD_NAMES
from tests.conftest import PATIENCE_S

ROOT = Path(__file__).parents[2]


def make_llds(f0_hz, hnr_db, voicing):
    llds = np.random.default_rng(0).normal(size=(len(f0_hz), 17)).astype(np.float32)
    f0_hz = np.array(f0_hz, np.float64)
    llds[:, LLD_NAMES.index("log_f0")] = np.where(f0_hz > 0, np.log(np.maximum(f0_hz, 1)), 0)
    llds[:, LLD_NAMES.index("hnr_db")] = hnr_db
    llds[:, LLD_NAMES.index("voicing_probability")] = voicing
    return llds


def is_within(row):
    return row["ours"] <= row["wanted"] if row["limit"] == "most" else row["ours"] >= row["wanted"]


def test_measures_of_known_errors():
    f0_hz = np.array([0, 0, 0, 100, 100, 100, 100, 100.0])
    hnr_db = np.array([-200, -200, -200, -200, 5, 10, 15, 20.0])
    llds = make_llds(
        [0, 0, 90, 100, 101, 102, 121, 0], [0, 0, 0, 3, 1, 2, 3, 9], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9, 1, 0.3]
    )
    gross, median, differs, r, area = compare_with_praat(llds, f0_hz, hnr_db)
    assert gross == 1 / 4  # 121 for 100; the frames that only one calls voiced do not count
    assert median == pytest.approx(0.015, abs=1e-6)
    assert differs == 2 / 8
    assert r == pytest.approx(1.0)  # 1, 2, 3 for 5, 10, 15; Praat's -200 means that there is none
    assert area == 13 / 15  # of 15 pairs of a voiced and an unvoiced frame two have the wrong order


def test_a_front_end_agrees_with_itself():
    f0_hz = np.array([0, 100, 200, 150.0])
    llds = make_llds(f0_hz, [0, 1, 2, 3], [0, 1, 1, 1])
    tracks = Tracks(llds, llds, f0_hz, np.array([-200, 1, 2, 3.0]))
    rows = measure_agreement([tracks, tracks])
    assert [row["ours"] for row in rows] == pytest.approx([0, 0, 0, 1, 1] + [1] * 14, abs=1e-6)
    assert {row["descriptor"] for row in rows} == set(LLD_NAMES)


def test_recordings_without_speech_are_refused():
    silence = make_llds([0, 0], [0, 0], [0, 0])
    with pytest.raises(ValueError, match="is it speech"):
        compare_with_praat(silence, np.zeros(2), np.full(2, -200.0))


def test_the_report_of_a_folder(manifest, tmp_path):
    (tmp_path / "broken.wav").write_text("no audio")
    for number, path in enumerate(sorted(manifest.parent.glob("*.wav"))[::6]):
        (tmp_path / f"{number}.wav").symlink_to(path)
    command = [
        sys.executable,
        "-m",
        "benchmarks.lld_report",
        f"--data_dir={tmp_path}",
        "--name=toy",
        "--num_pictures=1",
    ]
    command += ["--minutes=0.02,0.05", "--speech_seconds=1", f"--results_dir={tmp_path / 'results'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    directory = tmp_path / "results" / "lld-report" / "toy"
    names = ["0.png", "lld-report.csv", "lld-report.json", "lld-report.md"]
    assert sorted(path.name for path in directory.iterdir()) == names
    report = json.loads((directory / "lld-report.json").read_text(encoding="utf-8"))
    assert report["data"]["num_files"] == 4 and list(report["data"]["problems"]) == ["broken.wav"]
    # Buzzes of half a second start and stop so often that nothing but F0 has to be as on speech.
    of_f0 = ("gross errors (over 20 %)", "median deviation")
    rows = [row for row in report["accuracy"] if row["reference"] == "openSMILE" or row["measure"] in of_f0]
    assert len(rows) == 16 and all(map(is_within, rows)), rows
    assert report["speed"]["ours"] > report["speed"]["praat"] > 0
    assert [item["num_frames"] for item in report["lengths"]] == [236, 596]
    assert all(30 < item["peak_mb"] < 300 for item in report["lengths"])
    assert (directory / "lld-report.md").read_text(encoding="utf-8") in done.stdout
    assert len(list(csv.DictReader((directory / "lld-report.csv").read_text(encoding="utf-8").splitlines()))) == 19


def test_a_folder_without_recordings_is_named(tmp_path):
    command = [sys.executable, "-m", "benchmarks.lld_report", f"--data_dir={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1 and f"{tmp_path} holds no audio file" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "lld-report").glob("*/lld-report.json")), ids=str)
def test_committed_reports_follow_from_their_values_and_meet_the_targets(path):
    report = json.loads(path.read_text(encoding="utf-8"))
    assert path.with_suffix(".md").read_text(encoding="utf-8") == render_markdown(report)
    assert path.with_suffix(".csv").read_text(encoding="utf-8") == render_csv(report)
    assert all(map(is_within, report["accuracy"]))
