import csv

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector import ProjectorConfig

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.models import build_model
from drl4ser.models.inspector import build_encoder
from drl4ser.training import fold as fold_module
from drl4ser.training import tensorboard
from drl4ser.training.fold import run_fold
from drl4ser.training.tensorboard import FoldLogger
from tests.conftest import SHALLOW

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("s3", width=0.05, dropout=0.1, **SHALLOW),
    train=TrainConfig(batch_size=8, max_epochs=5, learning_rate=0.01, gain_jitter=0.1),
)


@pytest.fixture(scope="module")
def finished(store, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "fold"
    return directory, run_fold(CONFIG, store, directory)


def test_attention_forms_in_tensorboard(finished):
    directory, _ = finished
    events = EventAccumulator(str(directory), size_guidance={"tensors": 0})
    events.Reload()
    for emotion in CONFIG.classes:
        for kind in ("attention", "informativeness"):
            found = events.Tensors(f"pictures/{kind} {emotion}")
            assert [event.step for event in found] == [1, 5]
            first, last = (tf.io.decode_png(tf.make_ndarray(event.tensor_proto)[2]).numpy() for event in found)
            assert first.shape[2] == 4 and np.abs(first.astype(int) - last).max() > 10


def test_representations_stand_in_the_projector(finished, store):
    directory, record = finished
    from google.protobuf import text_format

    text = (directory / "projector_config.pbtxt").read_text()
    (embedding,) = text_format.Parse(text, ProjectorConfig()).embeddings
    vectors = np.loadtxt(directory / embedding.tensor_path, delimiter="\t")
    with (directory / embedding.metadata_path).open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert vectors.shape == (len(rows), record.units)
    tested = [row for row in rows if row["part"] == "test"]
    assert sorted(row["id"] for row in tested) == record.utterances
    known = {utterance.id: utterance for utterance in store.utterances}
    for row in rows:
        assert (row["emotion"], row["speaker"]) == (known[row["id"]].emotion, known[row["id"]].speaker)
    # each is F(3) of its own utterance: the classifier makes the recorded prediction of it
    model = fold_module.build_model_from_config(CONFIG.model)
    model.load_weights(directory / "model.weights.h5")
    x = vectors[[row["part"] == "test" for row in rows]]
    for name in ("classifier_1", "classifier_2", "logits"):
        x = model.get_layer(name)(x)
    predicted = dict(zip((row["id"] for row in tested), np.argmax(x, axis=1), strict=True))
    assert [predicted[name] for name in record.utterances] == record.predictions


def test_a_fold_that_begins_again_leaves_no_old_events(tmp_path):
    for name in ("events.out.tfevents.1.old", "utterances.tsv", "kept.json"):
        (tmp_path / name).touch()
    FoldLogger(tmp_path, CONFIG, build_model("s1", width=0.05), None)
    left = {path.name for path in tmp_path.iterdir()}
    assert "kept.json" in left and not left & {"events.out.tfevents.1.old", "utterances.tsv"}
    FoldLogger(tmp_path, CONFIG, build_model("s1", width=0.05), None, resumed=True)
    assert left < {path.name for path in tmp_path.iterdir()}


def test_drawing_changes_nothing(finished, store, tmp_path, monkeypatch):
    directory, record = finished
    monkeypatch.setattr(tensorboard, "has_attention", lambda model: False)
    assert run_fold(CONFIG, store, tmp_path / "fold") == record
    for name in ("history.json", "model.weights.h5"):
        assert (tmp_path / "fold" / name).read_bytes() == (directory / name).read_bytes()


def test_a_system_without_attention_has_no_pictures(tmp_path):
    model = build_model("s1", width=0.05)
    assert FoldLogger(tmp_path, CONFIG, model, None).draw_attention(1) == {}
    assert build_encoder(model).output_shape == (None, 26)
