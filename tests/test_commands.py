"""Wrong input to the commands: one clear line, exit code 1 (2 for usage), no traceback, nothing left behind."""

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from drl4ser.corpora import read_corpus
from drl4ser.data.extraction import make_records
from tests.conftest import PATIENCE_S, write_manifest_corpus

ROOT = Path(__file__).parents[1]


def run(module, *arguments):
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def assert_refused(done, *words, code=1):
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    for word in words:
        assert word in lines[0]


def test_a_missing_data_dir(tmp_path):
    records = tmp_path / "records"
    done = run("data_prep.make_records", f"--data_dir={tmp_path / 'none'}", f"--records_dir={records}")
    assert_refused(done, f"{tmp_path / 'none'} does not exist", "DATA_DIR")
    assert not records.exists()


@pytest.mark.parametrize("corpus", ["iemocap", "ravdess", "emodb", "crema_d"])
def test_a_folder_without_the_corpus(tmp_path, corpus):
    (tmp_path / "folder").mkdir()
    done = run(
        "data_prep.make_records",
        f"--corpus={corpus}",
        f"--data_dir={tmp_path / 'folder'}",
        f"--records_dir={tmp_path / 'records'}",
    )
    assert_refused(done, str(tmp_path / "folder"), "DATA_DIR")
    assert not (tmp_path / "records").exists()


def test_an_unknown_emotion_and_column(manifest, tmp_path):
    options = ["--corpus=manifest", f"--records_dir={tmp_path / 'records'}"]
    assert_refused(run("data_prep.make_records", *options, f"--data_dir={manifest}", "--emotions=joy"), "'joy'")
    other = manifest.with_name("other.csv")
    other.write_text("path,emotion,speakr\nangry_0.wav,angry,Ann\n", encoding="utf-8")
    assert_refused(run("data_prep.make_records", *options, f"--data_dir={other}"), "other.csv", "'speakr'")
    assert not (tmp_path / "records").exists()


def test_wrong_usage():
    assert_refused(run("experiments.table2", "--profile=huge"), "profile", code=2)
    assert_refused(run("experiments.table2", "--no_such_flag"), "no_such_flag", code=2)
    assert_refused(run("experiments.table2"), "records_dir", code=2)
    assert_refused(run("experiments.table2", "--records_dir=x", "argument"), "'argument'", code=2)


def test_settings_that_cannot_be(records_dir, manifest, word_vectors_file, tmp_path):
    def refused(*arguments, words):
        options = [
            "--corpus=manifest",
            f"--records_dir={records_dir}",
            f"--runs_dir={tmp_path / 'runs'}",
            "--num_folds=3",
        ]
        done = run("experiments.table2", *options, f"--results_dir={tmp_path / 'results'}", *arguments)
        assert_refused(done, *words)
        assert not (tmp_path / "results").exists()

    vectors = f"--word_vectors={word_vectors_file}"
    refused("--systems=s4", "--modalities=acoustic", words=["'s4'", "s3"])
    refused("--modalities=smell", words=["'smell'", "acoustic"])
    refused("--modalities=lexical", words=["word vectors", "WORD_VECTORS"])
    refused(
        "--modalities=acoustic", "--num_folds=10", words=["class", "6", "10"]
    )  # fewer utterances of a class than folds
    of_one_class = [item for item in read_corpus("manifest", manifest) if item.emotion == "sad"]
    make_records(of_one_class, tmp_path / "sad", "manifest")
    refused(f"--records_dir={tmp_path / 'sad'}", "--modalities=acoustic", words=["class 'sad' alone", "EMOTIONS"])
    silent = [dataclasses.replace(item, text="") for item in read_corpus("manifest", manifest)]
    make_records(silent, tmp_path / "silent", "manifest")
    refused(f"--records_dir={tmp_path / 'silent'}", vectors, words=["silent has no transcripts", "MODALITIES=acoustic"])
    refused("--modalities=acoustic", "--folds=4", words=["SPLIT=random (--split) has 3 folds", "FOLDS=4"])
    refused("--change=train.speed=9", "--modalities=acoustic", words=["train.speed=9", "config.py"])
    for change, kind in {
        "train.class_weights=no": "true or false",
        "train.patience=1.5": "a whole number",
        "train.learning_rate=fast": "a number",
        "train.learning_rate=NaN": "a number",
        "model.filters=32": "a list such as [32,64]",
        'model.filters=["32"]': "a list such as [32,64]",
    }.items():
        refused(f"--change={change}", "--modalities=acoustic", words=[change, f"expected {kind}"])
    refused("--change=train.patience=0", "--modalities=acoustic", words=["`patience` must be positive"])
    refused("--split=session", "--modalities=acoustic", words=["session"])
    refused("--split=given", "--modalities=acoustic", words=["24 of 24", "column `fold`"])
    refused("--split=emobox", "--modalities=acoustic", words=["ravdess alone", "CORPUS=manifest"])
    refused("--notrain", "--modalities=acoustic", words=["holds no finished fold"])
    refused("--corpus=ravdess", "--modalities=acoustic", words=["'manifest'", "'ravdess'"])
    refused(vectors.replace(".txt", ".none"), "--modalities=lexical", "--change=train.max_epochs=1", words=[".none"])


