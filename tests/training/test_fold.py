import contextlib
import dataclasses
import json
import os
import queue
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from drl4ser import files
from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig, change, to_dict
from drl4ser.corpora import make_folds
from drl4ser.files import LockedError, read_archive
from drl4ser.reporting.fold_result import read_fold_result, write_fold_result
from drl4ser.reporting.metrics import confusion_matrix
from drl4ser.runs.content import bind_content
from drl4ser.runs.paths import run_directory, write_config
from drl4ser.text import WordVectors
from drl4ser.training import grid
from drl4ser.training.fold import run_fold
from drl4ser.training.grid import run_grid
from tests.conftest import PATIENCE_S

ROOT = Path(__file__).parents[2]
CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("s1", "lexical", width=0.05, word_dim=10, dropout=0.1),
    train=TrainConfig(batch_size=4, max_epochs=3, learning_rate=0.01),
)


@pytest.fixture(scope="module")
def word_vectors(word_vectors_file):
    return WordVectors.load(word_vectors_file)


@pytest.fixture(scope="module")
def finished(store, word_vectors, tmp_path_factory):
    """A finished fold: its directory and record."""
    directory = run_directory(tmp_path_factory.mktemp("runs"), CONFIG)
    return directory, run_fold(CONFIG, store, directory, word_vectors)


def test_a_record_says_what_was_tested_and_how(finished, store):
    directory, record = finished
    fold = make_folds(store.utterances, num_folds=3)[0]
    emotions = {item.id: item.emotion for item in store.utterances}
    assert tuple(record.utterances) == fold.test
    assert [record.classes[label] for label in record.labels] == [emotions[name] for name in fold.test]
    assert record.confusion == confusion_matrix(record.labels, record.predictions, 4).tolist()
    assert record.epochs == 3 and 1 <= record.best_epoch <= 3
    assert record.overlap["test_speakers"] == record.overlap["shared_speakers"] == 2
    assert record.versions["llds"] and record.config["model"]["width"] == 0.05
    assert read_fold_result(directory / "record.json") == record
    assert directory.parts[-3:] == ("manifest-quick-paper-random", "s1-lexical", "fold-00-seed-0")


def test_a_run_directory_is_complete(finished):
    directory, record = finished
    names = {path.name.split(".tfevents.")[0] for path in directory.iterdir()}
    assert names == {
        "checksums.json",
        "config.json",
        "events.out",
        "history.json",
        "input_range.json",
        "model.weights.h5",
        "normalizer.json",
        "record.json",
        "projector_config.pbtxt",
        "representations.tsv",
        "seconds.jsonl",
        "utterances.json",
        "utterances.tsv",
        "words.bin",
    }
    history = json.loads((directory / "history.json").read_text(encoding="utf-8"))
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[record.best_epoch - 1]["validation_ua"] == record.validation_ua


def test_tensorboard_shows_curves_confusions_and_hyper_parameters(finished):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(finished[0]), size_guidance={"tensors": 0})
    accumulator.Reload()
    cards = [tag for tag in sorted(accumulator.Tags()["tensors"], key=str.lower) if not tag.startswith("_")]
    assert cards == [  # in TensorBoard's order
        *(f"accuracy/{name} {part}" for name in ("UA", "WA") for part in ("test", "validation")),
        *("loss/training", "loss/validation", "macro F1/test", "macro F1/validation"),
        *("optimiser/gradient norm", "optimiser/learning rate"),
        *("pictures/confusion test", "pictures/confusion validation"),
    ]
    assert [event.step for event in accumulator.Tensors("accuracy/UA validation")] == [1, 2, 3]
    assert any(tag.startswith("_hparams_") for tag in accumulator.summary_metadata)


def test_a_finished_fold_is_not_run_again(finished, store, word_vectors):
    directory, record = finished
    before = (directory / "model.weights.h5").stat().st_mtime_ns
    assert run_fold(CONFIG, store, directory, word_vectors) == record
    assert (directory / "model.weights.h5").stat().st_mtime_ns == before


def test_a_directory_of_another_configuration_is_refused(finished, store, word_vectors):
    other = change(CONFIG, {"train": {"max_epochs": 4}})
    with pytest.raises(ValueError, match=r"was run with train\.max_epochs=3, now it is 4; choose another"):
        run_fold(other, store, finished[0], word_vectors)


