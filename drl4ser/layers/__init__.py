"""Keras layers of the paper's equations; they know nothing of configurations or flags."""

from drl4ser.layers.batch_norm import MaskedBatchNormalization
from drl4ser.layers.batch_normalization import BatchNormalization
from drl4ser.layers.bidirectional_lstm import BidirectionalLSTM
from drl4ser.layers.dropout import Dropout
from drl4ser.layers.frame_dense import FrameDense
from drl4ser.layers.functionals import Functionals
from drl4ser.layers.gca_lstm import GCALSTM
from drl4ser.layers.gca_lstm_cell import GCALSTMCell
from drl4ser.layers.masking import DownsampleMask, SequenceMask, downsample_mask, mask_padding
from drl4ser.layers.normalized_conv import NormalizedConv
from drl4ser.layers.pooled_conv import PooledConv
from drl4ser.layers.pooling import AttentionPooling, MeanPooling
from drl4ser.layers.residual_block import ResidualBlock
from drl4ser.layers.residual_conv import ResidualConvGroup
from drl4ser.layers.self_attention import MultiHeadSelfAttention
from drl4ser.layers.stacked_lstm import StackedLSTM

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
    "MeanPooling",
    "MultiHeadSelfAttention",
    "NormalizedConv",
    "PooledConv",
    "ResidualBlock",
    "ResidualConvGroup",
    "SequenceMask",
    "StackedLSTM",
    "downsample_mask",
    "mask_padding",
]
