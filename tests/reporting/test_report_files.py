"""The table in its four formats and the files around it."""

import csv
import dataclasses
import io
import json
import shutil
import subprocess
import sys

import pytest

from drl4ser.config import change, make_experiment, to_dict
from drl4ser.reporting.fold_result import read_fold_results
from drl4ser.reporting.render import render_csv, render_json, render_latex, render_markdown
from drl4ser.reporting.table import build_table
from drl4ser.reporting.write import find_stale, rebuild_reports, write_report
from tests.reporting.test_report import make_fold_result, make_fold_results


def test_markdown_is_aligned_and_its_notes_are_complete():
    markdown = render_markdown(build_table(make_fold_results()))
    blocks = markdown.split("\n\n")
    assert len(blocks) == 4
    for block in blocks[:3]:
        assert len({(len(line), line.count("|")) for line in block.splitlines()}) == 1
    for part in (
        "Corpus crema_d: 90 tested utterances (angry 30, happy_ish 30, sad 30).",
        "Split random in 3 folds. Of a test part, 3 to 5 of 4 speakers and 2 of 2 texts occur in its",
        "training part too. Not counted: pairs of speaker and text.",
        "Recipe paper, profile quick (width 1), float32, 20 to 22 epochs per fold, seed 0.",
        "Commit abc1234567; llds 1, numpy 2.0.",
    ):
        assert part in blocks[3]
    assert "Incomplete" not in markdown and "differing code" not in markdown


def test_shared_pairs_are_printed_where_all_folds_counted_them():
    overlap = {"test_speakers": 4, "shared_speakers": 4, "test_texts": 2, "shared_texts": 2}
    counted = make_fold_results(["s3"], overlap={**overlap, "test_pairs": 8, "shared_pairs": 7})
    assert "2 of 2 texts and 7 of 8 pairs of speaker and text occur" in render_markdown(build_table(counted))
    older = make_fold_results(["s3"], overlap=overlap)
    assert "Not counted: pairs" in render_markdown(build_table([counted[0], *older[1:]]))


@pytest.mark.parametrize(
    ("corpus", "modality", "noted"),
    [("synthetic", "acoustic+lexical", True), ("synthetic", "acoustic", False), ("iemocap", "acoustic+lexical", False)],
)
def test_words_of_the_default_corpus_come_with_a_warning(corpus, modality, noted):
    markdown = render_markdown(build_table(make_fold_results(["s3"], corpus=corpus, modality=modality)))
    assert ("They carry the emotion by construction." in markdown) == noted


def test_the_papers_numbers_stand_only_where_the_corpus_is_the_papers():
    markdown = render_markdown(build_table(make_fold_results(corpus="iemocap")))
    assert " 69.4 |" in markdown and "Paper UA %" in markdown and "9,115,268 (9.11M)" in markdown
    assert "same corpus, IEMOCAP" in markdown and "+5.0 |" in markdown
    for corpus in ("crema_d", "manifest"):
        table = build_table(make_fold_results(corpus=corpus))
        assert not any(row.paper for row in table.rows)
        for text in (render_markdown(table), render_latex(table), render_csv(table)):
            assert "paper" not in text.lower().replace("recipe paper", "") and "9.11M" not in text


def test_papers_numbers_of_rid_for_a_five_class_manifest():
    results = make_fold_results(corpus="rid")
    classes = (*results[0].classes, "neutral", "surprised")
    wider = []
    for result in results:
        config = {**result.config, "classes": list(classes)}
        confusion = [[*row, 0, 0] for row in result.confusion] + [[0] * 5] * 2
        wider.append(dataclasses.replace(result, classes=classes, confusion=confusion, config=config))
    markdown = render_markdown(build_table(wider))
    assert " 90.2 |" in markdown and " 69.4 |" not in markdown and "from RID" in markdown


def test_one_fold_has_no_p_over_folds():
    one = [result for result in make_fold_results(["s2", "s3"]) if result.fold == 0]
    (line,) = (line for line in render_markdown(build_table(one)).splitlines() if line.startswith("| S3 over S2"))
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[3:5] == ["undecided", "1"] and cells[8] == "-"


def test_folds_with_the_same_difference_have_no_p_over_folds():
    """Their scatter is unknown; p = 1.000 beside a large difference would be read as none."""
    results = [
        make_fold_result(name, fold, accuracy=right) for name, right in (("s2", 0), ("s3", 1)) for fold in (0, 1)
    ]
    table = build_table(results)
    (comparison,) = (row.comparison for row in table.rows if row.comparison)
    assert comparison.p_folds is None and comparison.num_folds == 2 and comparison.difference == 1
    (line,) = (line for line in render_markdown(table).splitlines() if line.startswith("| S3 over S2"))
    assert line.split("|")[8].strip() == "-"