def test_runs_that_cannot_be_started_from(trained_run, records_dir, word_vectors_file, tmp_path):
    directory, _ = trained_run
    options = [f"--records_dir={records_dir}", f"--init_from={directory}", f"--word_vectors={word_vectors_file}"]
    done = run("experiments.check_settings", *options, "--modalities=acoustic,lexical")
    assert_refused(
        done, f"{directory} is a run of s3 with input acoustic+lexical, and nothing", "SYSTEMS=s3 MODALITIES"
    )
    options += ["--modalities=acoustic+lexical", "--change=model.word_dim=10"]
    done = run("experiments.check_settings", *options)
    assert_refused(done, "trained with model.width=0.05, here it is 0.1875")
    options += ["--change=model.width=0.05", "--corpus=manifest", "--num_folds=3", f"--runs_dir={tmp_path / 'runs'}"]
    done = run("experiments.table2", *options)
    assert_refused(done, "holds 8 of 8 recordings of its test part and 8 of 8 recordings of its validation", "memory")
    assert not list(tmp_path.iterdir())


def test_the_whole_path_from_records_to_a_table(records_dir, word_vectors_file, tmp_path):
    """Two systems, two folds; adopted from the results file they give the same table without training."""
    options = [
        "--corpus=manifest",
        f"--records_dir={records_dir}",
        f"--word_vectors={word_vectors_file}",
        f"--runs_dir={tmp_path / 'runs'}",
        "--num_folds=3",
        "--folds=2",
        "--systems=s1,s2",
        "--modalities=lexical",
        "--epochs=2",
        "--change=model.width=0.05",
        "--change=model.word_dim=10",
    ]
    table2 = ["experiments.table2", *options, "--allow_mixed_code"]  # the checkout of a developer has changes
    twice = ["--systems=s1,s2,s1", "--seeds=0,00"]
    done = run(*table2, f"--results_dir={tmp_path / 'one'}", "--jobs=2", *twice)
    assert done.returncode == 0, done.stderr
    one, two = (tmp_path / name / "table2" / "manifest-quick-tuned-random" for name in ("one", "two"))
    shutil.rmtree(tmp_path / "runs")
    adopted = run("experiments.adopt_results", f"--results={one / 'folds.jsonl'}", f"--runs_dir={tmp_path / 'runs'}")
    assert ": 4 folds of" in adopted.stdout, adopted.stderr
    again = run(*table2, f"--results_dir={tmp_path / 'two'}", "--notrain")
    assert again.returncode == 0, again.stderr
    names = {"table2.md", "table2.csv", "table2.tex", "table2.json", "folds.jsonl", "confusion.png"}
    # Adopted folds have no histories.
    assert {path.name for path in one.iterdir()} == names | {"learning_curves.png", "learning_curves.pdf"}
    assert {path.name for path in two.iterdir()} == names
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    table = (one / "table2.md").read_text(encoding="utf-8")
    assert table in done.stdout and "S2 over S1" in table
    assert len((one / "folds.jsonl").read_text(encoding="utf-8").splitlines()) == 4


