import dataclasses
import json

import numpy as np
import pytest

from drl4ser import config
from drl4ser.reporting import fold_result, metrics, statistics
from drl4ser.reporting.pooling import check_code
from drl4ser.reporting.render import render_json, render_latex, render_markdown
from drl4ser.reporting.table import build_table

CLASSES = ("angry", "happy_ish", "sad")
IDS = [f"u{index:03}" for index in range(90)]
LABELS = np.arange(90) % 3


def make_fold_result(system="s3", fold=0, seed=0, modality="acoustic", accuracy=0.6, corpus="crema_d", **changes):
    experiment = config.ExperimentConfig(
        corpus=corpus,
        classes=CLASSES,
        num_folds=3,
        fold=fold,
        seed=seed,
        model=config.ModelConfig(system=system, modality=modality, num_classes=3),
    )
    tested = np.arange(fold, 90, 3) if seed == 0 else np.arange(30 * fold, 30 * fold + 30)
    rng = np.random.default_rng([len(system), fold, seed])
    right = rng.random(30) < accuracy
    values = {
        "utterances": [IDS[index] for index in tested],
        "labels": LABELS[tested],
        "predictions": np.where(right, LABELS[tested], (LABELS[tested] + 1) % 3),
        "num_parameters": 9_115_268,
        "units": 256,
        "epochs": 20 + fold,
        "best_epoch": 10,
        "validation_ua": 0.5,
        "overlap": {"test_speakers": 4, "shared_speakers": 3 + fold, "test_texts": 2, "shared_texts": 2},
        "commit": "abc1234567",
        "versions": {"numpy": "2.0", "llds": "1"},
    }
    return fold_result.make_fold_result(experiment, **{**values, **changes})


def make_fold_results(systems=("baseline", "s1", "s2", "s3"), modality="acoustic", folds=3, **changes):
    accuracies = dict(zip(systems, np.linspace(0.4, 0.8, len(systems)), strict=True))
    return [
        make_fold_result(system, fold, modality=modality, accuracy=accuracies[system], **changes)
        for system in systems
        for fold in range(folds)
    ]


def predictions_of(system):
    predictions = {}
    for result in make_fold_results():
        if result.system == system:
            predictions |= zip(result.utterances, result.predictions, strict=True)
    return predictions


def test_a_row_is_what_its_records_give():
    results = make_fold_results(["s3"], corpus="iemocap")
    row = build_table(results).rows[0]
    uas = [result.ua for result in results]
    assert row.ua_mean == pytest.approx(np.mean(uas), abs=1e-6)
    assert row.ua_sd == pytest.approx(np.std(uas, ddof=1), abs=1e-6)
    confusion = np.sum([result.confusion for result in results], axis=0)
    np.testing.assert_array_equal(row.confusion, confusion)
    for name, value in metrics.summarize(confusion).items():
        assert getattr(row, name) == pytest.approx(value, abs=1e-6)
    labels = [label for result in results for label in result.labels]
    predictions = [prediction for result in results for prediction in result.predictions]
    interval = statistics.bootstrap_interval(labels, statistics.recognition_scores(labels, predictions), 3)
    assert row.ua_interval == pytest.approx(interval, abs=1e-6)
    assert (row.num_results, row.num_wanted, row.num_utterances) == (3, 3, 90)
    assert row.epochs == (20, 22) and row.comparison is None
    assert row.paper == {"ua": 69.4, "f1": 0.693, "parameters": "9.11M"}


def test_rows_stand_in_the_papers_order_and_are_compared_with_the_row_above():
    results = make_fold_results(modality="acoustic+lexical", corpus="iemocap") + make_fold_results(corpus="iemocap")
    table = build_table(results[::-1])
    order = [(row.modality, row.system) for row in table.rows]
    systems = ["baseline", "s1", "s2", "s3"]
    assert order == [(m, s) for m in ("acoustic", "acoustic+lexical") for s in systems]
    assert [bool(row.comparison) for row in table.rows] == [False, True, True, True] * 2
    comparison = table.rows[2].comparison
    assert (comparison.system, comparison.over) == ("s2", "s1")
    predictions = [[predictions_of(system)[utterance] for utterance in IDS] for system in ("s2", "s1")]
    scores = [statistics.recognition_scores(LABELS, values) for values in predictions]
    expected = statistics.paired_bootstrap(LABELS, *scores, 3)
    assert comparison.difference == pytest.approx(expected.difference, abs=1e-6)
    assert comparison.p_utterances == pytest.approx(expected.p_value, abs=1e-6)
    uas = [np.mean(np.array(p) == LABELS) for p in predictions]  # the classes are of one size
    assert comparison.relative_improvement == pytest.approx(100 * (uas[0] / uas[1] - 1), abs=1e-4)
    assert comparison.paper_relative_improvement == pytest.approx(6.957929)


