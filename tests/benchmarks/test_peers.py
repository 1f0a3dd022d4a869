"""The peers do the same work: the same output from the same weights, the same loss, the same gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.workloads import make_batch, to_tensors, to_torch
from drl4ser.models import build_model
from drl4ser.training.step import cross_entropy

# Of two steps the min-max makes 0 and 1 whatever the weights: some gradients would be mere rounding.
EQUAL, MIXED = [160, 160, 160], [190, 97, 160]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not in the extra dev: PyPI has it with CUDA")


def loss_and_gradients(model, batch):
    inputs, labels = to_tensors(*batch)
    with tf.GradientTape() as tape:
        logits = model(inputs, training=True)
        loss = tf.reduce_mean(cross_entropy(logits, labels, tf.ones(4)))
    gradients = tape.gradient(loss, model.trainable_variables)
    return float(loss), dict(zip((v.path for v in model.trainable_variables), gradients, strict=True))


def check_against_torch(torch, model, module, batch, names):
    """`names`: from the path of a variable of ours to the parameter of theirs that is its transpose."""
    llds, num_frames, labels = to_torch(*batch)
    ours = model(to_tensors(*batch)[0], training=False)
    module.eval()
    np.testing.assert_allclose(module(llds, num_frames).detach(), ours, atol=2e-5)
    loss, gradients = loss_and_gradients(model, batch)
    module.train()
    theirs = torch.nn.functional.cross_entropy(module(llds, num_frames), labels)
    theirs.backward()
    np.testing.assert_allclose(theirs.item(), loss, rtol=1e-5)
    parameters = dict(module.named_parameters())
    for path, name in names.items():
        expected = np.asarray(gradients[path])
        actual = parameters[name].grad.numpy().transpose()
        np.testing.assert_allclose(actual, expected, atol=2e-4 * np.abs(expected).max(), err_msg=path)
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert trained == sum(v.shape.num_elements() for v in model.trainable_variables)


@pytest.mark.parametrize("lengths", [EQUAL, MIXED])
def test_s3_in_pytorch(torch, lengths):
    from benchmarks.peers import torch_models, torch_weights

    keras.utils.set_random_seed(0)
    model = build_model("s3", width=0.125)
    module = torch_models.S3(filters=(4, 8, 16, 32, 64), units=32, dense_units=32)
    torch_weights.copy_s3(module, model)
    names = {
        "group_1/conv/conv/kernel": "first.conv.weight",
        "group_2/block_1/first/norm/gamma": "blocks.0.first.norm.weight",
        "group_3/block_2/second/norm/beta": "blocks.3.second.norm.bias",
        "group_5/block_1/shortcut/kernel": "blocks.6.shortcut.weight",
        "group_5/block_2/attention/w_o": "blocks.7.attention.out.weight",
        "gca_lstm/encoder/lstm_cell/kernel": "gca_lstm.encoder.weight_ih_l0",
        "gca_lstm/cell/recurrent_kernel": "gca_lstm.recurrent.weight",
        "gca_lstm/w_e1": "gca_lstm.score.weight",
        "gca_lstm/w_f": "gca_lstm.refine.weight",
        "logits/bias": "classifier.4.bias",
    }
    check_against_torch(torch, model, module, make_batch(lengths), names)


def test_the_baseline_in_pytorch(torch):
    from benchmarks.peers import torch_models, torch_weights

    model = build_model("baseline", width=0.02)
    units = model.get_layer("stacked_lstm").units
    module = torch_models.Baseline(units, dense_units=5)
    torch_weights.copy_baseline(module, model)
    names = {
        "stacked_lstm/lstm_1/lstm_cell/kernel": "lstm.weight_ih_l0",
        "stacked_lstm/lstm_2/lstm_cell/recurrent_kernel": "lstm.weight_hh_l1",
        "stacked_lstm/lstm_2/lstm_cell/bias": "lstm.bias_ih_l1",
    }
    check_against_torch(torch, model, module, make_batch([20, 9, 17]), names)
