import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import DownsampleMask, SequenceMask, downsample_mask, mask_padding


def test_mask_padding_replaces_nan_and_passes_no_gradient_to_it():
    mask = np.array([[True, True, False]])
    x = tf.constant([[[1.0], [2.0], [np.nan]]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(mask_padding(x, mask) ** 2)
    assert y == 5.0
    np.testing.assert_array_equal(tape.gradient(y, x), [[[2.0], [4.0], [0.0]]])


def test_no_mask_means_all_real():
    x = tf.ones([1, 2, 3])
    assert mask_padding(x, None) is x
    assert downsample_mask(None) is None


@pytest.mark.parametrize("num_steps", [1, 2, 7, 8])
def test_downsampled_length_is_half_rounded_up(num_steps):
    lengths = np.arange(num_steps + 1)
    mask = SequenceMask()(lengths, np.zeros([num_steps + 1, num_steps, 1], "float32"))
    half = DownsampleMask()(mask)
    assert half.shape[1] == -(-num_steps // 2)
    np.testing.assert_array_equal(half, np.arange(half.shape[1]) < -(-lengths // 2)[:, None])
