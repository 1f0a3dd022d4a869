"""On a GPU the plain LSTM layers run by cuDNN's kernel: there is none here, so the conditions for it are tested."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.layers import GCALSTM, StackedLSTM
from drl4ser.layers import lstm as lstm_module
from tests.layers.harness import padded_batch

# The package has a function of the module's name, which hides it.
rnn = sys.modules[keras.layers.LSTM.__module__.replace("layers.rnn.lstm", "backend.tensorflow.rnn")]
SPECS = tf.TensorSpec([None, None, 8]), tf.TensorSpec([None, None], tf.bool)


@pytest.fixture
def pretended_gpu(monkeypatch):
    monkeypatch.setattr(lstm_module, "has_gpu", lambda: True)
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)


def count_operations(function, kind):
    graph = function.get_concrete_function(*SPECS).graph.as_graph_def()
    nodes = [node.op for node in graph.node]
    nodes += [node.op for part in graph.library.function for node in part.node_def]
    return nodes.count(kind)


@pytest.mark.parametrize(("layer", "layers"), [(StackedLSTM(6, num_layers=2), 2), (GCALSTM(6), 1)])
def test_every_plain_lstm_layer_is_traced_as_cudnns_kernel(layer, layers, pretended_gpu):
    layer.build((None, None, 8))
    traced = tf.function(lambda x, mask: layer(x, mask=mask))
    assert count_operations(traced, "CudnnRNNV3") == layers


def test_without_a_gpu_none_is():
    layer = StackedLSTM(6)
    layer.build((None, None, 8))
    assert count_operations(tf.function(lambda x, mask: layer(x, mask=mask)), "CudnnRNNV3") == 0


@pytest.mark.parametrize("lengths", [(7, 4, 1, 6), (3, 0), (0, 0)])
def test_every_mask_that_we_pass_on_is_one_that_cudnn_takes(lengths, pretended_gpu, monkeypatch):
    check, accepted = rnn._assert_valid_mask, []

    def record(mask):
        check(mask)  # raises for padding on the left and for utterances without any real step
        accepted.append(np.asarray(mask))

    monkeypatch.setattr(rnn, "_assert_valid_mask", record)
    x, mask = padded_batch(lengths=lengths, num_steps=9)
    StackedLSTM(6)(x, mask=mask)
    (passed,) = accepted
    np.testing.assert_array_equal(passed.sum(axis=1), np.maximum(lengths, 1))
    with pytest.raises(tf.errors.InvalidArgumentError):
        check(tf.constant(mask[:, ::-1]))
