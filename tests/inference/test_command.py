"""The command `drl4ser-predict`, called as a function and once as a program."""

import csv
import dataclasses
import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import matplotlib.image
import numpy as np
import pytest
import soundfile

import drl4ser.inference.exported  # noqa: F401, its class must be made before Predictor is patched
from drl4ser.config import LENGTH_STEP
from drl4ser.corpora import make_folds
from drl4ser.files import read_archive
from drl4ser.inference.command import main
from drl4ser.inference.inspection import plot_path
from tests.conftest import CLASSES, PATIENCE_S, SAMPLE_RATE


@pytest.fixture
def predict(trained_run, predictor, capsys, monkeypatch):
    """Runs the command on the trained run, which is loaded just once; (exit code, lines of output, errors)."""

    def load(directory, with_embeddings=False):
        monkeypatch.setattr(predictor, "with_embeddings", with_embeddings)
        return predictor

    monkeypatch.setattr("drl4ser.inference.predictor.Predictor", load)

    def run(*arguments):
        code = main([str(trained_run[0]), *map(str, arguments)])
        output = capsys.readouterr()
        return code, output.out.splitlines(), output.err

    return run


def test_a_line_a_file_and_on_after_a_bad_one(predict, store, tmp_path):
    bad, folder = tmp_path / "bad.wav", tmp_path / "folder"
    bad.write_bytes(b"no audio")
    folder.mkdir()
    good = store.utterances[0].path
    code, lines, errors = predict(bad, folder, good, "--text", "a sad sentence")
    assert code == 1 and len(lines) == 1
    path, emotion, *scores = lines[0].split("\t")
    assert path == str(good) and emotion in CLASSES
    assert [score.split("=")[0] for score in scores] == [*CLASSES, "entropy"]
    second, first = (line for line in errors.splitlines() if line.startswith("error: "))  # folders are listed first
    assert "bad.wav" in first and "folder holds no audio file" in second
    trained = len(make_folds(store.utterances, "random", 3, 0)[0].train)
    card = f"run: S3, acoustic+lexical, trained on {trained} utterances of manifest, vocabulary of its 6 words: UA "
    assert card in errors and " % on its test part, chance 25 %" in errors


def test_folders_and_names_on_standard_input(predict, store, monkeypatch):
    paths = sorted(str(item.path) for item in store.utterances)
    code, lines, _ = predict(store.utterances[0].path.parent)
    assert code == 0 and [line.split("\t")[0] for line in lines] == paths
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{paths[3]}\n\n{paths[1]}\n"))
    code, lines, _ = predict("-")
    assert code == 0 and [line.split("\t")[0] for line in lines] == [paths[3], paths[1]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_lists_of_names_as_windows_writes_them(predict, store, monkeypatch, encoding):
    paths = [str(item.path) for item in store.utterances[:2]]
    text = ("\ufeff" if encoding == "utf-16-be" else "") + "".join(f"{path}\r\n" for path in paths)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode(encoding))))
    code, lines, errors = predict("-")
    assert code == 0 and [line.split("\t")[0] for line in lines] == paths, errors


def test_a_name_in_other_bytes_than_utf8(predict, store, tmp_path, monkeypatch):
    path, bad = (Path(os.fsdecode(os.fsencode(tmp_path) + name)) for name in (b"/caf\xe9.wav", b"/th\xe9.wav"))
    path.write_bytes(store.utterances[0].path.read_bytes())
    bad.write_bytes(b"no audio")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(os.fsencode(path) + b"\n")))
    code, (line,), _ = predict("-")
    assert code == 0 and line.split("\t")[0] == f"{tmp_path}/caf\\udce9.wav"
    code, lines, errors = predict(tmp_path, "--json")
    assert code == 1 and [json.loads(line)["path"] for line in lines] == [str(path), str(bad)]
    assert f"error: {tmp_path}/th\\udce9.wav: unreadable: Format not recognised" in errors.splitlines()
    _, lines, _ = predict(path, "--csv")
    assert next(csv.DictReader(lines))["path"] == f"{tmp_path}/caf\\udce9.wav"