def test_table1_with_a_reference_row(records_dir, tmp_path):
    options = [
        "--corpus=manifest",
        f"--records_dir={records_dir}",
        f"--runs_dir={tmp_path / 'runs'}",
        f"--results_dir={tmp_path / 'results'}",
        "--num_folds=3",
        "--folds=1",
        "--modalities=acoustic",
        "--change=model.width=0.02",
        "--allow_mixed_code",
    ]
    done = run("experiments.table1", *options, "--systems=xia_dnn,opensmile_svm", "--epochs=1")
    assert done.returncode == 0, done.stderr
    assert "Xia & Liu 2017" in done.stdout and "openSMILE and SVM" in done.stdout
    again = run("experiments.table1", *options, "--systems=opensmile_svm", "--epochs=1", "--notrain")
    assert "openSMILE and SVM" in again.stdout and "Xia" not in again.stdout


def test_a_trained_system_by_name(tmp_path):
    done = run("experiments.figure5", "--run=ravdess-small", "--records_dir=none", f"--results_dir={tmp_path}")
    assert_refused(done, "ravdess-small has no test part", "AUDIO")
    assert_refused(run("experiments.export", "--run=ravdess-tiny"), "ravdess-tiny", "there are", "ravdess-small")
    done = run("experiments.pretrain", "--name=nemo-small", "--corpus=ravdess", "--records_dir=none")
    assert_refused(done, "nemo-small is trained on nemo", "NAME=nemo")


def test_figure5_of_a_run_takes_an_utterance_of_its_test_part(trained_run, records_dir, tmp_path):
    directory, result = trained_run
    options = [f"--run={directory}", f"--results_dir={tmp_path}", "--block=2", "--head=0"]
    done = run("experiments.figure5", *options, f"--records_dir={records_dir}")
    assert done.returncode == 0, done.stderr
    drawn = [Path(line) for line in done.stdout.splitlines()]
    assert any(drawn[0].name.startswith(f"{Path(name).stem}-s3-") for name in result.utterances)
    assert drawn[0].name.endswith("-fold-00-seed-0-attention-block-2-head-0.png") and len(drawn) == 4
    assert all(path.is_file() for path in drawn)
    done = run("experiments.figure5", *options, f"--records_dir={tmp_path}")
    assert_refused(
        done, "index.json is missing", "set RECORDS_DIR (--records_dir) or CORPUS to the run's, or give AUDIO"
    )


def test_missing_records(tmp_path):
    done = run("experiments.table2", f"--records_dir={tmp_path}", "--modalities=acoustic")
    assert_refused(done, f"{tmp_path / 'index.json'} is missing", "data_prep.make_records")


MAKE = ["make", "-f", str(ROOT / "Makefile"), f"BIN={Path(sys.executable).parent}"]