def test_latex_is_escaped_and_balanced():
    table = build_table(make_fold_results()[::-1])
    table = dataclasses.replace(table, facts=dataclasses.replace(table.facts, corpus="a_b & 50% #1 {x}"))
    latex = render_latex(table)
    assert r"a\_b \& 50\% \#1 \{x\}" in latex and r" $\pm$ " in latex and "±" not in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 2
    for line in latex.splitlines():
        plain = line.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
    rows = [line for line in latex.splitlines() if line.startswith((" S", " Baseline")) and line.endswith(r"\\")]
    assert [row.count("&") for row in rows] == [7] * 5 + [8] * 3
    assert "$-$" in render_latex(build_table(make_fold_results(["s3", "s2"])))


def test_csv_and_json_hold_the_table():
    table = build_table(make_fold_results())
    started = dataclasses.replace(table, facts=dataclasses.replace(table.facts, init_from="emodb-0123456789abcdef"))
    assert json.loads(render_json(started)) == json.loads(json.dumps(dataclasses.asdict(started)))
    assert "starts with weights of a run on emodb (0123456789abcdef)" in render_markdown(started)
    assert "init_from" not in render_json(table) and "starts with" not in render_markdown(table)

    rows = list(csv.DictReader(io.StringIO(render_csv(table))))
    assert [row["system"] for row in rows] == ["baseline", "s1", "s2", "s3"]
    assert float(rows[3]["ua"]) == table.rows[3].ua and rows[3]["compared_over"] == "s2"
    assert rows[0]["compared_p_folds"] == "" and rows[3]["compared_num_utterances"] == "90"
    assert [float(rows[3][f"ua_{end}"]) for end in ("low", "high")] == list(table.rows[3].ua_interval)
    rows = list(csv.DictReader(io.StringIO(render_csv(build_table(make_fold_results(corpus="iemocap"))))))
    assert rows[0]["paper_ua"] == "56.4" and rows[0]["paper_parameters"] == "9.27M"


def test_settings_that_are_not_the_recipes_are_named():
    config = make_experiment("quick", "tuned", corpus="mine")
    changed = change(config, {"train": {"learning_rate": 1e-4}, "model": {"filters": (8, 8, 8, 8, 8)}})
    usual, other = (
        build_table(
            [
                dataclasses.replace(result, recipe="tuned", corpus="mine", config=to_dict(item))
                for result in make_fold_results(["s3"])
            ]
        )
        for item in (config, changed)
    )
    note = "seed 0. Not as recipe and profile are now: filters=[8, 8, 8, 8, 8], learning_rate=0.0001."
    assert note in render_markdown(other) and "filters=" in render_json(other)
    assert "recipe and profile are now" not in render_markdown(usual)


def test_a_report_has_all_files_the_same_bytes_again_and_is_checked(tmp_path):
    results = make_fold_results(["s2", "s3"])
    directory = write_report(results + make_fold_results(["xia_dnn"]), tmp_path)
    assert directory == tmp_path / "table2" / "crema_d-quick-paper-random"
    names = {"table2.md", "table2.csv", "table2.tex", "table2.json", "folds.jsonl", "confusion.png"}
    first = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert set(first) == names
    assert read_fold_results(directory / "folds.jsonl") == results
    write_report(read_fold_results(directory / "folds.jsonl")[::-1], tmp_path)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == first
    assert find_stale(tmp_path) == []
    tables = sorted(name for name in names if name.startswith("table2"))
    for name in tables:
        (directory / name).write_bytes(first[name].replace(b"2", b"3", 1))
        assert find_stale(tmp_path) == [directory / name]
        (directory / name).write_bytes(first[name])
    deeper = shutil.copytree(directory, tmp_path / "float32" / "table2" / directory.name)
    (deeper / tables[0]).write_bytes(first[tables[0]].replace(b"2", b"3", 1))
    assert find_stale(tmp_path) == [deeper / tables[0]]
    rebuild_reports(tmp_path)
    assert find_stale(tmp_path) == []
    shutil.rmtree(tmp_path / "float32")
    (directory / "folds.jsonl").unlink()
    assert sorted(find_stale(tmp_path)) == [directory / name for name in tables]


def test_mixed_code_is_written_only_where_it_is_allowed(tmp_path):
    mixed = [*make_fold_results(["s2"]), *make_fold_results(["s3"], commit="b" * 10)]
    with pytest.raises(ValueError, match=r"\(abc1234567, bbbbbbbbbb\).*ALLOW_MIXED_CODE=true \(--allow_mixed_code\)"):
        write_report(mixed, tmp_path)
    assert not list(tmp_path.iterdir())
    directory = write_report(mixed, tmp_path, allow_mixed_code=True)
    assert "differing code" in (directory / "table2.md").read_text() and find_stale(tmp_path) == []


def test_neither_tensorflow_nor_pyplot_is_imported():
    program = "import sys; import drl4ser.reporting; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "matplotlib.pyplot"} & set(run.stdout.split())