def test_a_folder_from_a_mac_with_recordings_of_a_phone(predict, store, tmp_path):
    content = store.utterances[0].path.read_bytes()
    for name in ("a.wav", "._a.wav", "__MACOSX/b.wav", "memo.m4a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\0\0\x1cftypM4A " if name == "memo.m4a" else content)
    code, lines, errors = predict(tmp_path, "--text", "a sad sentence")
    assert [line.split("\t")[0] for line in lines] == [str(tmp_path / "a.wav")]
    (error,) = (line for line in errors.splitlines() if line.startswith("error: "))
    assert code == 1 and error.startswith(f"error: {tmp_path / 'memo.m4a'}: MPEG-4 audio (m4a) cannot be read here")


def test_silence_is_said(predict, tmp_path):
    for offset in (0.0, 0.25):
        soundfile.write(tmp_path / "a.wav", np.full(SAMPLE_RATE, offset), SAMPLE_RATE)
        for options in ([], ["--window", "0.5"]):
            _, _, errors = predict(tmp_path / "a.wav", *options)
            assert (
                "silent (2)" in errors if options else f"warning: {tmp_path / 'a.wav'}: silent" in errors.splitlines()
            )


def test_the_transcript_beside_the_file(predict, store, tmp_path):
    path = tmp_path / "said.wav"
    path.write_bytes(store.utterances[0].path.read_bytes())
    _, silent, errors = predict(path)
    assert "no transcript" in errors
    path.with_suffix(".txt").write_text("a sad sentence\n", encoding="utf-8")
    _, beside, errors = predict(path)
    assert "no transcript" not in errors
    _, given, _ = predict(path, "--text", "a sad sentence")
    _, empty, _ = predict(path, "--text", "")
    assert beside == given != silent == empty
    path.with_suffix(".txt").write_bytes("a sad sentence".encode("utf-16"))
    assert predict(path)[1] == beside
    path.with_suffix(".txt").write_bytes("trist\xe9".encode("latin-1"))
    code, _, errors = predict(path)
    assert code == 1 and "said.txt: the transcript cannot be read, line 1: not UTF-8; save the file as UTF-8" in errors


def test_json_and_csv_say_the_same(predict, store, tmp_path):
    path = tmp_path / "a, b.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(4000), 8000)
    _, lines, errors = predict(path, "--json")
    value = json.loads(lines[0])
    assert errors == "" and len(lines) == 1
    assert sum(value["probabilities"].values()) == pytest.approx(1.0, abs=4e-6)
    assert all(len(f"{share:.12g}") <= 8 for share in value["probabilities"].values())  # six digits behind the point
    assert value["emotion"] == max(value["probabilities"], key=value["probabilities"].get)
    assert value["start_seconds"] is None and any("8000 Hz" in line for line in value["warnings"])
    _, lines, _ = predict(path, "--csv")
    (row,) = csv.DictReader(lines)
    assert row["path"] == value["path"] == str(path)
    assert [float(row[name]) for name in CLASSES] == list(value["probabilities"].values())
    assert float(row["entropy"]) == value["entropy"]
    assert row["warnings"].split("; ") == value["warnings"]


def test_windows(predict, tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(int(2.5 * SAMPLE_RATE)), SAMPLE_RATE)
    code, lines, _ = predict(path, "--window", "1", "--hop", "0.5")
    assert code == 0
    assert [line.split("\t")[1] for line in lines] == ["0.00-1.00s", "0.50-1.50s", "1.00-2.00s", "1.50-2.50s"]
    _, lines, _ = predict(path, "--window", "1", "--json")
    assert [json.loads(line)["start_seconds"] for line in lines] == [0.0, 1.0, 1.5]
    _, lines, _ = predict(path, "--window", "0.5", "--json")
    assert [json.loads(line)["start_seconds"] for line in lines] == [0.0, 0.5, 1.0, 1.5, 2.0]
    code, _, errors = predict(path, "--window", "0.01")
    assert code == 1 and "a window must be at least 0.025 s" in errors