def relabelled(store, name, **changes):
    """The store of a corpus in which one utterance was corrected."""
    changed = [dataclasses.replace(item, **changes) if item.id == name else item for item in store.utterances]
    return dataclasses.replace(store, utterances=tuple(changed))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"emotion": "sad"}, "emotion of 1 utterance changed, such as 'angry_1.wav', angry, now sad"),
        ({"speaker": "s7"}, "speaker of 1 utterance changed, such as 'angry_1.wav', s1, now s7"),
        ({"text": "other words"}, "text of 1 utterance changed, such as 'angry_1.wav'"),
        ({"id": "x.wav"}, "1 utterance is gone, such as 'angry_1.wav'; 1 utterance is new, such as 'x.wav'"),
    ],
)
def test_a_finished_fold_of_other_data_is_refused(finished, store, word_vectors, changes, words):
    directory, _ = finished
    other = relabelled(store, "angry_1.wav", **changes)
    other = dataclasses.replace(other, digests={**store.digests, "x.wav": store.digests["angry_1.wav"]})
    remedy = f"Delete {directory.parent.parent} or choose another RUNS_DIR and RESULTS_DIR"
    with pytest.raises(ValueError, match=re.escape(f"was run on other data: {words}. {remedy}")):
        run_fold(CONFIG, other, directory, word_vectors)


def test_other_audio_under_the_same_name_is_refused(finished, store, word_vectors):
    other = dataclasses.replace(store, digests={**store.digests, "sad_2.wav": "0" * 64})
    with pytest.raises(ValueError, match=r"audio of 1 utterance changed, such as 'sad_2\.wav'"):
        run_fold(CONFIG, other, finished[0], word_vectors)


