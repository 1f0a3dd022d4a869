import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import NormalizedConv, ResidualBlock, ResidualConvGroup, downsample_mask
from tests.layers.harness import (
    LENGTHS,
    check_every_weight_learns,
    check_reload,
    check_three_ways,
    gradients,
    padded_batch,
    policy,
    random,
    randomize,
)
from tests.reference.residual_conv import convolve, normalize, residual_block


def norm_of(layer):
    norm = layer.norm
    return (*(np.asarray(w) for w in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)), 1e-3)


def block_by_reference(x, block):
    attention = block.attention and [np.asarray(w) for w in block.attention.weights]
    return residual_block(
        x,
        block.strides,
        np.asarray(block.first.conv.kernel),
        norm_of(block.first),
        np.asarray(block.second.conv.kernel),
        norm_of(block.second),
        block.shortcut and np.asarray(block.shortcut.kernel),
        attention,
        block.num_heads,
    )


def group_by_reference(x, group):
    if group.conv is not None:
        kernel = np.asarray(group.conv.conv.kernel)
        return np.maximum(normalize(convolve(x, kernel, 2), norm_of(group.conv)), 0.0)
    for block in group.blocks:
        x = block_by_reference(x, block)
    return x


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 10])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("num_steps", [1, 2, 7, 8])
def test_convolution_has_fixed_padding(kernel_size, strides, num_steps):
    layer = NormalizedConv(4, kernel_size, strides)
    x = random(1, num_steps, 3)
    layer(x)
    randomize(layer)
    expected = normalize(convolve(x[0], np.asarray(layer.conv.kernel), strides), norm_of(layer))
    np.testing.assert_allclose(layer(x)[0], expected, atol=1e-5)


GROUPS = {
    "one convolution": {"filters": 4, "kernel_size": 10, "num_blocks": 0},
    "blocks": {"filters": 4, "kernel_size": 5},
    "blocks with attention": {"filters": 8, "kernel_size": 3, "num_heads": 4},
}


def make_group(name, dim=8):
    group = ResidualConvGroup(**GROUPS[name])
    group.build((None, None, dim))
    randomize(group, scale=0.3)
    return group


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_group_matches_the_equations_utterance_by_utterance(name, filler):
    group = make_group(name)
    x, mask = padded_batch(num_steps=9, filler=filler)
    y = np.array(group(x, mask=mask))
    assert y.shape[1] == 5
    for b, n in enumerate(LENGTHS):
        half = -(-n // 2)
        np.testing.assert_allclose(y[b, :half], group_by_reference(x[b, :n], group), atol=1e-5)
        assert np.all(y[b, half:] == 0)


@pytest.mark.parametrize("name", GROUPS)
def test_training_mode_does_not_see_the_padding(name):
    x, mask = padded_batch()
    long, long_mask = padded_batch(num_steps=12, filler=np.nan)
    with policy("float64"):
        a, b = make_group(name), make_group(name)
    half = np.array(downsample_mask(mask))
    weight = random(*half.shape, GROUPS[name]["filters"], seed=3) * half[:, :, None]
    long_weight = np.pad(weight, [(0, 0), (0, 2), (0, 0)])
    a_gradients = gradients(a, x.astype("float64"), weight, mask=mask, training=True)
    b_gradients = gradients(b, long.astype("float64"), long_weight, mask=long_mask, training=True)
    np.testing.assert_allclose(b_gradients[0][:, :7], a_gradients[0], atol=1e-12)
    assert np.all(np.asarray(b_gradients[0])[~long_mask] == 0)
    for ours, other in zip(a_gradients[1:], b_gradients[1:], strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-12, rtol=1e-12)
    for ours, other in zip(a.non_trainable_variables, b.non_trainable_variables, strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-12)


def test_group_returns_the_matrices_of_its_attention():
    x, mask = padded_batch(num_steps=9)
    group = make_group("blocks with attention")
    y, attention = group(x, mask=mask, return_attention=True)
    np.testing.assert_allclose(y, group(x, mask=mask), atol=1e-6)
    assert [a.shape for a in attention] == [(4, 4, 5, 5)] * 2
    sums = np.sum(attention[1], axis=(1, 3)) / 4
    np.testing.assert_allclose(sums, downsample_mask(mask), atol=1e-5)


@pytest.mark.parametrize("name", GROUPS)
def test_conventions(name):
    x, mask = padded_batch()
    check_three_ways(lambda: ResidualConvGroup(**GROUPS[name]), x, mask=mask)
    check_every_weight_learns(ResidualConvGroup(**GROUPS[name]), x, mask=mask, training=True)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", GROUPS)
def test_reload(name, tmp_path):
    x, mask = padded_batch()
    inputs = [keras.Input((None, 8)), keras.Input((None,), dtype="bool")]
    check_reload(inputs, ResidualConvGroup(**GROUPS[name])(inputs[0], mask=inputs[1]), [x, mask], tmp_path)


def test_shortcut_is_a_bare_convolution_only_where_shapes_differ():
    first, second = make_group("blocks").blocks
    assert [w.name for w in first.shortcut.weights] == ["kernel"]
    assert first.shortcut.kernel.shape == (1, 8, 4)
    assert second.shortcut is None


def test_dropout_acts_on_the_attention_in_training_only():
    x = random(2, 6, 8)
    block = ResidualBlock(8, 3, num_heads=2, dropout=0.5)
    block(x)
    np.testing.assert_array_equal(block(x), block(x))
    assert np.any(np.asarray(block(x, training=True)) != np.asarray(block(x, training=True)))


def test_errors():
    with pytest.raises(ValueError, match=r"`strides` must be 1 or 2\. Received: strides=3"):
        NormalizedConv(4, 3, strides=3)


def test_the_shortcut_is_a_product_not_a_convolution():
    block = ResidualBlock(8, 5, strides=2)
    block.build((None, None, 4))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4])])
    def differentiate(x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(block(x))
        return tape.gradient(y, block.shortcut.kernel.value)

    nodes = [node.op for node in differentiate.get_concrete_function().graph.as_graph_def().node]
    assert nodes.count("Conv2D") == 2  # the block's own two; forward the shortcut would be a third
    assert nodes.count("MatMul") == 2 + 2 * 5  # and one for each place of the two kernels' gradients
