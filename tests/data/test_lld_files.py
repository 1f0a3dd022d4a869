"""LLDs of a folder in one file: what stands in it, whatever the format, and what is left out."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from drl4ser.data import lld_files
from drl4ser.data.lld_files import COLUMNS, export_llds
from drl4ser.features import EXTRACTOR_VERSION, LLD_NAMES, extract_llds, find_audio, load_audio
from tests.conftest import PATIENCE_S
from tests.features.signals import make_noise, make_voice

ROOT = Path(__file__).parents[2]
KINDS = {  # name: rate, subtype
    "a.wav": (16_000, "PCM_24"),
    "b.flac": (44_100, "PCM_16"),
    "deep/down/c, d.ogg": (48_000, "VORBIS"),
    "z.mp3": (16_000, "MPEG_LAYER_III"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four recordings in four formats, two files that are none, one too short and one of another kind."""
    root = tmp_path_factory.mktemp("audio") / "recordings"
    (root / "deep" / "down").mkdir(parents=True)
    for seed, (name, (rate, subtype)) in enumerate(KINDS.items()):
        signal = make_voice(120 + 40 * seed, 0.3, rate) + make_noise(round(0.3 * rate), 0.01, seed)
        soundfile.write(root / name, signal, rate, subtype=subtype)
    (root / "words.wav").write_text("no audio")
    (root / "empty.wav").touch()
    soundfile.write(root / "short.wav", np.zeros(399), 16_000)
    (root / "notes.txt").write_text("no audio and not taken for it")
    return root


@pytest.fixture(scope="module")
def expected(folder):
    return {name: extract_llds(*load_audio(folder / name)) for name in KINDS}


def export(folder, output, num_workers=1):
    return export_llds(find_audio(folder), folder, output, num_workers)


def check_rows(table, expected):
    assert list(table.columns) == list(COLUMNS)
    assert list(dict.fromkeys(table["file"])) == list(expected)
    for name, llds in expected.items():
        rows = table[table["file"] == name]
        np.testing.assert_array_equal(rows[list(LLD_NAMES)].to_numpy(np.float32), llds)
        np.testing.assert_allclose(rows["time_s"], 0.0125 + 0.005 * np.arange(len(llds)), atol=1e-12)


def test_csv(folder, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(lld_files, "_ROWS", 7)
    num_frames, problems = export(folder, tmp_path / "new" / "out.csv")
    assert num_frames == sum(map(len, expected.values()))
    assert [path.name for path, _ in problems] == ["empty.wav", "short.wav", "words.wav"]
    assert "399 samples" in problems[1][1] and problems[2][1] == "unreadable: Format not recognised"
    check_rows(pd.read_csv(tmp_path / "new" / "out.csv"), expected)
    with (tmp_path / "new" / "out.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["time_s"] == "0.0125"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.csv"]


def test_parquet(folder, expected, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(lld_files, "_ROWS", 7)
    export(folder, tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.schema.metadata[b"extractor"] == EXTRACTOR_VERSION.encode()
    check_rows(table.to_pandas(), expected)


def test_npz(folder, expected, tmp_path):
    export(folder, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert set(found.files) == {"columns", "time_s", *expected}
        assert tuple(found["columns"]) == LLD_NAMES
        assert len(found["time_s"]) == max(map(len, expected.values())) and found["time_s"][1] == 0.0175
        for name, llds in expected.items():
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], llds)


def test_the_file_does_not_depend_on_the_workers(folder, tmp_path):
    assert export(folder, tmp_path / "one.csv") == export(folder, tmp_path / "two.csv", num_workers=2)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_what_is_refused_leaves_nothing_behind(folder, tmp_path):
    (tmp_path / "bad.wav").write_text("no audio")
    (tmp_path / "old.csv").write_text("as it was")
    with pytest.raises(ValueError, match=r"no recording can be used.*bad\.wav"):
        export(tmp_path, tmp_path / "old.csv")
    with pytest.raises(ValueError, match=r"out\.json must end in \.csv, \.parquet, \.npz"):
        export(folder, tmp_path / "out.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.wav", "old.csv"]
    assert (tmp_path / "old.csv").read_text() == "as it was"


def test_the_command(folder, tmp_path):
    def run(source, output):
        command = [sys.executable, "-m", "data_prep.extract_llds", f"--input={source}", f"--output={output}"]
        return subprocess.run(
            [*command, "--num_workers=1"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S
        )

    done = run(folder, tmp_path / "out.npz")
    assert done.returncode == 0, done.stderr
    assert "4 of 7 recordings" in done.stdout and f"left out: {folder / 'words.wav'}" in done.stdout
    done = run(tmp_path / "none", tmp_path / "out.csv")
    assert done.returncode == 1 and f"{tmp_path / 'none'} does not exist" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "out.csv").exists()
