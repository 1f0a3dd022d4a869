"""Training that starts with the weights of another run: what it takes over, what it may not be tested on."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig, change
from drl4ser.runs.content import FIELDS
from drl4ser.runs.origin import Origin, check_fit, check_leak, read_origin
from drl4ser.runs.paths import finished_result, run_directory
from drl4ser.runs.run import load_run
from drl4ser.text import WordVectors
from drl4ser.training.fold import run_fold

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("s1", "lexical", width=0.05, word_dim=10),
    train=TrainConfig(batch_size=8, max_epochs=1, learning_rate=0.01),
)
STILL = change(CONFIG, {"train": {"learning_rate": 1e-12}})  # ends with the weights that it starts with


@pytest.fixture(scope="module")
def word_vectors(word_vectors_file):
    return WordVectors.load(word_vectors_file)


@pytest.fixture(scope="module")
def origin(store, word_vectors, tmp_path_factory):
    directory = run_directory(tmp_path_factory.mktemp("runs"), CONFIG)
    run_fold(CONFIG, store, directory, word_vectors)
    return read_origin(directory)


@pytest.fixture(scope="module")
def other(store):
    """The same records as if they were of other recordings."""
    return dataclasses.replace(store, corpus="other", digests={name: f"other {name}" for name in store.digests})


@pytest.fixture(scope="module")
def started(origin, other, word_vectors, tmp_path_factory):
    """A run on `other` from `origin`, with three of the four classes."""
    config = dataclasses.replace(change(STILL, {"model": {"num_classes": 3}}), corpus="other", init_from=origin.name)
    config = dataclasses.replace(config, classes=("angry", "happy", "sad"))
    directory = run_directory(tmp_path_factory.mktemp("runs"), config)
    run_fold(config, other, directory, word_vectors, init_from=origin.directory)
    return directory, config


def weights_by_layer(directory):
    return {layer.name: layer.get_weights() for layer in load_run(directory).model.layers if layer.weights}


def test_all_weights_but_the_classifier_are_taken_over(started, origin, other, word_vectors, tmp_path):
    directory, config = started
    fresh = dataclasses.replace(config, init_from="")
    run_fold(fresh, other, tmp_path / "fresh", word_vectors)
    found, taken, random = map(weights_by_layer, (directory, origin.directory, tmp_path / "fresh"))
    assert set(found) == {"lexical_lstm", "classifier_1", "classifier_2", "logits"}
    for name, weights in found.items():
        same = taken if name == "lexical_lstm" else random  # a new classifier is the one that the seed draws
        for one, two in zip(weights, same[name], strict=True):
            np.testing.assert_allclose(one, two, atol=1e-7)
    assert not np.allclose(found["lexical_lstm"][0], random["lexical_lstm"][0], atol=1e-3)
    # the statistics of the LLDs are those of the new training part
    normalizers = [load_run(path, with_model=False).normalizer for path in (directory, tmp_path / "fresh")]
    np.testing.assert_array_equal(normalizers[0].mean, normalizers[1].mean)


def test_folds_with_another_start_never_meet(started, origin):
    directory, config = started
    assert directory.parts[-3] == f"other-quick-paper-random-from-{origin.name}"
    assert config.experiment == finished_result(directory, config).experiment == directory.parts[-3]
    for start in ("", "manifest-0123456789abcdef"):
        unlike = dataclasses.replace(config, init_from=start)
        assert run_directory(directory.parents[2], unlike) != directory
        with pytest.raises(ValueError, match=f"was run with init_from='{origin.name}', now it is '{start}'"):
            finished_result(directory, unlike)


def test_a_name_that_is_not_the_runs(started, origin, other, word_vectors, tmp_path):
    _, config = started
    unlike = dataclasses.replace(config, init_from="manifest-0123456789abcdef")
    with pytest.raises(ValueError, match=f"is the run {origin.name} and not manifest-0123456789abcdef"):
        run_fold(unlike, other, tmp_path / "run", word_vectors, init_from=origin.directory)
    with pytest.raises(ValueError, match=r"must be the directory of the run that config\.init_from='manifest-"):
        run_fold(unlike, other, tmp_path / "run", word_vectors)
    with pytest.raises(ValueError, match="must be a corpus and 16 digits"):
        dataclasses.replace(config, init_from="../elsewhere")


def rename(content, names, start):
    """The content with other audio, but for the utterances `names`."""
    audio = FIELDS.index("audio")
    return {
        name: row if name in names else [*row[:audio], f"{start}{name}", *row[audio + 1 :]]
        for name, row in content.items()
    }


def test_what_is_a_leak_and_what_is_not():
    ids = [f"u{number}" for number in range(6)]
    content = {name: ["sad", "s1", "", "", f"audio {name}"] for name in ids}
    parts = {"train": ids[:2], "validation": ids[2:4], "test": ids[4:]}
    origin = Origin(None, CONFIG, "", {"manifest": content})
    # another corpus, in which only the training part is known, under any name
    check_leak(origin, "other", rename(content, parts["train"], "new "), parts, "random")
    check_leak(origin, "other", rename(content, (), "new "), parts, "random")
    for part in ("test", "validation"):  # a known recording under another name
        changed = rename(content, (), "new ") | {parts[part][0]: content[parts["train"][0]]}
        with pytest.raises(ValueError, match=rf"holds 1 of 2 recordings of its {part} part, such as"):
            check_leak(origin, "other", changed, parts, "random")
    # the same corpus: audio in another coding is known by its id
    with pytest.raises(ValueError, match=r"holds 2 of 2 recordings of its test part and 2 of 2 recordings of its val"):
        check_leak(origin, "manifest", rename(content, (), "new "), parts, "random")


def test_known_speakers_are_a_leak_where_speakers_are_kept_apart():
    def row(speaker, audio):
        return ["sad", speaker, "", "", audio]

    origin = Origin(None, CONFIG, "", {"a": {"x": row("s1", "0")}})
    content = {"u": row("s1", "1"), "v": row("s2", "2"), "w": row("s3", "3")}
    parts = {"test": ("u",), "validation": ("v",), "train": ("w",)}
    with pytest.raises(
        ValueError, match=r"holds 1 of 1 speakers of the test part, such as 's1', and SPLIT=speaker tests"
    ):
        check_leak(origin, "a", content, parts, "speaker")
    check_leak(origin, "a", content, parts, "random")  # promises nothing about speakers
    check_leak(origin, "b", content, parts, "speaker")  # another corpus's s1 is somebody else
    check_leak(origin, "a", content, {**parts, "test": ("v",), "validation": ("u",)}, "speaker")


def test_what_a_run_had_seen_goes_on_with_its_weights(started, origin, store, word_vectors, tmp_path):
    directory, _ = started
    second = read_origin(directory)
    assert set(second.seen) == {"manifest", "other"} and second.seen["manifest"] == origin.seen["manifest"]
    config = dataclasses.replace(CONFIG, init_from=second.name, fold=1)
    with pytest.raises(ValueError, match=r"holds \d+ of \d+ recordings of its test part"):
        run_fold(config, store, tmp_path / "run", word_vectors, init_from=directory)
    assert not (tmp_path / "run/config.json").exists()


def test_other_word_vectors_are_refused(started, origin, other, word_vectors_file, tmp_path):
    _, config = started
    lines = word_vectors_file.read_text(encoding="utf-8").splitlines()
    words = [line.split()[0] for line in lines[1:]]
    turned = [
        lines[0],
        *(" ".join([word, *line.split()[1:]]) for word, line in zip(words[::-1], lines[1:], strict=True)),
    ]
    (tmp_path / "turned.txt").write_text("\n".join(turned) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="was trained with other word vectors than WORD_VECTORS"):
        vectors = WordVectors.load(tmp_path / "turned.txt")
        run_fold(config, other, tmp_path / "run", vectors, init_from=origin.directory)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"width": 0.1}}, r"trained with model.width=0.05, here it is 0.1; only num_classes and dropout may"),
        ({"model": {"system": "s2"}}, "trained with model.system='s1', here it is 's2'"),
        ({"frame": {"frontend": "rapt"}}, "trained with frame=.*'rapt'"),
    ],
)
def test_another_network_is_refused(origin, changes, words):
    check_fit(origin, change(CONFIG, {"model": {"num_classes": 7, "dropout": 0.5}}))
    with pytest.raises(ValueError, match=words):
        check_fit(origin, change(CONFIG, changes))


def test_runs_that_cannot_be_started_from(origin, tmp_path):
    with pytest.raises(ValueError, match="there is no such folder"):
        read_origin(tmp_path / "none")
    directory = shutil.copytree(origin.directory, tmp_path / "run")
    content = json.loads((directory / "utterances.json").read_text(encoding="utf-8"))
    (directory / "utterances.json").write_text(json.dumps(dict(list(content.items())[1:])), encoding="utf-8")
    with pytest.raises(ValueError, match=r"utterances\.json is damaged or of other data"):
        read_origin(directory)
    for name in ("utterances.json", "model.weights.h5"):
        (directory / name).unlink()
        with pytest.raises(ValueError, match=re.escape(f"cannot be started from: it has no {name}, the")):
            read_origin(directory)