def test_table1_compares_the_proposed_system_with_every_row():
    results = make_fold_results(["xia_dnn", "poria_lstm", "s3", "s1"], corpus="iemocap")
    table = build_table(results, "table1")
    assert [row.system for row in table.rows] == ["xia_dnn", "poria_lstm", "s3"]
    pairs = [(c.system, c.over) if (c := row.comparison) else None for row in table.rows]
    assert pairs == [("s3", "xia_dnn"), ("s3", "poria_lstm"), None]
    markdown = render_markdown(table)
    assert "Reported UA %" in markdown and "S3 over Xia & Liu 2017" in markdown and "60.1 |" in markdown
    assert r"S3 over Xia \& Liu 2017" in render_latex(table)
    without = build_table(results[:6], "table1")
    assert all(row.comparison is None for row in without.rows)


def test_the_ablation_compares_s3_with_rows_that_are_not_the_papers():
    results = make_fold_results(["gca_40ms", "trunk_max", "poria_cnn", "s3", "s2"], corpus="iemocap")
    table = build_table(results, "ablation")
    assert [row.system for row in table.rows] == ["trunk_max", "gca_40ms", "poria_cnn", "s3"]
    assert [(c.system, c.over) for row in table.rows[:3] if (c := row.comparison)] == [
        ("s3", "trunk_max"), ("s3", "gca_40ms"), ("s3", "poria_cnn"),
    ]  # fmt: skip
    assert not any(row.paper for row in table.rows)
    markdown = render_markdown(table)
    assert "Only S3 is a system of the paper." in markdown and "S3 over GCA-LSTM, steps of 40 ms" in markdown
    assert "Only S3 is a system of the paper." not in render_markdown(build_table(results, "table1"))


def with_hits(**hits):
    """Results of systems that recognise so many of the thirty utterances of each fold."""
    results = []
    for system, numbers in hits.items():
        for fold, number in enumerate(numbers):
            labels = LABELS[fold::3]
            predictions = np.where(np.arange(30) < number, labels, (labels + 1) % 3)
            results.append(make_fold_result(system, fold, predictions=predictions))
    return results


def test_the_verdict_is_that_of_the_corrected_test_over_all_comparisons():
    """Over utterances all three differences are beyond doubt; over three folds only the one without scatter is."""
    results = with_hits(xia_dnn=(9, 15, 6), poria_lstm=(10, 12, 9), mirsamadi_attention=(28, 22, 30), s3=(20, 21, 19))
    table = build_table(results, "table1")
    uas = {system: [item.ua for item in results if item.system == system] for system in ("xia_dnn", "poria_lstm", "s3")}
    made = [row.comparison for row in table.rows[:3]]
    for comparison in made[:2]:
        differences = np.subtract(uas["s3"], uas[comparison.over])
        # Of three folds each trains on one part and tests another.
        assert comparison.p_folds == pytest.approx(statistics.corrected_t_test(differences, 1.0), abs=1e-6)
    assert all(comparison.p_utterances < 0.01 and comparison.num_folds == 3 for comparison in made)
    holm = statistics.holm_significance([comparison.p_folds for comparison in made])
    assert [comparison.verdict != "undecided" for comparison in made] == holm
    assert [comparison.verdict for comparison in made] == ["undecided", "holds", "undecided"]
    markdown = render_markdown(table)
    lines = [line for line in markdown.splitlines() if line.startswith("| S3 over")]
    assert ["| holds " in line for line in lines] == [False, True, False]
    assert "Holm's correction over all 3 comparisons" in markdown
    assert "Holm" not in render_markdown(build_table(make_fold_results(["s3"])))


def test_folds_that_are_alike_decide_no_more_than_the_choice_of_their_utterances():
    """S3 misses six, six and five of thirty, S2 eight others: the differences are alike, and could be chance."""
    results = []
    for fold, missed in enumerate((6, 6, 5)):
        labels, places = LABELS[fold::3], np.arange(30)
        for system, hits in (("s2", places >= 8), ("s3", places < 30 - missed)):
            results.append(make_fold_result(system, fold, predictions=np.where(hits, labels, (labels + 1) % 3)))
    comparison = build_table(results).rows[1].comparison
    uas = [[item.ua for item in results if item.system == system] for system in ("s3", "s2")]
    assert statistics.corrected_t_test(np.subtract(*uas), 1.0) < 0.1 < comparison.p_utterances == comparison.p_folds