def test_a_checkpoint_of_other_data_is_refused(store, word_vectors, tmp_path):
    write_config(tmp_path, bind_content(CONFIG, store.content(CONFIG.classes)), store.content(CONFIG.classes))
    (tmp_path / "checkpoint.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="emotion of 1 utterance changed"):
        run_fold(CONFIG, relabelled(store, "happy_3.wav", emotion="angry"), tmp_path, word_vectors)


def test_a_checkpoint_of_a_version_that_did_not_keep_the_content_is_not_resumed(store, word_vectors, tmp_path):
    write_config(tmp_path, CONFIG)
    (tmp_path / "checkpoint.npz").write_bytes(b"would be refused as damaged")
    assert run_fold(CONFIG, store, tmp_path, word_vectors).epochs == 3


def test_a_finished_fold_of_a_version_that_did_not_keep_the_content(finished, store, word_vectors, tmp_path):
    """It counts as finished, unless its test part contradicts the corpus."""
    record = finished[1]
    config = {name: value for name, value in record.config.items() if name != "utterances_sha256"}
    older = dataclasses.replace(record, config=config)
    write_config(tmp_path, CONFIG)
    write_fold_result(tmp_path / "record.json", older)
    assert run_fold(CONFIG, store, tmp_path, word_vectors) == older
    tested = older.utterances[0]
    with pytest.raises(ValueError, match=f"other data: emotion of 1 utterance changed, such as '{tested}', angry, now"):
        run_fold(CONFIG, relabelled(store, tested, emotion="sad"), tmp_path, word_vectors)
    with pytest.raises(ValueError, match=f"other data: 1 utterance is gone, such as '{tested}'"):
        gone = tuple(item for item in store.utterances if item.id != tested)
        run_fold(CONFIG, dataclasses.replace(store, utterances=gone), tmp_path, word_vectors)


def test_word_vectors_must_fit(store, word_vectors, tmp_path):
    with pytest.raises(ValueError, match="needs word vectors"):
        run_fold(CONFIG, store, tmp_path / "a", None)
    wide = change(CONFIG, {"model": {"word_dim": 300}})
    with pytest.raises(ValueError, match="have 10 dimensions, the model expects 300"):
        run_fold(wide, store, tmp_path / "b", word_vectors)


@pytest.fixture(scope="module")
def by_one_job(records_dir, word_vectors_file, tmp_path_factory):
    """The fold of `finished`, run by a worker process."""
    runs_dir = tmp_path_factory.mktemp("runs")
    run_grid([CONFIG], records_dir, runs_dir, word_vectors_file)
    return run_directory(runs_dir, CONFIG)


def test_a_result_depends_neither_on_jobs_nor_on_folds(
    by_one_job, records_dir, word_vectors_file, tmp_path, monkeypatch
):
    """JOBS=1 FOLDS=1 and JOBS=2 FOLDS=3 give the same bytes, and the result names the threads."""
    pools = []
    make_pool = grid.make_pool
    monkeypatch.setattr(grid, "make_pool", lambda *args: pools.append(make_pool(*args)) or pools[-1])
    monkeypatch.setattr(grid, "FOLDS_PER_WORKER", 1)
    configs = [dataclasses.replace(CONFIG, fold=fold) for fold in (0, 1, 2)]
    records = run_grid(configs, records_dir, tmp_path, word_vectors_file, num_jobs=2)
    assert [record.fold for record in records] == [0, 1, 2]
    assert len(pools) == 2  # memory that TensorFlow does not give back goes with its process
    for name in ("record.json", "history.json"):
        assert (run_directory(tmp_path, CONFIG) / name).read_bytes() == (by_one_job / name).read_bytes()
    assert records[0].versions["threads"] == "1" and records[0].versions["processor"]


def test_an_error_in_a_fold_reaches_the_caller(records_dir, word_vectors_file, tmp_path):
    bad = change(CONFIG, {"model": {"word_dim": 300}})
    with pytest.raises(ValueError, match="the model expects 300"):
        run_grid([bad], records_dir, tmp_path, word_vectors_file)


def test_a_killed_grid_resumes_and_gives_the_same_record(by_one_job, records_dir, word_vectors_file, tmp_path):
    """`kill -9` of the parent in mid training: its workers end too, and the same command gives the same bytes."""
    code = (
        "import json, sys; from pathlib import Path; from drl4ser.training.grid import run_grid;"
        "from drl4ser.config import ExperimentConfig; from drl4ser.config import from_dict;"
        "config = from_dict(ExperimentConfig, json.loads(sys.argv[1]));"
        "run_grid([config], *(Path(path) for path in sys.argv[2:]))"
    )
    arguments = [json.dumps(to_dict(CONFIG)), str(records_dir), str(tmp_path), str(word_vectors_file)]
    script, held = tmp_path / "script.py", tmp_path / "held"
    held.touch()
    hold = f"from pathlib import Path; from tests.hold import hold_after_checkpoints as hold; hold(Path({str(held)!r}))"
    # Workers import this script too, and so wait after their first checkpoint.
    script.write_text(f"{hold}\nif __name__ == '__main__':\n    {code}\n", encoding="utf-8")
    command = [sys.executable, str(script), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0"}
    directory = run_directory(tmp_path, CONFIG)
    deadline = time.monotonic() + PATIENCE_S
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while not (directory / "checkpoint.npz").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.stderr.read()  # ends when the last worker has closed it
    assert not (directory / "record.json").exists()
    held.unlink()
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert (directory / "record.json").read_bytes() == (by_one_job / "record.json").read_bytes()
    assert not (directory / "checkpoint.npz").exists()


def test_the_first_epoch_is_compiling_and_stays_out_of_the_estimate():
    events = queue.SimpleQueue()
    with grid._Progress([CONFIG], events) as progress:
        events.put((CONFIG, None))
    assert "fold 1/3 seed 0 is compiling its first epoch" in progress._bar.desc
    with grid._Progress([CONFIG], events) as progress:
        for epoch in (1, 2):
            events.put((CONFIG, {"epoch": epoch, "validation_ua": 0.5}))
    assert (progress._bar.initial, progress._bar.n) == (1, 2) and "epoch 2 UA 50.0%" in progress._bar.desc


def test_finished_folds_stay_out_of_the_estimate_wherever_they_stand(finished):
    """Systems that were adopted or trained before may come after one that is new."""
    directory, record = finished
    events, configs = queue.SimpleQueue(), [dataclasses.replace(CONFIG, fold=1), CONFIG]
    with grid._Progress(grid._unfinished(configs, directory.parents[2]), events) as progress:
        assert progress._bar.total == CONFIG.train.max_epochs
        events.put((CONFIG, record))
    assert progress._bar.total == CONFIG.train.max_epochs


def test_ctrl_c_writes_a_checkpoint_and_a_second_command_is_refused_at_once(records_dir, tmp_path):
    """No checkpoint is due within the interval; the message of the first command is true."""
    options = ("--corpus=manifest", f"--records_dir={records_dir}", f"--runs_dir={tmp_path}", "--num_folds=3")
    model = ("--system=xia_dnn", "--modality=acoustic", "--epochs=20000", "--change=train.patience=20000")
    command = [sys.executable, "-m", "experiments.train", *options, *model, "--change=model.width=0.05"]
    environment = {**os.environ, "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "1000"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **streams) as process:
        shown = ""
        while "UA" not in shown:
            shown += process.stdout.read(1)
            assert process.poll() is None, shown
        assert "is compiling its first epoch" in shown
        second = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
        assert second.returncode == 1 and f"is in use by process {process.pid} on" in second.stderr
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        rest, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130 and "Traceback" not in rest, rest
    assert "interrupted; the same command resumes after the last finished epoch" in rest
    (checkpoint,) = tmp_path.rglob("checkpoint.npz")
    history = json.loads(read_archive(checkpoint)["progress"].tobytes())["history"]
    assert history[-1]["epoch"] == len(history) >= 1
    assert f"epoch {len(history)} UA" in shown + rest


def test_of_two_commands_at_once_one_has_all_folds(tmp_path):
    """Also where they name the systems in another order, or one of them wants other folds."""
    ours, theirs = (change(CONFIG, {"model": {"system": system}}) for system in ("s1", "s2"))
    with grid._claimed([theirs, ours], tmp_path):
        for wanted in ([ours, theirs], [dataclasses.replace(theirs, fold=2)]):
            started = time.monotonic()
            with (
                pytest.raises(LockedError, match=rf"is in use by process {os.getpid()} on .*; wait for it to end"),
                grid._claimed(wanted, tmp_path),
            ):
                pass
            assert time.monotonic() - started < files.WAIT_SECONDS / 2
        with grid._claimed([dataclasses.replace(theirs, seed=1)], tmp_path):
            pass
        finished = run_directory(tmp_path, ours) / "record.json"
        finished.parent.mkdir(parents=True)
        finished.write_text("{}")
        with grid._claimed([ours], tmp_path):  # nothing to run
            pass
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [finished]


def test_commands_claim_in_one_order(tmp_path, monkeypatch):
    """So that a circle of commands that wait for each other cannot form."""
    claimed = []

    def note(directory, *_, purpose, **__):
        claimed.append((directory, purpose))
        return contextlib.nullcontext()

    monkeypatch.setattr(grid, "lock_folder", note)
    configs = [
        dataclasses.replace(change(CONFIG, {"model": {"system": system}}), seed=seed, fold=fold)
        for system in ("s2", "s1")
        for seed in (1, 0)
        for fold in (0, 1)
    ]
    for order in (configs, configs[::-1]):
        with grid._claimed(order, tmp_path):
            pass
    assert len(claimed) == 8 and claimed[:4] == claimed[4:]


def test_a_fold_in_slow_arithmetic_is_refused_before_anything_is_written(store, tmp_path, monkeypatch):
    monkeypatch.setattr("drl4ser.processor.measure_bfloat16", lambda: 0.5)
    monkeypatch.delenv("DRL4SER_EMULATE_BFLOAT16", raising=False)
    config = change(CONFIG, {"train": {"precision": "mixed_bfloat16"}, "model": {"modality": "acoustic"}})
    with pytest.raises(ValueError, match="set DRL4SER_EMULATE_BFLOAT16=1 to insist"):
        run_fold(config, store, tmp_path / "fold")
    assert not list(tmp_path.rglob("*.json"))


def test_too_little_memory_is_explained_by_the_longest_recording(store, tmp_path, monkeypatch):
    def load_fold(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr("drl4ser.training.fold.load_fold", load_fold)
    longest = max(store.utterances, key=lambda utterance: store.num_frames[utterance.id])
    with pytest.raises(OSError, match=f"out of memory: a batch of 4 .* {re.escape(str(longest.path))} has .*cut such"):
        run_fold(change(CONFIG, {"model": {"modality": "acoustic"}}), store, tmp_path / "fold")
