import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import MODALITIES, ModelConfig
from drl4ser.models import SYSTEMS, build_model, build_model_from_config
from drl4ser.models.assembly import find_representations
from tests.conftest import SHALLOW
from tests.layers.harness import needs_bfloat16, policy

WIDTH = 1 / 16
NUM_FRAMES = (42, 33, 1, 40)
NUM_WORDS = (3, 0, 5, 1)


def random_batch(num_frames=NUM_FRAMES, num_words=NUM_WORDS, filler=0.0, extra_frames=0):
    """A batch of every key, `filler` in the padding; the real values depend on the utterance only."""
    llds = np.full((len(num_frames), max(num_frames) + extra_frames, 17), filler, "float32")
    words = np.full((len(num_words), max(*num_words, 1) + extra_frames, 300), filler, "float32")
    for b, (n, k) in enumerate(zip(num_frames, num_words, strict=True)):
        llds[b, :n] = np.random.default_rng(b).normal(size=(n, 17))
        words[b, :k] = np.random.default_rng(b + 100).normal(size=(k, 300))
    lengths = {"num_frames": np.array(num_frames, "int32"), "num_words": np.array(num_words, "int32")}
    return {"llds": llds, "words": words, **lengths}


def only(batch, rows):
    """The utterances `rows` of a batch with no more padding than they need."""
    frames, words = batch["num_frames"][rows].max(), max(1, batch["num_words"][rows].max())
    part = {key: value[rows] for key, value in batch.items()}
    return {**part, "llds": part["llds"][:, :frames], "words": part["words"][:, :words]}


def loss_gradients(model, batch, labels, training=False):
    with tf.GradientTape() as tape:
        logits = model(batch, training=training)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_sum(losses)
    return loss, tape.gradient(loss, model.trainable_variables)


def num_trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture(scope="module", params=sorted(SYSTEMS))
def model(request):
    keras.utils.set_random_seed(0)
    return build_model(request.param, modality="acoustic+lexical", width=WIDTH)


def test_parameter_count_of_s3_acoustic():
    assert num_trainable(build_model("s3")) == 8_479_364


def test_what_an_utterance_gets_does_not_depend_on_its_batch(model):
    batch = random_batch(filler=np.nan, extra_frames=9)
    together = np.array(model(batch))
    assert np.all(np.isfinite(together))
    for b in range(len(NUM_FRAMES)):
        np.testing.assert_allclose(model(only(batch, [b]))[0], together[b], atol=1e-5)


def test_the_classifier_reads_the_representations_and_nothing_else(model):
    """Its dense layers, in NumPy, on what `find_representations` finds."""
    found, batch = find_representations(model), random_batch()
    assert list(found) == (["acoustic+lexical"] if model.name == "xia_dnn" else ["acoustic", "lexical"])
    x = np.concatenate(list(keras.Model(model.inputs, found)(batch).values()), axis=-1)
    dense = [layer for layer in model.layers if layer.name.startswith("classifier_") and layer.weights]
    for layer in () if model.name == "xia_dnn" else dense:
        kernel, bias = (weight.numpy() for weight in layer.weights)
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = (weight.numpy() for weight in model.get_layer("logits").weights)
    np.testing.assert_allclose(x @ kernel + bias, model(batch), rtol=1e-4, atol=1e-5)


def test_permuted_utterances_give_permuted_predictions(model):
    batch = random_batch()
    order = [2, 0, 3, 1]
    permuted = model({key: value[order] for key, value in batch.items()})
    np.testing.assert_allclose(permuted, np.array(model(batch))[order], rtol=1e-5, atol=1e-6)