def test_given_folds_train_on_eight_ninths_of_what_they_do_not_test():
    def as_given(result):
        config = {**result.config, "split": "given"}
        return dataclasses.replace(result, split="given", config=config)

    results = list(map(as_given, with_hits(s2=(10, 13, 15), s3=(20, 21, 23))))
    uas = {system: [item.ua for item in results if item.system == system] for system in ("s2", "s3")}
    expected = statistics.corrected_t_test(np.subtract(uas["s3"], uas["s2"]), (1 / 3) / (8 / 9 * 2 / 3))
    table = build_table(results)
    assert table.rows[1].comparison.p_folds == pytest.approx(expected, abs=1e-6)
    note = "Split given in 3 folds. They come with the corpus; 1/9 of what a fold does not test validates."
    assert note in render_markdown(table)


def test_table_2_is_corrected_too_and_a_difference_of_the_other_sign_is_reversed():
    table = build_table(with_hits(s1=(20, 22, 22), s2=(10, 11, 12), s3=(10, 12, 11)))
    assert [row.comparison and row.comparison.verdict for row in table.rows] == [None, "reversed", "undecided"]
    assert "Holm's correction over all 2 comparisons" in render_markdown(table)
    # By itself p = 0.029 would do; beside two others it does not.
    alone, beside = with_hits(s2=(10, 13, 15), s3=(20, 21, 23)), with_hits(baseline=(9, 9, 9), s1=(9, 9, 9))
    assert build_table(alone).rows[1].comparison.verdict == "holds"
    last = build_table([*beside, *alone]).rows[3].comparison
    assert last.verdict == "undecided" and last.p_folds == build_table(alone).rows[1].comparison.p_folds


def test_a_row_whose_interval_includes_chance_says_so():
    rows = build_table(with_hits(s2=(10, 10, 10), s3=(20, 20, 20))).rows
    assert [row.above_chance for row in rows] == [False, True]
    lines = render_markdown(build_table(with_hits(s2=(10, 10, 10), s3=(20, 20, 20)))).splitlines()
    assert ["not above chance" in line for line in lines[2:4]] == [True, False]
    assert "chance is 33.3 %" in "".join(lines)


def test_several_seeds_tell_what_the_scatter_is_due_to():
    results = [make_fold_result(fold=fold, seed=seed) for fold in range(3) for seed in (0, 1)]
    row = build_table(results).rows[0]
    expected = statistics.split_deviation(*zip(*((r.ua, r.seed, r.confusion) for r in results), strict=True))
    assert row.deviations == {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()}
    note = "of the UA of a fold (points) by its causes: S3 A seed "
    assert note in render_markdown(build_table(results))
    one = build_table(make_fold_results(["s3"]))
    assert one.rows[0].deviations is None and note not in render_markdown(one)


def test_code_that_differs_is_said_in_the_row_and_under_the_table():
    results = make_fold_results(["s1", "s2", "s3"])
    results = [
        dataclasses.replace(item, commit="b" * 10) if item.key[2] and item.system == "s1" else item for item in results
    ]
    results = [dataclasses.replace(item, commit="c-dirty") if item.system == "s3" else item for item in results]
    markdown = render_markdown(build_table(results))
    assert "3/3, mixed code |" in markdown and "3/3, uncommitted code |" in markdown
    assert "changes that were not committed): S1 A abc1234567, bbbbbbbbbb; S2 A abc1234567; S3 A c-dirty." in markdown
    for chosen, refused in ((results[3:6], False), (results[:6], True), (results[:3], True), (results[6:], True)):
        if refused:
            with pytest.raises(ValueError, match=r"differing or uncommitted code \(.*ALLOW_MIXED_CODE=true"):
                check_code(chosen)
        else:
            check_code(chosen)


def test_a_row_that_is_no_network_and_not_the_papers():
    reference = make_fold_results(["opensmile_svm"], corpus="iemocap", num_parameters=0, epochs=0, best_epoch=0)
    table = build_table([*reference, *make_fold_results(["xia_dnn", "s3"], corpus="iemocap")], "table1")
    assert [row.system for row in table.rows] == ["xia_dnn", "s3", "opensmile_svm"]
    markdown = render_markdown(table)
    (cells,) = [line.split("|") for line in markdown.splitlines() if line.startswith("| openSMILE and SVM ")]
    assert [cells[index].strip() for index in (3, 9, 10, 11)] == ["-"] * 4
    assert "20 to 22 epochs per fold" in markdown and "S3 over openSMILE and SVM" in markdown


