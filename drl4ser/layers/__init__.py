"""Keras layers of the paper's equations, which are in `equations`; no configuration or flag is read here."""

try:
    import keras as _keras  # noqa: F401
    import tensorflow as _tensorflow  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(f"{error.name} is not installed: run pip install 'drl4ser[models]'") from error

from drl4ser.layers.conv import NormalizedConv, PooledConv, TemporalConv
from drl4ser.layers.functionals import Functionals
from drl4ser.layers.gca_lstm import GCALSTM, GCALSTMCell
from drl4ser.layers.lstm import BidirectionalLSTM, StackedLSTM
from drl4ser.layers.masking import DownsampleMask, SequenceMask, downsample_mask, mask_padding, wide_policy
from drl4ser.layers.normalization import BatchNormalization, MaskedBatchNormalization
from drl4ser.layers.pooling import AttentionPooling, FrameDense, MaxPooling, MeanPooling
from drl4ser.layers.residual import ResidualBlock, ResidualConvGroup
from drl4ser.layers.self_attention import MultiHeadSelfAttention
from drl4ser.layers.shared_batch import Dropout
from drl4ser.layers.skip_gca_lstm import SkipGCALSTM

__all__ = [
    "GCALSTM",
    "AttentionPooling",
    "BatchNormalization",
    "BidirectionalLSTM",
    "DownsampleMask",
    "Dropout",
    "FrameDense",
    "Functionals",
    "GCALSTMCell",
    "MaskedBatchNormalization",
    "MaxPooling",
    "MeanPooling",
    "MultiHeadSelfAttention",
    "NormalizedConv",
    "PooledConv",
    "ResidualBlock",
    "ResidualConvGroup",
    "SequenceMask",
    "SkipGCALSTM",
    "StackedLSTM",
    "TemporalConv",
    "downsample_mask",
    "mask_padding",
    "wide_policy",
]
