import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import TrainConfig
from drl4ser.corpora import make_folds
from drl4ser.data.pipeline import fit_normalizer, load_part
from drl4ser.parallel.replicas import Replicas
from drl4ser.training import trainer as trainer_module
from drl4ser.training.trainer import Trainer, TrainingError

TRAIN = TrainConfig(batch_size=4, max_epochs=6, patience=6, learning_rate=0.02, gain_jitter=0.1, ema_momentum=0.5)


@pytest.fixture(scope="module")
def parts(store):
    fold = make_folds(store.utterances, num_folds=3)[0]
    numbers = {"angry": 0, "happy": 1, "neutral": 2, "sad": 3}
    labels = {item.id: numbers[item.emotion] for item in store.utterances}
    normalizer = fit_normalizer(store, fold.train)
    return {
        name: load_part(store, {key: labels[key] for key in getattr(fold, name)}, normalizer)
        for name in ("train", "validation", "test")
    }


class MaskedMean(keras.layers.Layer):
    def call(self, llds, num_frames):
        return tf.reduce_sum(llds, axis=1) / tf.cast(num_frames, tf.float32)[:, tf.newaxis]

    def compute_output_shape(self, llds_shape, num_frames_shape):
        return (llds_shape[0], llds_shape[2])


def small_model():
    """A classifier of mean LLDs, with dropout and batch normalisation: all kinds of state there are."""
    keras.utils.set_random_seed(7)
    llds, num_frames = keras.Input([None, 17], name="llds"), keras.Input([], dtype="int32", name="num_frames")
    x = keras.layers.BatchNormalization(momentum=0.5)(MaskedMean()(llds, num_frames))
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model([llds, num_frames], keras.layers.Dense(4)(x))


def make_trainer(parts, tmp_path, train=TRAIN, on_epoch=lambda row: None):
    return Trainer(small_model(), train, parts["train"], parts["validation"], 3, tmp_path / "c.npz", on_epoch)


def test_training_learns_and_keeps_its_best_epoch(parts, tmp_path):
    rows = []
    trainer = make_trainer(parts, tmp_path, dataclasses.replace(TRAIN, max_epochs=15, patience=15), rows.append)
    history = trainer.fit()
    assert history == rows and [row["epoch"] for row in rows] == list(range(1, 16))
    assert rows[-1]["loss"] < 0.7 * rows[0]["loss"]
    best = max(rows, key=lambda row: (row["validation_ua"], -row["validation_loss"]))
    assert trainer.best == best and best["validation_ua"] >= 0.75
    evaluation = trainer.evaluate(parts["validation"])
    assert evaluation.confusion.tolist() == best["validation_confusion"]
    np.testing.assert_allclose(evaluation.loss, best["validation_loss"], rtol=1e-6)


def test_training_stops_when_patience_ends(parts, tmp_path):
    train = dataclasses.replace(TRAIN, learning_rate=1e-12, max_epochs=50, patience=2, ema_momentum=0.0)
    history = make_trainer(parts, tmp_path, train).fit()
    best = max(row["epoch"] for row in history if row["best"])
    assert len(history) == best + 2 < 50


@pytest.mark.parametrize(
    ("stop", "best", "seconds"),
    [(1, "any", 0.0), (4, "any", 0.0), (3, "first", 0.0), (3, "any", 1000.0)],
    ids=["1-any", "4-any", "3-first", "no checkpoint is due"],
)
def test_an_interrupted_run_ends_with_the_same_numbers(parts, tmp_path, monkeypatch, stop, best, seconds):
    """Interrupted after an epoch: the rest of the history and every variable are those of a run in one go."""
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_CHECKPOINTS", seconds)
    if best == "first":  # its weights are those of the checkpoint
        monkeypatch.setattr(trainer_module, "_rank", lambda row: -row["epoch"])
    whole = make_trainer(parts, tmp_path / "whole")
    expected = whole.fit()

    class KilledError(Exception):
        pass

    def kill(row):
        if row["epoch"] == stop + 1:  # the checkpoint of this epoch is not written any more
            raise KilledError

    interrupted = make_trainer(parts, tmp_path / "part", on_epoch=kill)
    with pytest.raises(KilledError):
        interrupted.fit()
    if seconds:  # no checkpoint was due: as Ctrl-C does
        assert not (tmp_path / "part" / "c.npz").exists()
        interrupted.save_checkpoint()
    rest = []
    resumed = make_trainer(parts, tmp_path / "part", on_epoch=rest.append)
    assert resumed.fit() == expected
    assert [row["epoch"] for row in rest] == list(range(stop + 1, 7))
    for left, right in zip(whole.model.variables, resumed.model.variables, strict=True):
        np.testing.assert_array_equal(left.numpy(), right.numpy())
    for left, right in zip(whole.optimizer.variables, resumed.optimizer.variables, strict=True):
        np.testing.assert_array_equal(left.numpy(), right.numpy())


def test_a_loss_that_is_no_number_stops_with_advice(parts, tmp_path):
    trainer = make_trainer(parts, tmp_path)
    trainer.model.trainable_variables[0].assign(np.full(17, np.nan))
    with pytest.raises(TrainingError, match=r"loss became nan in epoch 1.*lower the learning rate"):
        trainer.fit()


def test_predictions_follow_the_utterances_not_their_batches(parts, tmp_path):
    trainer = make_trainer(parts, tmp_path)
    large = trainer.evaluate(parts["test"])
    trainer.train = dataclasses.replace(TRAIN, batch_size=1)
    single = trainer.evaluate(parts["test"])
    assert large.ids == single.ids
    np.testing.assert_allclose(large.logits, single.logits, atol=1e-6)


def test_class_weights_balance_the_classes(store, parts, tmp_path):
    ids = [item.id for item in store.utterances][:6]
    part = load_part(store, dict(zip(ids, [0, 0, 0, 1, 2, 3], strict=True)), fit_normalizer(store, tuple(ids)))
    train = dataclasses.replace(TRAIN, class_weights=True)
    trainer = Trainer(small_model(), train, part, parts["validation"], 3, tmp_path / "c.npz")
    np.testing.assert_allclose(trainer._class_weights(), [0.5, 1.5, 1.5, 1.5])


def test_a_worker_that_finds_another_checkpoint_than_the_chief_is_told(parts, tmp_path):
    class ElsewhereReplicas(Replicas):
        def broadcast(self, value):
            return value + 3.0

    arguments = (small_model(), TRAIN, parts["train"], parts["validation"], 3, tmp_path / "c.npz")
    trainer = Trainer(*arguments, replicas=ElsewhereReplicas())
    with pytest.raises(TrainingError, match=r"c\.npz is not the chief's checkpoint: RUNS_DIR must be the same"):
        trainer.fit()
    assert trainer.history == []