def test_plots_lie_as_the_files_do(predict, store, tmp_path, monkeypatch):
    monkeypatch.chdir(store.utterances[0].path.parent)
    name = store.utterances[0].path.name
    code, lines, errors = predict(name, "--plot", tmp_path / "plots")
    picture = tmp_path / "plots" / f"{name}.png"
    assert code == 0 and len(lines) == 1 and f"wrote: {picture}, {picture.with_suffix('.pdf')}" in errors
    assert matplotlib.image.imread(picture).std() > 0.05 and picture.with_suffix(".pdf").exists()
    assert plot_path(Path("out"), Path("/data/../a.b/c.wav")) == Path("out/data/a.b/c.wav")
    code, _, errors = predict("missing.wav", "--plot", tmp_path / "plots")
    assert code == 1 and "missing.wav" in errors


def test_a_row_for_every_file_also_where_it_failed(predict, store, tmp_path):
    good, bad = store.utterances[0].path, tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    code, lines, errors = predict(bad, good, "missing.wav", "--json")
    rows = [json.loads(line) for line in lines]
    assert code == 1 and [row["path"] for row in rows] == [str(bad), str(good), "missing.wav"]
    assert "unreadable" in rows[0]["error"] and rows[1]["error"] is None and rows[2]["error"].endswith("no such file")
    assert rows[0]["emotion"] is None and rows[0]["probabilities"] is None and errors.count("error: ") == 2
    _, lines, _ = predict(bad, good, "missing.wav", "--csv")
    table = list(csv.DictReader(lines))
    assert [row["error"] == "" for row in table] == [False, True, False]
    assert [row["angry"] == "" for row in table] == [True, False, True]


def test_many_warnings_are_one_line(predict, store):
    folder = store.utterances[0].path.parent
    _, lines, errors = predict(folder)
    (line,) = (line for line in errors.splitlines() if line.startswith("warning: "))
    assert line.startswith(f"warning: {len(lines)} of {len(lines)} recordings: ") and "no transcript" in line


def test_an_output_file_is_written_at_once(predict, store, tmp_path):
    code, lines, _ = predict(store.utterances[0].path, "--csv", "-o", tmp_path / "out.csv")
    assert code == 0 and lines == []
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert row["path"] == str(store.utterances[0].path) and row["error"] == ""