def make(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [*MAKE, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_tilde_is_the_home_folder(manifest, tmp_path, monkeypatch):
    """A folder of the name ~ would be made, and a user's file taken for one that is not there."""
    monkeypatch.setenv("HOME", str(tmp_path / "my home"))
    shutil.copytree(manifest.parent, tmp_path / "my home" / "it's")
    where = f"--data_dir=~/it's/{manifest.name}"
    done = run("data_prep.make_records", "--corpus=manifest", where, "--records_dir=~/records")
    assert done.returncode == 0 and (tmp_path / "my home" / "records" / "index.json").exists(), done.stderr
    folders = ("CACHE_DIR=~/c", "TEST_RECORDS=~/a,/b~,~/it's", "RUNS_DIR=/x/~/y")
    done = make(tmp_path, "-n", "--no-print-directory", "cross-corpus", *folders)
    arguments = done.stdout.split("experiments.cross_corpus")[-1]
    arguments = subprocess.check_output(["sh", "-c", f"printf '%s\n' {arguments}"], text=True).splitlines()
    home = tmp_path / "my home"
    assert {f"--records_dir={home}/c/records/synthetic", "--runs_dir=/x/~/y"} <= set(arguments)
    assert f"--test_records={home}/a,/b~,{home}/it's" in arguments


def test_records_say_how_much_speech_there_is_and_name_the_longest(tmp_path):
    """A single recording of a minute among sentences can be what fills the memory later."""
    for name, seconds in (("a", 1), ("b", 2), ("c", 61)):
        noise = np.random.default_rng(seconds).normal(0, 0.1, 8000 * seconds)
        soundfile.write(tmp_path / f"{name}.wav", noise, 8000)
    lines = [f"{name}.wav,{emotion}" for name, emotion in (("a", "sad"), ("b", "happy"), ("c", "sad"))]
    options = ["--corpus=manifest", f"--data_dir={tmp_path / 'all.csv'}", f"--records_dir={tmp_path / 'records'}"]
    for count, span in ((2, "1.0 to 2.0 s, 0.00 hours"), (3, "1.0 to 61.0 s, 0.02 hours")):
        (tmp_path / "all.csv").write_text("\n".join(["path,emotion", *lines[:count]]), encoding="utf-8")
        done = run("data_prep.make_records", *options)
        assert f"records: {count} of {count} utterances, {span}" in done.stdout, done.stderr
        assert (f"1 longer than 60 s, above all {tmp_path / 'c.wav'}:" in done.stdout) == (count == 3)
        shutil.rmtree(tmp_path / "records")


def test_make_refuses_variables_that_it_does_not_have(tmp_path):
    done = make(tmp_path, "help", "corpus=ravdess", "EPOCH=2", "FOLDS=1")
    assert done.returncode == 2 and "unknown variable" in done.stderr
    unknown, known = done.stderr.split("unknown variable")[1].split("; there are")
    assert sorted(unknown.split()) == ["EPOCH", "corpus"] and {"CORPUS", "EPOCHS", "FOLDS"} <= set(known.split())
    assert make(tmp_path, "help", "CORPUS=ravdess", "EPOCHS=2", "FOLDS=1").returncode == 0


def test_make_knows_every_variable_that_it_uses():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(text.split("VARIABLES := ")[1].split("GIVEN :=")[0].replace("\\", " ").split())
    inner = set(re.findall(r"^(\w+) :?= ", text, re.MULTILINE)) | {"MAKE", "CURDIR"}
    assert set(re.findall(r"^(\w+) \?=", text, re.MULTILINE)) <= known
    assert set(re.findall(r"\$\(([A-Z_]+)\)", text)) <= known | inner


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("PROFILE=papr", "papr"),
        ("SYSTEMS=s4", "'s4'"),
        ("SEEDS=0,x", "'x'"),
        ("EPOCHS=some", "epochs"),
        ("NUM_FOLDS=2", "num_folds"),
        ("MODALITIES=lexical", "WORD_VECTORS"),
        ("SPLIT=emobox", "ravdess alone"),
        ("INIT_FROM=nowhere", "nowhere is not the directory of a finished run: there is no such folder"),
    ],
)
def test_settings_are_refused_before_any_work(manifest, tmp_path, setting, words):
    done = make(tmp_path, "reproduce-table1", "CORPUS=manifest", f"DATA_DIR={manifest}", "MODALITIES=acoustic", setting)
    assert done.returncode == 2 and words in done.stderr and "error:" in done.stderr, done.stderr
    assert not list(tmp_path.iterdir())


