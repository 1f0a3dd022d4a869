"""Runs applied to another corpus: what is compared, with which statistics, and what is refused."""

import dataclasses
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drl4ser.analysis.cross_corpus import apply_run, check_corpora
from drl4ser.analysis.cross_corpus_table import build_rows, render_cross_corpus, write_cross_corpus
from drl4ser.console import import_tensorflow
from drl4ser.corpora import Utterance, read_corpus
from drl4ser.data.extraction import make_records
from drl4ser.data.store import open_store
from tests.conftest import write_voice
from tests.reporting.test_fold_result import make_fold_result

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Records of a corpus that has two classes of the first, one other, and texts of a few known words."""
    folder = tmp_path_factory.mktemp("other")
    utterances = []
    for index, (emotion, voice) in enumerate({"bored": "neutral", "happy": "happy", "sad": "sad"}.items()):
        for number in range(4):
            path = folder / f"{emotion}{number}.wav"
            write_voice(path, voice, seed=1000 + 10 * index + number)
            utterances.append(Utterance(path.stem, path, emotion, "s0", text="a sad, unheard sentence"))
    make_records(utterances, folder / "records", "other")
    return folder / "records"


def test_a_run_answers_as_its_predictor_does_among_the_classes_in_common(trained_run, predictor, other):
    directory, record = trained_run
    result, store = apply_run(directory, other), open_store(other)
    assert (result.corpus, result.classes, result.config) == ("other", ("happy", "sad"), record.config)
    tested = {item.id: item for item in store.utterances if item.emotion != "bored"}
    assert result.utterances == sorted(tested) and len(tested) == 8
    for name, label, prediction in zip(result.utterances, result.labels, result.predictions, strict=True):
        probabilities = predictor.predict(tested[name].path, tested[name].text).probabilities
        among = [probabilities[record.classes.index(emotion)] for emotion in result.classes]
        assert result.classes[label] == tested[name].emotion
        assert prediction == np.argmax(among)


def test_corpora_that_are_no_others_are_refused(store, other, manifest, tmp_path):
    check_corpora(store, [open_store(other)])
    make_records(read_corpus("manifest", manifest)[:3], tmp_path / "copy", "copy")
    message = f"{tmp_path / 'copy'} holds 3 recordings that {store.directory} has too, such as 'angry_0.wav'"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_corpora(store, [open_store(other), open_store(tmp_path / "copy")])
    for pair in ([store], [open_store(other), open_store(other)]):
        with pytest.raises(ValueError, match=r"are both named (manifest|other); give each corpus once"):
            check_corpora(store, pair)
    of_one_class = dataclasses.replace(open_store(other), utterances=open_store(other).utterances[:8])
    with pytest.raises(ValueError, match="fewer than two classes in common"):
        check_corpora(store, [of_one_class])


def test_tensorflow_does_not_warn_the_user_of_a_graph_for_each_run():
    assert not import_tensorflow().get_logger().isEnabledFor(logging.WARNING)


def test_what_the_run_started_from_is_no_other_corpus_either(other, tmp_path):
    tested = open_store(other)
    classes = ("bored", "happy", "sad")
    (tmp_path / "origin.json").write_text(json.dumps({"elsewhere": tested.content(classes)}), encoding="utf-8")
    message = f"holds 12 recordings, such as 'bored0', with which the run that {tmp_path} started from was trained"
    with pytest.raises(ValueError, match=re.escape(message)):
        apply_run(tmp_path, other)


def make_other(folder, emotions, text, manifest):
    """Records of the shared recordings under other labels and names."""
    utterances = [
        dataclasses.replace(item, id=f"x{index}", emotion=emotions[index % len(emotions)], text=text)
        for index, item in enumerate(read_corpus("manifest", manifest)[:4])
    ]
    make_records(utterances, folder, "x")
    return folder


def test_too_few_classes_and_missing_transcripts_are_refused(trained_run, manifest, tmp_path):
    directory, _ = trained_run
    one = make_other(tmp_path / "one", ["happy", "Angry"], "a", manifest)
    with pytest.raises(
        ValueError, match=r"fewer than two classes in common: angry, happy, neutral, sad and Angry, happy;"
    ):
        apply_run(directory, one)
    silent = make_other(tmp_path / "silent", ["happy", "angry"], "", manifest)
    with pytest.raises(ValueError, match=r"silent has no transcripts, .* takes words too; use MODALITIES=acoustic"):
        apply_run(directory, silent)


def applied(fold, predictions, corpus="other", classes=("angry", "happy")):
    """A result of `fold` on four utterances, two of each class, or its own test part."""
    own = make_fold_result(fold=fold)
    values = {"corpus": corpus, "classes": list(classes)}
    labels = [0, 0, 1, 1]
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, predictions), 1)
    ua = wa = np.trace(confusion) / 4
    columns, rows = confusion.sum(axis=0)[:2], confusion.sum(axis=1)[:2]
    f1 = float(np.mean(2 * np.diag(confusion)[:2] / (columns + rows)))
    values |= {"utterances": list("abcd"), "labels": labels, "predictions": predictions, "ua": ua, "wa": wa, "f1": f1}
    return dataclasses.replace(own, **values, confusion=confusion.tolist(), overlap={})


def test_rows_count_each_utterance_once_over_all_runs():
    own = [make_fold_result(fold=fold) for fold in (0, 1)]
    others = [applied(0, [0, 0, 1, 1]), applied(1, [0, 1, 1, 0])]
    first, second = build_rows([*others, *own])
    assert (first.tested_on, second.tested_on) == (own[0].corpus, "other")
    assert (second.num_runs, second.num_utterances, second.chance) == (2, 4, 0.5)
    assert (second.ua, second.wa, second.recalls) == (0.75, 0.75, (0.75, 0.75))
    assert second.confusion == ((1.5, 0.5), (0.5, 1.5))
    assert second.ua_sd == pytest.approx(np.std([1, 0.5], ddof=1), abs=1e-6)
    assert second.ua_interval[0] == 0.5 <= second.ua <= second.ua_interval[1] == 1.0 and not second.above_chance
    (single,) = build_rows(others[:1])
    assert single.ua_sd is None and single.above_chance


def test_the_files_follow_from_the_results(tmp_path):
    results = [make_fold_result(fold=0), applied(0, [0, 0, 1, 0])]
    directory = write_cross_corpus(results, tmp_path)
    assert directory == tmp_path / "cross-corpus" / "synthetic-quick-paper-random"
    for suffix, text in render_cross_corpus(directory).items():
        assert (directory / f"cross-corpus.{suffix}").read_text(encoding="utf-8") == text
    values = json.loads((directory / "cross-corpus.json").read_text(encoding="utf-8"))
    assert [row["ua"] for row in values["rows"]] == [round(result.ua, 6) for result in results]
    table = (directory / "cross-corpus.md").read_text(encoding="utf-8")
    assert re.search(
        r"\| S3 +\| A +\| other +\| +1 \| +4 \| +50.0 \| 75.0 \[50.0, 100.0\], not above chance \| +- \|", table
    )
    assert "Classes in common with other: angry, happy (without neutral, sad, which no answer may be)." in table
    rows = (directory / "cross-corpus.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 3 and rows[2].startswith("s3,acoustic,other,1,4,0.5,0.75,")


def command(module, *arguments):
    done = [sys.executable, "-m", f"experiments.{module}", *map(str, arguments)]
    return subprocess.run(done, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


def test_the_command_applies_runs_with_kernels_and_trains_nothing(records_dir, other, tmp_path):
    options = [f"--records_dir={records_dir}", "--corpus=manifest", f"--runs_dir={tmp_path / 'runs'}", "--num_folds=3"]
    options += ["--systems=poria_cnn_mkl", "--modalities=acoustic", "--epochs=1", "--change=model.width=0.02"]
    options += ["--folds=1", f"--results_dir={tmp_path / 'results'}"]
    refused = command("cross_corpus", *options, f"--test_records={other}")
    assert refused.returncode == 1 and "holds no finished fold" in refused.stderr
    assert not (tmp_path / "runs").exists()
    assert command("table1", *options, "--allow_mixed_code").returncode == 0
    done = command("cross_corpus", *options, f"--test_records={other}")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| Poria et al. 2016 +\| A +\| other +\| +1 \| +8 \|", done.stdout)
    refused = command("cross_corpus", *options, f"--test_records={other},{records_dir}")
    assert refused.returncode == 1 and "are both named manifest" in refused.stderr
    refused = command("cross_corpus", *options[:4], "--systems=opensmile_svm", f"--test_records={other}")
    assert refused.returncode == 1 and "'opensmile_svm' is no network" in refused.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "cross-corpus").glob("*/runs.jsonl")), ids=str)
def test_committed_tables_follow_from_their_results(path):
    for suffix, text in render_cross_corpus(path.parent).items():
        assert (path.parent / f"cross-corpus.{suffix}").read_text(encoding="utf-8") == text
