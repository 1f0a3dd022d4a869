"""From the weights of our layers to PyTorch's parameters: the same numbers in PyTorch's order and layout."""

import numpy as np
import torch


def _copy(parameter, value):
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def _convolution(module, conv):
    _copy(module.weight, conv.kernel.numpy().transpose(2, 1, 0))


def _normalized_conv(module, layer):
    _convolution(module.conv, layer.conv)
    names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
    for target, source in names.items():
        _copy(getattr(module.norm, target), getattr(layer.norm, source).numpy())


def _linear(module, kernel, bias=None):
    _copy(module.weight, kernel.T)
    if bias is not None:
        _copy(module.bias, bias.numpy())


def copy_lstm(module, lstm, level=0):
    """Layer `level` of an nn.LSTM from a built `keras.layers.LSTM`; both have the gates i, f, c, o."""
    cell = lstm.cell
    _copy(getattr(module, f"weight_ih_l{level}"), cell.kernel.numpy().T)
    _copy(getattr(module, f"weight_hh_l{level}"), cell.recurrent_kernel.numpy().T)
    _copy(getattr(module, f"bias_ih_l{level}"), cell.bias.numpy())


def copy_gca_lstm(module, layer):
    """A torch_models.GCALSTM from a built drl4ser.layers.GCALSTM."""
    copy_lstm(module.encoder, layer.encoder)
    _linear(module.input, layer.cell.kernel.numpy(), layer.cell.bias)
    _linear(module.recurrent, layer.cell.recurrent_kernel.numpy())
    step, memory = np.split(layer.w_e2.numpy(), 2)
    _linear(module.score_step, step)
    _linear(module.score_memory, memory)
    _linear(module.score, layer.w_e1.numpy())
    _linear(module.refine, layer.w_f.numpy())


def copy_classifier(module, model):
    """The nn.Sequential of three dense layers from those of one of our models."""
    for linear, name in zip(module[::2], ("classifier_1", "classifier_2", "logits"), strict=True):
        dense = model.get_layer(name)
        _linear(linear, dense.kernel.numpy(), dense.bias)


def copy_s3(module, model):
    """A torch_models.S3 from our acoustic S3."""
    _normalized_conv(module.first, model.get_layer("group_1").conv)
    blocks = [block for i in range(2, 6) for block in model.get_layer(f"group_{i}").blocks]
    for target, block in zip(module.blocks, blocks, strict=True):
        _normalized_conv(target.first, block.first)
        _normalized_conv(target.second, block.second)
        attention = block.attention
        kernels = [w.numpy() for w in (attention.w_q, attention.w_k, attention.w_v)]
        _linear(target.attention.qkv, np.concatenate(kernels, axis=1))
        _linear(target.attention.out, attention.w_o.numpy())
        if block.shortcut is not None:
            _convolution(target.shortcut, block.shortcut)
    copy_gca_lstm(module.gca_lstm, model.get_layer("gca_lstm"))
    copy_classifier(module.classifier, model)


def copy_baseline(module, model):
    """The weights of our acoustic baseline."""
    for level, lstm in enumerate(model.get_layer("stacked_lstm").lstms):
        copy_lstm(module.lstm, lstm, level)
    copy_classifier(module.classifier, model)