def test_make_hands_on_changes_of_settings(tmp_path):
    for target in ("search-recipe", "memory-span", "ablation"):
        changes = "CHANGES=train.subtract_mean=true model.filters=[32,64]"
        done = make(tmp_path, "-n", "--no-print-directory", target, changes, "SYSTEMS=s1,s3")
        command = shlex.split(done.stdout.replace("\\\n", " ").splitlines()[-1])
        assert f"experiments.{target.replace('-', '_')}" in command and "--systems=s1,s3" in command, done.stderr
        assert {"--change=train.subtract_mean=true", "--change=model.filters=[32,64]"} <= set(command)
    done = make(tmp_path, "search-recipe", "CHANGES=train.substract_mean=true")
    assert done.returncode == 2 and "--change=train.substract_mean=true: expected" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_manifest_is_named_after_its_file(tmp_path):
    done = make(tmp_path, "-n", "reproduce-table1", "CORPUS=manifest", "DATA_DIR=/data/my calls (2).v1.csv")
    for text in (
        "--name='my_calls__2__v1'",
        "--records_dir='data/records/my_calls__2__v1'",
        "--corpus='my_calls__2__v1'",
    ):
        assert text in done.stdout
    done = make(tmp_path, "-n", "records", "CORPUS=manifest", "DATA_DIR=/data/a.csv", "NAME=calls")
    assert "--name='calls'" in done.stdout and "data/records/calls" in done.stdout
    done = make(tmp_path, "-n", "records", "CORPUS=ravdess", "DATA_DIR=x", "EMOTIONS=happy,sad")
    assert "--records_dir='data/records/ravdess-happy-sad'" in done.stdout
    assert (
        "records_dir='data/records/ravdess'" in make(tmp_path, "-n", "records", "CORPUS=ravdess", "DATA_DIR=x").stdout
    )


def test_make_hands_on_what_the_user_wrote(tmp_path):
    """Spaces and signs of the shell occur in names of folders and classes, and in transcripts."""
    odd = """50% `so` "sad", it's & (a/b) | \\#é"""
    values = {name: f"{name} {odd}" for name in ("DATA_DIR", "EMOTIONS", "AUDIO", "TEXT", "RUNS_DIR", "SEEDS")}
    done = make(tmp_path, "-n", "records", "reproduce-figure5", *(f"{name}={value}" for name, value in values.items()))
    given = {}
    for command in done.stdout.replace("\\\n", " ").splitlines():
        given |= dict(word[2:].split("=", 1) for word in shlex.split(command) if word.startswith("--"))
    assert {name: given[name.lower()] for name in values} == values
    assert "/" not in given["records_dir"].removeprefix("data/records/")


@pytest.mark.parametrize(
    ("target", "setting", "words"),
    [
        ("cross-corpus", "SYSTEMS=s3", "TEST_RECORDS is not set"),
        ("cross-corpus", "SYSTEMS=opensmile_svm", "'opensmile_svm' is no network"),
        ("search-recipe", "SYSTEMS=opensmile_svm", "'opensmile_svm' is no network"),
        ("reproduce-figure6", "SYSTEMS=opensmile_svm", "'opensmile_svm' is no network"),
        ("reproduce-figure6", "MODALITIES=acoustic,lexical", "one of MODALITIES"),
    ],
)
def test_what_an_experiment_would_refuse_is_refused_before_anything_is_made(tmp_path, target, setting, words):
    records = () if "TEST_RECORDS" in words else ("TEST_RECORDS=x",)
    done = make(tmp_path, target, setting, *records)
    assert done.returncode == 2 and words in done.stderr
    assert not list(tmp_path.iterdir())


def test_results_of_a_user_are_not_those_of_the_repository(tmp_path, monkeypatch):
    monkeypatch.delenv("GIT_DIR")
    done = make(tmp_path, "-n", "reproduce-table1", "reproduce-table2", "reproduce-figure6")
    assert done.stdout.count("--results_dir='my_results'") == 3
    for folder in ("my_results/table1", "my_results-all/table1", "runs/x", "runs-happy-sad-opensmile/x"):
        ignored = subprocess.run(["git", "check-ignore", folder], cwd=ROOT, capture_output=True, check=False)
        assert ignored.returncode == 0 or not (ROOT / ".git").exists()


