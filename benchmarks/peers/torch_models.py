"""S3 and the baseline in PyTorch, with PyTorch's own modules wherever there is one, and their training step.

Without a mask (all utterances equally long) the fast paths are taken: native batch norm, attention without a bias.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional

KERNEL_SIZES = (10, 5, 5, 3, 3)
FILTERS = (32, 64, 128, 256, 512)


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch norm over the real frames: native without a mask, weighted sums with one (these compile well)."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-3, momentum=0.1)

    def forward(self, x, mask):
        """`x` [B, C, T], `mask` [B, T] boolean or None."""
        if mask is None:
            return super().forward(x)
        real = mask[:, None].to(x.dtype)
        mean, variance = self.running_mean, self.running_var
        if self.training:
            count = real.sum()
            mean = (x * real).sum((0, 2)) / count
            variance = ((x - mean[:, None]).square() * real).sum((0, 2)) / count
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance, self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (x * scale[:, None] + (self.bias - mean * scale)[:, None]) * real


class NormalizedConv(nn.Module):
    """Convolution without bias and with fixed padding, then batch norm."""

    def __init__(self, channels, filters, kernel_size, stride):
        super().__init__()
        left = (kernel_size - 1) // 2
        # An odd kernel is padded alike on both sides, which the convolution does itself.
        self.padding = None if kernel_size % 2 else (left, kernel_size - 1 - left)
        padding = left if kernel_size % 2 else 0
        self.conv = nn.Conv1d(channels, filters, kernel_size, stride, padding, bias=False)
        self.norm = MaskedBatchNorm(filters)

    def forward(self, x, mask):
        """`x` [B, C, T]; `mask` is that of the output."""
        return self.norm(self.conv(x if self.padding is None else functional.pad(x, self.padding)), mask)


class SelfAttention(nn.Module):
    """Four heads, four projections without bias, PyTorch's fused attention."""

    def __init__(self, dim, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(self, x, mask):
        """`x` [B, T, D]."""
        batch, steps, dim = x.shape
        qkv = self.qkv(x).view(batch, steps, 3, self.num_heads, dim // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        bias = None if mask is None else mask[:, None, None, :]
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        y = self.out(y.transpose(1, 2).reshape(batch, steps, dim))
        return y if mask is None else y * mask[:, :, None]


class ResidualBlock(nn.Module):
    """Two convolutions, attention between them, a shortcut around them."""

    def __init__(self, channels, filters, kernel_size, stride):
        super().__init__()
        self.first = NormalizedConv(channels, filters, kernel_size, stride)
        self.attention = SelfAttention(filters)
        self.second = NormalizedConv(filters, filters, kernel_size, 1)
        self.shortcut = nn.Conv1d(channels, filters, 1, stride, bias=False) if stride == 2 else nn.Identity()

    def forward(self, x, mask):
        """`x` [B, C, T]; `mask` is that of the output."""
        y = functional.relu(self.first(x, mask))
        y = y + self.attention(y.transpose(1, 2), mask).transpose(1, 2)
        return functional.relu(self.second(y, mask) + self.shortcut(x))


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


def make_classifier(*sizes):
    """Dense layers of these sizes, ReLU between them."""
    layers = [layer for pair in itertools.pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class S3(nn.Module):
    """Five groups, GCA-LSTM and the classifier, acoustic input."""

    def __init__(self, filters=FILTERS, units=256, dense_units=256, num_llds=17, num_classes=4):
        super().__init__()
        channels = filters[0]
        self.first = NormalizedConv(num_llds, channels, KERNEL_SIZES[0], 2)
        self.blocks = nn.ModuleList()
        for kernel_size, size in zip(KERNEL_SIZES[1:], filters[1:], strict=True):
            self.blocks.append(ResidualBlock(channels, size, kernel_size, 2))
            self.blocks.append(ResidualBlock(size, size, kernel_size, 1))
            channels = size
        self.gca_lstm = GCALSTM(channels, units)
        self.classifier = make_classifier(units, dense_units, dense_units, num_classes)

    def forward(self, llds, num_frames=None):
        """Logits [B, C] of `llds` [B, T, 17]; `num_frames` [B], or None if all frames are real."""
        mask = None
        if num_frames is not None:
            mask = torch.arange(llds.shape[1])[None] < num_frames[:, None]
            llds, mask = llds * mask[:, :, None], mask[:, ::2]
        x = functional.relu(self.first(llds.transpose(1, 2), mask))
        for block in self.blocks:
            if mask is not None and not isinstance(block.shortcut, nn.Identity):
                mask = mask[:, ::2]
            x = block(x, mask)
        return self.classifier(self.gca_lstm(x.transpose(1, 2), mask))


class Baseline(nn.Module):
    """Acoustic input, hidden state of the last real frame."""

    def __init__(self, units, dense_units=256, num_llds=17, num_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(num_llds, units, num_layers=2, batch_first=True)
        for level in range(2):
            getattr(self.lstm, f"bias_hh_l{level}").requires_grad_(False).zero_()
        self.classifier = make_classifier(units, dense_units, dense_units, num_classes)

    def forward(self, llds, num_frames=None):
        """Logits [B, C] of `llds` [B, T, 17]; `num_frames` [B], or None if all frames are real."""
        hidden, _ = self.lstm(llds)
        if num_frames is None:
            return self.classifier(hidden[:, -1])
        return self.classifier(hidden[torch.arange(len(llds)), num_frames - 1])


def make_train_step(module, compile_it=False, precision="float32"):
    """Make a function (llds, num_frames, labels) -> loss that trains `module` with the loss and optimiser of ours.

    Args:
        module: maps (llds, num_frames) to logits.
        compile_it: whether to use torch.compile.
        precision: "float32", "autocast" for bfloat16 where PyTorch deems it safe, or "medium" for float32 whose
            products may be made in bfloat16 (`torch.set_float32_matmul_precision`).
    """
    module.train()
    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-7, fused=True)
    forward = torch.compile(module) if compile_it else module

    def train_step(llds, num_frames, labels):
        torch.set_float32_matmul_precision("medium" if precision == "medium" else "highest")
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "autocast"):
            loss = functional.cross_entropy(forward(llds, num_frames), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return train_step
