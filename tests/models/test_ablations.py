"""Networks that differ from S3, or from Poria's network, in one thing: they do, and they are sound."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import ModelConfig
from drl4ser.layers import SkipGCALSTM
from drl4ser.models import ABLATIONS, SYSTEMS, build_model, kernel_features
from drl4ser.models.assembly import find_representations
from drl4ser.models.inspector import Inspector, build_encoder
from drl4ser.models.units import balanced_units
from drl4ser.models.variants import VARIANTS, Variant
from drl4ser.reporting.paper_values import LAYOUTS, SYSTEM_NAMES
from tests.models.test_build_model import WIDTH, loss_gradients, num_trainable, only, random_batch


@pytest.mark.parametrize("system", ABLATIONS)
def test_an_ablation_ignores_padding_learns_with_every_weight_and_is_reloaded(system, tmp_path):
    keras.utils.set_random_seed(0)
    model = build_model(system, modality="acoustic+lexical", width=WIDTH)
    batch = random_batch(filler=np.nan, extra_frames=9)
    expected = np.array(model(batch))
    for b in range(len(expected)):
        np.testing.assert_allclose(model(only(batch, [b]))[0], expected[b], atol=1e-5)
    _, gradients = loss_gradients(model, batch, np.array([0, 1, 2, 3]), training=True)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None and np.all(np.isfinite(gradient)), variable.path
        assert np.any(np.asarray(gradient) != 0), variable.path
    keras.optimizers.Adam(1e-3).apply(gradients, model.trainable_variables)
    learned = model({name: tf.constant(value) for name, value in batch.items()})
    assert np.any(np.abs(learned - expected) > 1e-4)
    with pytest.warns(DeprecationWarning, match="__array__ implementation"):
        model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(batch), learned)


def test_none_is_a_system_of_the_paper_and_each_has_a_row():
    assert not set(ABLATIONS) & set(SYSTEMS)
    rows = LAYOUTS["ablation"].systems
    assert set(rows) == {*ABLATIONS, "s3"}
    assert "poria_cnn" in LAYOUTS["table1"].references
    assert all("S3" not in SYSTEM_NAMES[system] for system in ABLATIONS)
    assert len(set(SYSTEM_NAMES.values())) == len(SYSTEM_NAMES)


def test_entries_differ_from_s3_and_from_each_other():
    assert Variant() not in VARIANTS.values() and len(set(VARIANTS.values())) == len(VARIANTS)
    s3 = build_model("s3", width=WIDTH)
    expected = {"group_1", "group_5", "gca_lstm", "classifier_2", "logits"}
    assert expected <= {layer.name for layer in s3.layers}
    for name, variant in VARIANTS.items():
        model = build_model(name, width=WIDTH)
        layers = {layer.name: layer for layer in model.layers}
        assert [layers[f"group_{i}"].strides for i in range(1, 6)] == list(variant.strides)
        assert bool(layers["group_5"].num_heads) == variant.attention and layers["group_1"].num_heads is None
        assert ("gca_lstm" in layers) == (variant.aggregator != "max")
        if "gca_lstm" in layers:
            assert layers["gca_lstm"].gate_normalization == variant.gate_normalization
            assert isinstance(layers["gca_lstm"], SkipGCALSTM) == (name == "gca_skip")


@pytest.mark.parametrize("system", ["gca_40ms", "gca_softmax"])
def test_what_has_no_weights_leaves_their_number(system):
    assert num_trainable(build_model(system, width=WIDTH)) == num_trainable(build_model("s3", width=WIDTH))


@pytest.mark.parametrize(
    ("system", "num_steps"), [("s3", 4), ("gca_40ms", 13), ("trunk_max", 4), ("trunk_max_40ms", 13)]
)
def test_steps_are_as_long_as_the_name_says(system, num_steps):
    """97 frames of 5 ms: steps of 160 ms begin at frames 0, 32, 64 and 96, steps of 40 ms at every eighth."""
    model = build_model(system, width=WIDTH)
    features = keras.Model(model.inputs, model.get_layer("features_dropout").output)
    batch = random_batch(num_frames=(97,), num_words=(0,))
    assert features({name: batch[name] for name in ("llds", "num_frames")}).shape[1] == num_steps


def outputs_of(model, *names):
    batch = random_batch(filler=np.nan)
    outputs = {name: model.get_layer(name).output for name in names}
    values = keras.Model(model.inputs, outputs)({name: batch[name] for name in ("llds", "num_frames")})
    return {name: np.array(value) for name, value in values.items()}, batch["num_frames"]


def test_the_classifier_gets_the_maximum_over_real_steps():
    keras.utils.set_random_seed(1)
    seen, num_frames = outputs_of(build_model("trunk_attention_max", width=WIDTH), "features_dropout", "max_pooling")
    for features, pooled, frames in zip(*seen.values(), num_frames, strict=True):
        np.testing.assert_array_equal(pooled, features[: -(-frames // 32)].max(axis=0))


def test_memory_and_maximum_stand_side_by_side():
    keras.utils.set_random_seed(1)
    names = ("memory_and_max", "gca_lstm", "features_max")
    both, memory, pooled = outputs_of(build_model("gca_and_max", width=WIDTH), *names)[0].values()
    np.testing.assert_array_equal(both, np.concatenate([memory, pooled], axis=1))
    assert memory.shape == (4, 16) and pooled.shape == (4, 32)


def test_what_the_inspector_and_tensorboard_show_is_what_the_classifier_gets():
    for system in ("s3", "gca_and_max", "trunk_attention_max", "s2"):
        model = build_model(system, width=WIDTH)
        expected = keras.Model(model.inputs, find_representations(model)["acoustic"])(random_batch())
        np.testing.assert_array_equal(build_encoder(model)(random_batch()), expected)
        seen = Inspector(model)(random_batch())
        np.testing.assert_allclose([item.representation for item in seen], expected, atol=1e-6)


def test_poria_without_kernels_is_the_same_network():
    models = []
    for system in ("poria_cnn_mkl", "poria_cnn"):
        keras.utils.set_random_seed(5)
        models.append(build_model(system, width=WIDTH))
    batch = random_batch()
    np.testing.assert_array_equal(*(model(batch) for model in models))
    assert kernel_features(models[1]).output["acoustic"].shape == (None, 360)


def test_poria_with_steps_of_160_ms():
    for system, pool_size in (("poria_cnn", 4), ("poria_cnn_160ms", 16)):
        first = build_model(system, width=WIDTH).get_layer("acoustic_conv_1")
        assert (first.strides, first.pool_size, first.steps_per_output) == (2, pool_size, 2 * pool_size)


def test_units_that_a_result_names():
    assert balanced_units(ModelConfig("gca_40ms", width=0.5)) == 128
    assert balanced_units(ModelConfig("poria_cnn")) == balanced_units(ModelConfig("poria_cnn_mkl"))