def test_no_output_replaces_a_transcript_of_what_is_found(predict, store, tmp_path, monkeypatch):
    recording = shutil.copy(store.utterances[0].path, tmp_path)
    transcript = Path(recording).with_suffix(".txt")
    transcript.write_text("a sad sentence", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{recording}\n"))
    for name in (tmp_path, "-"):
        code, _, errors = predict(name, "-o", transcript)
        assert code == 1 and f"that is the transcript of {recording}; choose another name" in errors
        assert transcript.read_text(encoding="utf-8") == "a sad sentence"


def test_what_may_not_even_be_looked_at_is_a_line_and_the_rest_follows(predict, store, monkeypatch):
    exists = Path.exists

    def look(path, **options):
        if path.name == "hidden.wav":  # root may look everywhere
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", look)
    code, lines, errors = predict("locked/hidden.wav", "x" * 300 + ".wav", store.utterances[0].path)
    assert code == 1 and len(lines) == 1 and "Permission denied" in errors and "File name too long" in errors


def test_segments(predict, predictor, store, tmp_path):
    pause = np.zeros(SAMPLE_RATE // 2)
    voices = [soundfile.read(item.path)[0] for item in store.utterances[:3]]
    signal = np.concatenate([pause, *(part for voice in voices for part in (voice, pause))])
    path, out = tmp_path / "long.wav", tmp_path / "out.npz"
    soundfile.write(path, signal, SAMPLE_RATE)
    options = [path, "--segments", "--min_segment", "0.1"]
    code, lines, errors = predict(*options, "--json", "--embeddings", out, "--labels", tmp_path / "out.TextGrid")
    rows = [json.loads(line) for line in lines]
    assert code == 0 and len(rows) == 3 and errors == ""
    ends = np.cumsum([len(voice) + len(pause) for voice in voices]) / SAMPLE_RATE
    for row, end in zip(rows, ends, strict=True):
        assert row["end_seconds"] == pytest.approx(end + 0.1, abs=0.06)
        first, last = (round(row[name] * SAMPLE_RATE) for name in ("start_seconds", "end_seconds"))
        soundfile.write(tmp_path / "cut.wav", signal[first:last], SAMPLE_RATE)
        alone = predictor.predict(tmp_path / "cut.wav").probabilities
        np.testing.assert_allclose(list(row["probabilities"].values()), alone, atol=1e-5)
    found = read_archive(out)
    assert found["starts"].tolist() == pytest.approx([row["start_seconds"] for row in rows], abs=1e-6)
    assert (tmp_path / "out.TextGrid").read_text(encoding="utf-8").count(f'"{rows[0]["emotion"]}"') >= 1
    _, lines, errors = predict(*options, "--labels", tmp_path / "labels.txt")
    assert [line.split("\t")[2] for line in lines] == [row["emotion"] for row in rows] and " segments: " in errors
    assert lines[0].split("\t")[1] == f"{rows[0]['start_seconds']:.2f}-{rows[0]['end_seconds']:.2f}s"
    labels = (tmp_path / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[2] for line in labels] == [row["emotion"] for row in rows]


def test_a_recording_without_speech_is_a_line_and_no_segment(predict, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(2 * SAMPLE_RATE), SAMPLE_RATE)
    code, lines, errors = predict(tmp_path / "silence.wav", "--segments", "--csv", "--labels", tmp_path / "out.txt")
    message = f"{tmp_path / 'silence.wav'}: no speech found in 2.0 s, and so no segment"
    assert code == 1 and f"error: {message}" in errors.splitlines() and not (tmp_path / "out.txt").exists()
    assert [row["error"] for row in csv.DictReader(lines)] == [message]


def test_embeddings_of_files(predict, predictor, store, trained_run, tmp_path):
    bad, out, paths = tmp_path / "bad.wav", tmp_path / "out.npz", [item.path for item in store.utterances[:2]]
    bad.write_bytes(b"no audio")
    code, lines, errors = predict(paths[1], bad, paths[0], "--text", "a sad sentence", "--embeddings", out)
    assert code == 1 and len(lines) == 2 and "bad.wav" in errors
    found = read_archive(out)
    assert found["paths"].tolist() == [str(paths[1]), str(paths[0])] and found["run"] == str(trained_run[0])
    assert set(found) == {"paths", "embeddings", "branches", "run", "weights_sha256"}
    for path, row in zip((paths[1], paths[0]), found["embeddings"], strict=True):
        np.testing.assert_allclose(row, predictor.predict(path, "a sad sentence").embedding, rtol=1e-5, atol=1e-6)
    inputs, layers = predictor.prepare([predictor.read(paths[1]).llds], ["a sad sentence"]), predictor.run.model
    assert inputs["llds"].shape[1] % LENGTH_STEP == 0 <= inputs["llds"].shape[1] - inputs["num_frames"][0] < LENGTH_STEP
    for branch, layer in (("acoustic", "gca_lstm"), ("lexical", "lexical_lstm")):
        (wanted,) = keras.Model(layers.inputs, layers.get_layer(layer).output)(inputs).numpy()
        row = found["embeddings"][0, found["branches"] == branch]
        np.testing.assert_allclose(row, wanted, rtol=1e-4, atol=1e-6)


def test_embeddings_of_windows(predict, predictor, store, tmp_path):
    signals = [soundfile.read(item.path)[0] for item in store.utterances[:4]]
    first, second, cut = (tmp_path / name for name in ("a.wav", "b.wav", "c.wav"))
    soundfile.write(first, np.concatenate(signals)[: int(1.5 * SAMPLE_RATE)], SAMPLE_RATE)
    soundfile.write(second, signals[0][: int(0.3 * SAMPLE_RATE)], SAMPLE_RATE)
    cut.write_bytes(first.read_bytes()[:30_000])  # its end is missing
    out = tmp_path / "out.npz"
    code, _, errors = predict(first, cut, second, "--window", "0.5", "--embeddings", out)
    assert code == 1 and "c.wav: " in errors
    found = read_archive(out)
    assert found["paths"].tolist() == [str(first), str(second)] and found["file_index"].tolist() == [0, 0, 0, 1]
    assert found["starts"].tolist() == [0.0, 0.5, 1.0, 0.0] and found["ends"].tolist() == [0.5, 1.0, 1.5, 0.3]
    wanted = [item.embedding for path in (first, second) for item in predictor.predict_windows(path, 0.5, 0.5)]
    np.testing.assert_allclose(found["embeddings"], wanted, rtol=1e-5, atol=1e-6)
    assert np.ptp(found["embeddings"], axis=0).max() > 1e-3
    before = out.read_bytes()
    code, _, errors = predict(cut, "missing.wav", "--window", "0.5", "--embeddings", out)
    assert code == 1 and f"error: {out} was not written: no recording has an embedding" in errors.splitlines()
    assert out.read_bytes() == before


def test_a_directory_without_a_run(tmp_path, capsys):
    assert main([str(tmp_path), "x.wav"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "not the directory of a finished run: it has no record.json" in error
    assert main([str(tmp_path / "typo"), "x.wav"]) == 1
    assert "there is no such folder" in capsys.readouterr().err


def test_tensorflow_is_missing(trained_run, store, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main([str(trained_run[0]), str(store.utterances[0].path)]) == 1
    assert capsys.readouterr().err == "error: tensorflow is not installed: run pip install 'drl4ser[models]'\n"


def test_the_folder_above_names_its_folds(trained_run, capsys):
    assert main([str(trained_run[0].parent), "x.wav"]) == 1
    assert f"choose one of the folds in it: {trained_run[0]}" in capsys.readouterr().err


def test_options_that_a_run_cannot_serve(predict, store, trained_run, tmp_path, monkeypatch):
    result = dataclasses.replace(trained_run[1], system="s1", modality="acoustic")
    monkeypatch.setattr("drl4ser.inference.command.check_run", lambda directory: result)
    code, _, errors = predict(store.utterances[0].path, "--plot", tmp_path)
    assert code == 1 and "--plot needs a run of s3" in errors
    code, lines, errors = predict(store.utterances[0].path, "--text", "a sad sentence")
    assert code == 0 and "warning: --text is not used: " in errors
    assert lines == predict(store.utterances[0].path)[1]


@pytest.mark.parametrize("content", ["trist\xe9".encode("latin-1"), "triste".encode("utf-16-le"), bytes(range(256))])
def test_a_transcript_in_other_bytes_beside_the_audio_of_an_acoustic_run(
    predict, store, trained_run, tmp_path, monkeypatch, content
):
    acoustic = dataclasses.replace(trained_run[1], modality="acoustic")
    monkeypatch.setattr("drl4ser.inference.command.check_run", lambda directory: acoustic)
    path = tmp_path / "said.wav"
    path.write_bytes(store.utterances[0].path.read_bytes())
    _, alone, _ = predict(path)
    path.with_suffix(".txt").write_bytes(content)
    code, beside, errors = predict(path)
    assert code == 0 and beside == alone and "error: " not in errors


def test_wrong_input_is_answered_without_tensorflow(trained_run):
    code = (
        "import sys; from drl4ser.inference.command import main; code = main(sys.argv[1:]);"
        "sys.exit(code if not {'tensorflow', 'keras', 'gensim', 'matplotlib'} & set(sys.modules) else 99)"
    )
    for arguments in ([str(trained_run[0]), "missing.wav"], ["/missing", "x.wav"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr


def test_as_a_program_it_answers_soon(trained_run, store):
    """First answer in under 10 s: processor seconds and not the clock's, for the machine may be busy."""
    code = (
        "import sys, time; from drl4ser.inference.command import main; code = main(sys.argv[1:]);"
        "print(time.process_time(), file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, str(trained_run[0]), str(store.utterances[0].path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1, done.stderr
    assert float(done.stderr.splitlines()[-1]) < 20  # half as fast a processor as ours may pass