def test_an_incomplete_row_says_so_and_is_compared_on_shared_utterances():
    results = make_fold_results(["baseline", "s1"])[1:]
    table = build_table(results)
    assert table.rows[1].comparison.num_utterances == 60
    markdown = render_markdown(table)
    assert "| Baseline | A       |    9,115,268 |     2/3 |" in markdown
    assert "- Incomplete: 2 of 3 folds of Baseline A.\n" in markdown
    nothing_shared = [make_fold_result("baseline", 0), make_fold_result("s1", 1)]
    assert build_table(nothing_shared).rows[1].comparison is None


def test_seeds_are_averaged_by_utterance():
    # Seed 1 cuts the folds differently, so fold 0 of the two seeds is not the same part of the corpus.
    results = [make_fold_result(fold=fold, seed=seed) for fold in range(3) for seed in (0, 1)]
    row = build_table(results).rows[0]
    assert (row.seeds, row.num_results, row.num_utterances) == ((0, 1), 6, 90)
    assert np.sum(row.confusion) == 90
    expected = np.sum([result.confusion for result in results], axis=0) / 2
    np.testing.assert_allclose(row.confusion, expected)
    assert row.ua_mean == pytest.approx(np.mean([result.ua for result in results]), abs=1e-6)
    assert "6/6" in render_markdown(build_table(results))


def test_one_fold_has_no_deviation_and_an_unseen_class_no_recall():
    tested = {"utterances": ["a", "b"], "labels": [0, 1], "predictions": [0, 0]}
    table = build_table([make_fold_result(**tested)])
    assert table.rows[0].ua_sd is None and table.rows[0].recalls == (1.0, 0.0, None)
    cells = [cell.strip() for cell in render_markdown(table).splitlines()[2].split("|")]
    assert cells[4:6] == ["1/3", "50.0"] and "±" not in "".join(cells)
    recalls = render_markdown(table).split("| Recall %")[1].splitlines()
    assert [cell.strip() for cell in recalls[0].split("|")][1:-1] == list(table.facts.classes)
    assert [cell.strip() for cell in recalls[2].split("|")][2:-1] == ["100.0", "0.0", "-"]
    json.loads(render_json(table))


def with_setting(result, **settings):
    return dataclasses.replace(result, config={**result.config, **settings})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r, "s3 acoustic fold 0 seed 0 occurs twice"),
        (
            lambda r: with_setting(make_fold_result(fold=1), train={"batch_size": 64}),
            "`train.batch_size` is 128 in one and 64 in",
        ),
        (lambda r: make_fold_result(fold=1, corpus="emodb"), "`corpus` is 'crema_d' in one and 'emodb'"),
        (lambda r: make_fold_result(fold=1, versions={"llds": "2"}), "`versions.llds` is '1' in one and '2'"),
        (lambda r: make_fold_result(fold=1, num_parameters=1), "differ in their number of parameters"),
        (
            lambda r: make_fold_result("s2", predictions=LABELS[:30], labels=LABELS[:30]),
            "Utterance u003 has two classes",
        ),
        (
            lambda r: make_fold_result("s2", utterances=IDS[:30], labels=LABELS[:30], predictions=LABELS[:30]),
            "s3 acoustic fold 0 seed 0 and s2 acoustic fold 0 seed 0 cannot .* on different utterances",
        ),
        (
            lambda r: make_fold_result(fold=1, utterances=r.utterances, labels=r.labels, predictions=r.predictions),
            "fold 1 seed 0 tests utterance u000, and so does fold 0: folds must not overlap",
        ),
    ],
)
def test_records_that_do_not_belong_together_are_refused(change, message):
    result = make_fold_result()
    with pytest.raises(ValueError, match=message):
        build_table([result, change(result)])


def test_folds_of_a_corpus_that_changed_between_them_are_refused():
    first, *others = make_fold_results(["s3"])
    known = [with_setting(result, utterances_sha256="a" * 64) for result in others]
    build_table([first, *known])  # a fold of a version that did not keep the content stands beside others
    with pytest.raises(ValueError, match="fold 1 seed 0 and s3 acoustic fold 2 seed 0 cannot stand in one table: ids"):
        build_table([first, known[0], with_setting(known[1], utterances_sha256="b" * 64)])


def test_no_records_and_an_unknown_table_are_refused():
    with pytest.raises(ValueError, match="no fold results"):
        build_table([make_fold_result("xia_dnn")], "table2")
    with pytest.raises(ValueError, match="`table` must be one of"):
        build_table([make_fold_result()], "table3")
