"""The baseline of Table 2 in PyTorch: nn.LSTM of two layers on the LLDs and the classifier."""

import torch
from torch import nn

from benchmarks.peers.torch_rlc import make_classifier
from benchmarks.peers.torch_weights import copy_classifier, copy_lstm


class Baseline(nn.Module):
    """Acoustic input, hidden state of the last real frame."""

    def __init__(self, units, dense_units=256, num_llds=17, num_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(num_llds, units, num_layers=2, batch_first=True)
        for level in range(2):
            getattr(self.lstm, f"bias_hh_l{level}").requires_grad_(False).zero_()
        self.classifier = make_classifier(units, dense_units, num_classes)

    def forward(self, llds, num_frames=None):
        """Logits [B, C] of `llds` [B, T, 17]; `num_frames` [B], or None if all frames are real."""
        hidden, _ = self.lstm(llds)
        if num_frames is None:
            return self.classifier(hidden[:, -1])
        return self.classifier(hidden[torch.arange(len(llds)), num_frames - 1])


def copy_baseline(module, model):
    """The weights of our acoustic baseline."""
    for level, lstm in enumerate(model.get_layer("stacked_lstm").lstms):
        copy_lstm(module.lstm, lstm, level)
    copy_classifier(module.classifier, model)
