import keras
import numpy as np
import pytest

from drl4ser.models import build_model
from drl4ser.models.inspector import Inspector, step_times

LENGTHS = (300, 97)


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    llds = np.zeros((2, max(LENGTHS), 17), np.float32)
    for row, length in zip(llds, LENGTHS, strict=True):
        row[:length] = rng.normal(size=(length, 17))
    words = rng.normal(size=(2, 4, 10)).astype(np.float32)
    return {
        "llds": llds,
        "num_frames": np.array(LENGTHS, np.int32),
        "words": words,
        "num_words": np.array([4, 2], np.int32),
    }


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return build_model("s3", modality="acoustic+lexical", width=0.05, word_dim=10)


def test_it_sees_what_the_layers_return(model, inputs):
    """The second utterance alone, layer by layer with the model's own layers, gives the same."""
    seen = Inspector(model)(inputs)[1]
    x = inputs["llds"][1:, : LENGTHS[1]]
    matrices = []
    for number in range(1, 6):
        x, attention = model.get_layer(f"group_{number}")(x, return_attention=True)
        matrices += [matrix[0] for matrix in attention if matrix is not None]
    representation, informativeness = model.get_layer("gca_lstm")(x, return_informativeness=True)
    assert [block.name for block in seen.blocks] == [
        f"group {group}, block {block}" for group in (2, 3, 4, 5) for block in (1, 2)
    ]
    for block, matrix in zip(seen.blocks, matrices, strict=True):
        np.testing.assert_allclose(block.weights, matrix, atol=1e-5)
        np.testing.assert_allclose(block.weights.sum(axis=-1), 1, atol=1e-5)
        np.testing.assert_allclose(block.received.mean(axis=-1), 1, atol=1e-5)
        assert block.received.shape == (4, len(block.times))
    np.testing.assert_allclose(seen.informativeness, informativeness[0], atol=1e-4)
    np.testing.assert_allclose(seen.representation, representation[0], atol=1e-5)
    assert seen.informativeness.shape == (3, 4) == (3, len(seen.times))
    logits = keras.ops.softmax(model(inputs, training=False))
    np.testing.assert_allclose(seen.probabilities, logits[1], atol=1e-6)


def test_it_follows_the_weights_and_changes_nothing(model, inputs):
    before = [variable.numpy() for variable in model.variables]
    inspector = Inspector(model)
    first = inspector(inputs)[0]
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    variable = model.get_layer("gca_lstm").w_e1
    value = variable.numpy()
    variable.assign(-value)
    second = inspector(inputs)[0]
    variable.assign(value)
    assert np.abs(first.informativeness[0] - second.informativeness[0]).max() > 0.5
    np.testing.assert_array_equal(first.blocks[0].weights, second.blocks[0].weights)


def test_systems_without_gca_lstm_or_attention(inputs):
    (seen, _) = Inspector(build_model("s2", width=0.05))(inputs)
    assert seen.informativeness.shape == (0, len(seen.times)) and len(seen.blocks) == 8
    assert seen.representation.shape == (14,)
    with pytest.raises(ValueError, match=r"'s1' has no self-attention.*s2 or s3"):
        Inspector(build_model("s1", width=0.05))


@pytest.mark.parametrize(("system", "num_steps"), [("gca_40ms", 38), ("trunk_attention_max", 10)])
def test_ablations(system, num_steps, inputs):
    """Times follow the strides: group 4 and 5 of one keep the steps of 40 ms."""
    (seen, _) = Inspector(build_model(system, width=0.05))(inputs)
    lengths = [75, 75, 38, 38, *[num_steps if system == "gca_40ms" else length for length in (19, 19, 10, 10)]]
    assert [len(block.times) for block in seen.blocks] == lengths
    assert [block.weights.shape[1:] for block in seen.blocks] == [(length, length) for length in lengths]
    assert np.diff(seen.times) == pytest.approx(0.04 if system == "gca_40ms" else 0.16)
    assert seen.informativeness.shape == (3 if system == "gca_40ms" else 0, num_steps)
    assert seen.representation.shape == (13 if system == "gca_40ms" else 24,)


def test_a_step_sees_what_lies_around_its_time():
    """One frame changed: the steps that notice lie around its middle, at every resolution."""
    system = build_model("s1", width=0.1)
    frame, frames = 320, 641
    middle_s = step_times(frames, 0)[frame]
    assert middle_s == pytest.approx(320 * 0.005 + 0.0125)
    quiet = np.random.default_rng(0).normal(size=(1, frames, 17)).astype(np.float32)
    loud = quiet.copy()
    loud[0, frame] += 5
    for halvings in range(1, 6):
        group = system.get_layer(f"group_{halvings}")
        quiet, loud = group(quiet).numpy(), group(loud).numpy()
        times = step_times(frames, halvings)
        assert len(times) == quiet.shape[1]
        noticed = times[np.abs(quiet - loud).max(axis=(0, 2)) > 1e-6]
        assert abs((noticed[0] + noticed[-1]) / 2 - middle_s) <= 0.5 * 0.005 * 2**halvings


def test_an_utterance_of_one_frame_has_one_step():
    np.testing.assert_allclose(step_times(1, 5), [0.0125])
    np.testing.assert_allclose(step_times(65, 5), [0.0125, 0.1725, 0.3325])
