"""GCA-LSTM in PyTorch: nn.LSTM for the first layer, a Python loop over the steps for the second."""

import torch
from torch import nn


class GCALSTM(nn.Module):
    """Eqs. (4)-(12) with the products that do not depend on the memory made once for all steps."""

    def __init__(self, dim, units=256, iterations=3):
        super().__init__()
        self.units, self.iterations = units, iterations
        self.encoder = nn.LSTM(dim, units, batch_first=True)
        # PyTorch has two biases that are only ever added up; one of them stays zero.
        self.encoder.bias_hh_l0.requires_grad_(False).zero_()
        self.input = nn.Linear(units, 4 * units)
        self.recurrent = nn.Linear(units, 4 * units, bias=False)
        self.score_step = nn.Linear(units, units, bias=False)
        self.score_memory = nn.Linear(units, units, bias=False)
        self.score = nn.Linear(units, 1, bias=False)
        self.refine = nn.Linear(2 * units, units, bias=False)

    def forward(self, x, mask):
        """The memory [B, u] of `x` [B, N, D]; `mask` [B, N] boolean or None."""
        h, _ = self.encoder(x)
        last = torch.full((len(x),), x.shape[1] - 1) if mask is None else mask.sum(1) - 1
        memory = h[torch.arange(len(x)), last]
        gates, scores = self.input(h), self.score_step(h)
        for _ in range(self.iterations):
            e = self.score(torch.tanh(scores + self.score_memory(memory)[:, None])).squeeze(-1)
            attention = self._attend(gates, normalize_minmax(e, mask), last, mask)
            memory = torch.relu(self.refine(torch.cat([attention, memory], dim=-1)))
        return memory

    def _attend(self, gates, r, last, mask):
        """Eq. (11): hidden state of the last real step."""
        h = c = gates.new_zeros(len(gates), self.units)
        outputs = []
        for gates_n, r_n in zip(gates.unbind(1), r.unsqueeze(-1).unbind(1), strict=True):
            i, f, g, o = (gates_n + self.recurrent(h)).chunk(4, dim=-1)
            c = torch.sigmoid(f) * c * (1 - r_n) + torch.sigmoid(i) * torch.tanh(g) * r_n
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        # Padding is on the right: it changes no state before it.
        return h if mask is None else torch.stack(outputs, dim=1)[torch.arange(len(h)), last]


def normalize_minmax(e, mask):
    """Eq. (10): softmax and then min-max over the real steps; 1 where all steps tie."""
    if mask is not None:
        e = e.masked_fill(~mask, -torch.inf)
    p = torch.softmax(e, dim=1)
    high = p.amax(1, keepdim=True)
    low = (p if mask is None else p.masked_fill(~mask, torch.inf)).amin(1, keepdim=True)
    span = high - low
    r = torch.where(span > 0, (p - low) / torch.where(span > 0, span, 1.0), 1.0)
    return r if mask is None else r.masked_fill(~mask, 0.0)
