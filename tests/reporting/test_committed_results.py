"""The committed fold results are of the folds that these corpora have, and give the p values that pages state."""

import itertools
import json
import shutil
from pathlib import Path

import pytest

from drl4ser.corpora import Utterance, describe_overlap, limit_training, make_folds
from drl4ser.corpora.acted import ACTED
from drl4ser.corpora.synthetic.turns import plan_turns
from drl4ser.files import CHECKSUM_KEY, add_checksum
from drl4ser.reporting.fold_result import experiment_of, read_fold_results
from drl4ser.reporting.metrics import confusion_matrix, summarize
from drl4ser.reporting.render import render_markdown
from drl4ser.reporting.table import build_table
from drl4ser.reporting.write import find_stale, rebuild_reports
from drl4ser.runs.paths import UTTERANCES_FILE
from drl4ser.runs.pretrained import find_run

RESULTS = Path(__file__).parents[2] / "results"
FOLDS = sorted(RESULTS.rglob("folds.jsonl"))
# The copy of RAVDESS that was used has one file of the four classes less than the corpus.
MISSING = "03-01-03-01-02-02-07"


def synthetic(num_utterances):
    """What `read_corpus` reads of the default corpus, without making its recordings."""
    return [
        Utterance(turn.id, Path(), turn.sentence.emotion, f"Ses{turn.speaker.session:02d}{turn.speaker.gender}",
                  text=turn.sentence.text)
        for turns in plan_turns(num_utterances, seed=0).values()
        for turn in turns
    ]  # fmt: skip


def ravdess(classes):
    """The four classes, by the names that the corpus gives its files: neutral has one intensity."""
    corpus = ACTED["ravdess"]
    fields = itertools.product(corpus.emotions, ("01", "02"), corpus.texts, ("01", "02"), range(1, 25))
    return [
        Utterance(name, Path(), corpus.emotions[emotion], f"{actor:02d}", text=corpus.texts[text])
        for emotion, intensity, text, repetition, actor in fields
        if corpus.emotions[emotion] in classes and (emotion, intensity) != ("01", "02")
        for name in [f"03-01-{emotion}-{intensity}-{text}-{repetition}-{actor:02d}"]
        if name != MISSING
    ]


def nemo():
    """What the trained system lists of the corpus, with digests in place of texts."""
    content = json.loads((find_run("nemo-small") / UTTERANCES_FILE).read_text(encoding="utf-8"))
    return [Utterance(name, Path(), row[0], row[1], row[2], text=row[3]) for name, row in content.items()]


def check_against_corpus(path):
    """Test part, classes and overlap of every fold are those that its corpus and seed give."""
    results = read_fold_results(path, require_checksum=True)
    corpus = nemo() if results[0].corpus == "nemo" else ravdess(results[0].classes)
    if results[0].corpus == "synthetic":
        corpus = synthetic(len(results[0].utterances) * results[0].num_folds)
    emotions = {item.id: item.emotion for item in corpus}
    for result in results:
        config = experiment_of(path, result)
        seed = result.seed if config.split_seed is None else config.split_seed
        fold = make_folds(corpus, result.split, result.num_folds, seed)[result.fold]
        fold = limit_training(fold, corpus, config.train_per_class, result.seed)
        assert tuple(result.utterances) == fold.test, result.key
        assert [result.classes[label] for label in result.labels] == [emotions[name] for name in result.utterances]
        overlap = describe_overlap(corpus, fold)
        assert result.overlap == {name: overlap[name] for name in result.overlap} != {}, result.key


@pytest.mark.parametrize("path", FOLDS, ids=lambda path: "/".join(path.parts[-4:-1]))
def test_every_fold_is_that_of_its_corpus(path):
    check_against_corpus(path)


def test_all_results_are_looked_at():
    assert {"table1", "table2", "ablation", "figure6", "saliency", "pretrained"} == {path.parts[-3] for path in FOLDS}
    assert {"float32", "mixed_bfloat16"} < {path.parts[-4] for path in FOLDS}


def forge(path, change, checksum):
    """Change the first fold by hand, with or without a new checksum, and write the tables again."""
    first, *others = path.read_text(encoding="utf-8").splitlines()
    values = json.loads(first)
    del values[CHECKSUM_KEY]
    change(values)
    values = add_checksum(values) if checksum else values
    path.write_text("\n".join([json.dumps(values), *others]) + "\n", encoding="utf-8")
    table = build_table(read_fold_results(path))
    (path.parent / "table2.md").write_text(render_markdown(table), encoding="utf-8")


def set_confusion(values):
    confusion = confusion_matrix(values["labels"], values["predictions"], len(values["classes"]))
    summary = summarize(confusion)
    values |= {"confusion": confusion.tolist()} | {name: summary[name] for name in ("ua", "wa", "f1")}


def better_predictions(values):
    values["predictions"] = values["labels"]
    set_confusion(values)


def other_labels(values):
    values["labels"] = values["predictions"]
    set_confusion(values)


def other_part(values):
    values["utterances"] = sorted(f"{name}x" for name in values["utterances"])


def fewer_texts(values):
    values["overlap"]["shared_texts"] = 0


@pytest.fixture
def copied(tmp_path):
    source = RESULTS / "float32/table2/synthetic-quick-paper-random"
    return shutil.copytree(source, tmp_path / source.relative_to(RESULTS)) / "folds.jsonl"


@pytest.mark.parametrize("change", [better_predictions, other_labels, other_part, fewer_texts])
def test_results_without_checksum_are_refused(copied, tmp_path, change):
    assert find_stale(tmp_path) == []
    forge(copied, change, checksum=False)
    for look in (find_stale, rebuild_reports):
        with pytest.raises(ValueError, match=r"folds\.jsonl is damaged \(line 1: its checksum is missing\)"):
            look(tmp_path)


@pytest.mark.parametrize("change", [other_labels, other_part, lambda values: values["overlap"].update(test_texts=1)])
def test_a_new_checksum_does_not_hide_another_corpus(copied, change):
    check_against_corpus(copied)
    forge(copied, change, checksum=True)
    with pytest.raises(AssertionError):
        check_against_corpus(copied)


def test_what_the_committed_folds_say_about_methods():
    """A review that did not use this code found p < .001 twice in place of 0.0008 and 0.0002, else the same."""
    table2 = build_table(read_fold_results(RESULTS / "table2/ravdess-paper-paper-random/folds.jsonl"))
    table1 = build_table(read_fold_results(RESULTS / "table1/ravdess-paper-paper-random/folds.jsonl"), "table1")
    made = {(c.system, c.over): c for row in (*table2.rows, *table1.rows) if (c := row.comparison)}
    expected = {
        ("s2", "s1"): (0.028, 0.42, "undecided"),
        ("s3", "s2"): (0.032, 0.21, "undecided"),
        ("s3", "opensmile_svm"): (0.0008, 0.22, "undecided"),
        ("s3", "poria_cnn_mkl"): (0.0002, 0.006, "reversed"),
    }
    for pair, (p_utterances, p_folds, verdict) in expected.items():
        assert made[pair].p_utterances == pytest.approx(p_utterances, abs=5e-4)
        assert made[pair].p_folds == pytest.approx(p_folds, abs=5e-3 if p_folds > 0.01 else 5e-4)
        assert made[pair].verdict == verdict and made[pair].num_folds == 10
    # Where three folds are all there is, not even a large difference is beyond doubt.
    assert made["s1", "baseline"].verdict == made["s3", "poria_lstm"].verdict == "undecided"
    assert [row.system for row in table2.rows if not row.above_chance] == ["baseline"]