def test_gradients_do_not_depend_on_the_batch(model):
    batch, labels = random_batch(filler=np.nan, extra_frames=9), np.array([0, 1, 2, 3])
    _, together = loss_gradients(model, batch, labels)
    total = None
    for b in range(len(labels)):
        _, alone = loss_gradients(model, only(batch, [b]), labels[[b]])
        total = alone if total is None else [t + g for t, g in zip(total, alone, strict=True)]
    for a, b in zip(together, total, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def train_mode(system, weights, batch, dtype):
    """Loss, gradients and moving statistics in training mode, of a model computing in this type."""
    with policy(dtype):
        model = build_model(system, modality="acoustic+lexical", width=WIDTH)
    model.set_weights(weights)
    batch = {key: value.astype(dtype) if value.dtype == np.float32 else value for key, value in batch.items()}
    loss, gradients = loss_gradients(model, batch, np.array([0, 1, 2, 3]), training=True)
    values = (np.asarray(value) for value in (loss, *gradients, *model.non_trainable_variables))
    return [value for value in values if value.dtype == dtype]  # and not the seeds of dropout


def test_training_mode_does_not_see_the_padding(model):
    """What the padding does is measured in float64, and what float32 does on its own against it.

    Measured with TF_ENABLE_ONEDNN_OPTS=0 and 1 and with ONEDNN_MAX_CPU_ISA=AVX2: in float64 the padded batch's
    gradients differ by 2e-14 at most. In float32 already the unpadded batch's differ from float64 by up to 1.2e-5 for
    S1, the padded one's by 1.4e-5, 117 times the machine epsilon (all other systems: below 2e-6): its last groups
    normalise with the statistics of a handful of frames. Two float32 results may thus be twice as far apart.
    """
    batch, weights = random_batch(), model.get_weights()
    long_batch = random_batch(filler=np.nan, extra_frames=37)
    exact = train_mode(model.name, weights, batch, "float64")
    for dtype, tolerance in (("float64", 1e-12), ("float32", 250 * np.finfo("float32").eps)):
        for found in (train_mode(model.name, weights, each, dtype) for each in (batch, long_batch)):
            for a, b in zip(found, exact, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def test_every_weight_learns(model):
    _, gradients = loss_gradients(model, random_batch(), np.array([0, 1, 2, 3]), training=True)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        assert np.any(np.asarray(gradient) != 0), variable.path


def test_eager_traced_and_reloaded_are_the_same(model, tmp_path):
    batch = {key: tf.constant(value) for key, value in random_batch().items()}
    expected = model(batch)
    np.testing.assert_allclose(tf.function(model)(batch), expected, atol=1e-6)
    with pytest.warns(DeprecationWarning, match="__array__ implementation"):
        model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(batch), expected)


def test_traced_gradients_of_a_batch_whose_size_is_known_to_be_one(model):
    """As a dataset of batches of one with drop_remainder gives; loops must not lose the size."""
    batch, labels = {key: tf.constant(value) for key, value in only(random_batch(), [0]).items()}, np.array([1])
    loss, gradients = tf.function(loss_gradients)(model, batch, labels)
    expected_loss, expected = loss_gradients(model, batch, labels)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    for a, b in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize(
    ("system", "modality"),
    [*((system, "acoustic") for system in sorted(SYSTEMS)), ("s3", "acoustic+lexical"), ("s1", "lexical")],
)
def test_one_training_step(system, modality):
    model = build_model(system, num_classes=3, modality=modality, width=WIDTH, dropout=0.1)
    optimizer = keras.optimizers.Adam(1e-3)
    before = model.get_weights()
    loss, gradients = loss_gradients(model, random_batch(), np.array([0, 1, 2, 0]), training=True)
    optimizer.apply(gradients, model.trainable_variables)
    assert np.isfinite(loss)
    changed = [np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert np.mean(changed) > 0.9
    assert model(random_batch()).shape == (4, 3)


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_model_reads_the_keys_of_its_modality_only(modality):
    model = build_model("baseline", modality=modality, width=WIDTH)
    names = [tensor.name for tensor in model.inputs]
    expected = {"acoustic": ["llds", "num_frames"], "lexical": ["words", "num_words"]}
    assert names == [name for part in modality.split("+") for name in expected[part]]
    batch = random_batch()
    np.testing.assert_array_equal(model(batch), model({name: batch[name] for name in names}))


def test_without_words_the_lexical_representation_is_zero():
    model = build_model("s1", modality="lexical", width=WIDTH)
    encoder = keras.Model(model.inputs, model.get_layer("lexical_lstm").output)
    batch = random_batch(filler=np.nan)
    representation = np.array(encoder({name: batch[name] for name in ("words", "num_words")}))
    assert np.all(representation[1] == 0)
    assert np.all(np.any(representation[[0, 2, 3]] != 0, axis=1))


@pytest.mark.parametrize("width", [0.03, 0.3])
def test_width_scales_every_layer(width):
    model = build_model("s3", modality="acoustic+lexical", width=width)
    group = model.get_layer("group_5")
    assert group.filters == round(512 * width / 4) * 4
    assert model.get_layer("gca_lstm").units == round(256 * width)
    assert model.get_layer("lexical_lstm").units == round(256 * width)
    assert model.get_layer("classifier_1").units == round(256 * width)
    assert build_model("baseline", width=width).get_layer("stacked_lstm").units == round(831 * width)


def test_fields_reach_their_layers():
    model = build_model("s3", width=WIDTH, iterations=2, gate_normalization="softmax", dropout=0.25, num_heads=2)
    assert model.get_layer("gca_lstm").iterations == 2
    assert model.get_layer("gca_lstm").gate_normalization == "softmax"
    assert model.get_layer("features_dropout").rate == 0.25
    assert model.get_layer("classifier_dropout_3").rate == 0.25
    blocks = model.get_layer("group_2").blocks
    assert [block.drop.rate for block in blocks] == [0.25, 0.25]
    assert [block.attention.num_heads for block in blocks] == [2, 2]
    assert [model.get_layer(f"group_{i}").kernel_size for i in range(1, 6)] == [10, 5, 5, 3, 3]


def test_there_are_as_many_groups_as_filters():
    model = build_model("s3", width=WIDTH, **SHALLOW)
    assert [layer.name for layer in model.layers if layer.name.startswith("group_")] == ["group_1", "group_2"]
    assert model(random_batch()).shape == (4, 4)
    with pytest.raises(ValueError, match="shorter"):
        build_model("s3", width=WIDTH, filters=(32, 64))


def test_logits_are_not_rectified(model):
    logits = model(random_batch())
    assert np.any(np.asarray(logits) < 0)


@needs_bfloat16
@pytest.mark.parametrize("system", ["baseline", "s3", "xia_dnn", "mirsamadi_attention", "poria_cnn_mkl"])
def test_mixed_bfloat16(system):
    with policy("mixed_bfloat16"):
        model = build_model(system, modality="acoustic+lexical", width=WIDTH)
    assert all(variable.dtype == "float32" for variable in model.trainable_variables)
    loss, gradients = loss_gradients(model, random_batch(filler=np.nan), np.array([0, 1, 2, 3]), training=True)
    assert loss.dtype == tf.float32
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_config_builds_the_same_model():
    config = ModelConfig(system="s2", width=WIDTH, modality="lexical")
    assert (
        build_model_from_config(config).count_params()
        == build_model("s2", width=WIDTH, modality="lexical").count_params()
    )


def test_errors():
    with pytest.raises(ValueError, match=r"must be one of \('baseline', 's1', 's2', 's3'.*system='s4'"):
        build_model("s4")
    with pytest.raises(ValueError, match="modality='visual'"):
        build_model("s3", modality="visual")