def test_runs_and_tables_of_other_classes_and_front_ends_lie_apart(tmp_path):
    settings = ("EMOTIONS=happy/excited,sad", "FRONTEND=opensmile")
    done = make(tmp_path, "-n", "reproduce-table2", "CORPUS=ravdess", "DATA_DIR=x", *settings)
    for folder in ("records_dir='data/records/ravdess", "runs_dir='runs", "results_dir='my_results"):
        assert f"--{folder}-happy_excited-sad-opensmile'" in done.stdout


def test_two_manifests_never_meet(tmp_path):
    """Same file name, other content: their records are refused, and a manifest cannot take a corpus's name."""
    first, second = (write_manifest_corpus(tmp_path / name, per_class=3) for name in ("first", "second"))
    lines = second.read_text(encoding="utf-8").replace("happy,", "sad,", 1)
    second.write_text(lines, encoding="utf-8")
    options = ["--corpus=manifest", f"--records_dir={tmp_path / 'records'}"]
    assert run("data_prep.make_records", *options, f"--data_dir={first}").returncode == 0
    done = run("data_prep.make_records", *options, f"--data_dir={second}")
    assert_refused(done, "was made from other files, labels or texts", "delete that folder")
    done = run("data_prep.make_records", *options, f"--data_dir={first}", "--name=ravdess")
    assert_refused(done, "would be named like the corpus ravdess", "NAME=")
    done = run("data_prep.make_records", "--corpus=ravdess", *options[1:], f"--data_dir={first.parent}", "--name=mine")
    assert_refused(done, "only a manifest can be named")


def test_a_recipe_is_searched_on_validation_parts(records_dir, tmp_path):
    """One row for each candidate and fold, and nothing of the test part among them."""
    options = [f"--records_dir={records_dir}", "--corpus=manifest", f"--runs_dir={tmp_path / 'runs'}", "--num_folds=3"]
    options += ["--systems=xia_dnn", "--epochs=2", "--change=model.width=0.02", f"--results_dir={tmp_path / 'results'}"]
    options += ["--change=train.class_weights=false", "--change=train.lr_schedule=constant"]
    assert_refused(run("experiments.search_recipe", *options, "--candidates=none"), "'none'", "as it is")
    for candidates in ("as it is", "as it is,jitter"):  # a log of several commands
        done = run("experiments.search_recipe", *options, f"--candidates={candidates}")
        assert done.returncode == 0, done.stderr
    (log,) = (tmp_path / "results").rglob("runs.csv")
    given = "model.width=0.02 train.class_weights=false train.lr_schedule=constant"
    header, *rows = [line.split(",") for line in log.read_text(encoding="utf-8").splitlines()]
    assert header == ["candidate", "changes", "system", "fold", "epochs", "last", "best", "loss"]
    assert [row[:5] for row in rows] == [
        ["as it is", given, "xia_dnn", "1", "2"],
        ["jitter", f"{given} train.gain_jitter=0.5", "xia_dnn", "1", "2"],
    ]
    for name, row in zip(("as-it-is", "jitter"), rows, strict=True):
        (path,) = (tmp_path / "runs/recipe-search" / name).rglob("history.json")
        uas = [100 * epoch["validation_ua"] for epoch in json.loads(path.read_text(encoding="utf-8"))]
        assert [float(value) for value in row[5:7]] == pytest.approx([sum(uas) / len(uas), max(uas)], abs=1e-3)
        config = json.loads(path.with_name("config.json").read_text(encoding="utf-8"))
        assert config["train"]["gain_jitter"] == (0.5 if name == "jitter" else 0.1)
        assert (config["train"]["class_weights"], config["train"]["lr_schedule"]) == (False, "constant")
