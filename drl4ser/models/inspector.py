"""What a trained system attends to: attention matrices, informativeness and the representation of an utterance."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from drl4ser.config import FrameConfig
from drl4ser.layers import GCALSTM, ResidualConvGroup

# The first of these that a model has is what its classifier gets.
_REPRESENTATION_LAYERS = ("memory_and_max", "gca_lstm", "stacked_lstm", "max_pooling")


@dataclasses.dataclass(frozen=True)
class AttentionBlock:
    """One self-attention block of Figure 2(b).

    Attributes:
        name: such as "group 2, block 1".
        weights: Eq. (2)'s correlation matrices, float32 [heads, N, N]; a row, one query, sums to 1.
        times: middle of each step in seconds, [N].
    """

    name: str
    weights: np.ndarray
    times: np.ndarray

    def head(self, number: int) -> np.ndarray:
        """The matrix of one head, counted from 1, or the mean of all with 0: [N, N]."""
        return self.weights[number - 1] if number else self.weights.mean(axis=0)

    @property
    def received(self) -> np.ndarray:
        """How much attention each step gets, in shares of an even spread (mean 1): [heads, N]."""
        return self.weights.mean(axis=1) * self.weights.shape[-1]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Everything that can be seen of one utterance.

    Attributes:
        blocks: the eight self-attention blocks, from the first to the last.
        informativeness: gates r_n of Eq. (10), float32 [iterations, N] in [0, 1]; no rows for a system without
            GCA-LSTM.
        times: middle of each of these N steps in seconds, [N].
        representation: what the classifier gets of the audio, F after the last iteration for S3: [units].
        probabilities: of the classes, float64 [C].
    """

    blocks: tuple[AttentionBlock, ...]
    informativeness: np.ndarray
    times: np.ndarray
    representation: np.ndarray
    probabilities: np.ndarray


class Inspector:
    """Applies a system with self-attention (S2, S3) and keeps what its layers saw on the way.

    The layers are the model's own, called with `return_attention` and `return_informativeness`; no equation is
    written a second time. They share the model's weights: after a training step the same inspector sees the new ones.

    Args:
        model: as `build_model` makes it, with acoustic input.
        frame: how the LLDs were made; gives the times.

    Raises:
        ValueError: if the model has no self-attention.
    """

    def __init__(self, model: keras.Model, frame: FrameConfig = FrameConfig()):
        if not has_attention(model):
            raise ValueError(f"system {model.name!r} has no self-attention to look at; choose s2 or s3")
        self.frame = frame
        strides = [layer.strides for layer in model.layers if isinstance(layer, ResidualConvGroup)]
        self._halvings = [strides[: i + 1].count(2) for i in range(len(strides))]
        revealing = _reveal(model)
        self._run = tf.function(lambda inputs: revealing(inputs, training=False), reduce_retracing=True)

    def __call__(self, inputs: dict, starts_s: Sequence[float] = ()) -> list[Inspection]:
        """Looks at a batch.

        Args:
            inputs: what the model takes, "llds" float32 [B, T, 17], "num_frames" int32 [B] and so on.
            starts_s: where in its recording each utterance begins, if silence before it was trimmed; in seconds.

        Returns:
            One inspection an utterance, without its padding.
        """
        inputs = {name: tf.convert_to_tensor(value) for name, value in inputs.items()}
        seen = tf.nest.map_structure(lambda tensor: tensor.numpy(), self._run(inputs))
        lengths = inputs["num_frames"].numpy()
        starts_s = starts_s or [0.0] * len(lengths)
        return [
            self._cut(seen, index, int(length), start)
            for index, (length, start) in enumerate(zip(lengths, starts_s, strict=True))
        ]

    def _cut(self, seen: dict, index: int, num_frames: int, start_s: float) -> Inspection:
        blocks = []
        for number, group in enumerate(seen["attention"], start=2):
            times = start_s + step_times(num_frames, self._halvings[number - 1], self.frame)
            for block, weights in enumerate(group, start=1):
                real = weights[index, :, : len(times), : len(times)]
                blocks.append(AttentionBlock(f"group {number}, block {block}", real, times))
        times = blocks[-1].times
        informativeness = seen["informativeness"][index, :, : len(times)] if "informativeness" in seen else ()
        return Inspection(
            tuple(blocks),
            np.reshape(informativeness, (-1, len(times))),
            times,
            seen["representation"][index],
            softmax(seen["logits"][index].astype(np.float64)),
        )


def step_times(num_frames: int, num_halvings: int, frame: FrameConfig = FrameConfig()) -> np.ndarray:
    """The middle of each step, in seconds, after so many strides of 2.

    Step n is centred on frame n 2^halvings (see `downsample_mask`), and a frame's middle lies half a frame after its
    beginning.

    Args:
        num_frames: LLD frames of the utterance.
        num_halvings: 5 for the steps of 160 ms that GCA-LSTM reads; group 2's attention has 2.
        frame: length and distance of frames.

    Returns:
        float64 [ceil(num_frames / 2^halvings)].
    """
    stride = 2**num_halvings
    steps = np.arange(-(-num_frames // stride))
    return (steps * stride * frame.hop_length + frame.frame_length / 2) / frame.sample_rate


def has_attention(model: keras.Model) -> bool:
    """Whether a model has self-attention blocks, so that `Inspector` can look at it."""
    return any(_attends(layer) for layer in model.layers)


def build_encoder(model: keras.Model) -> keras.Model | None:
    """From the model's inputs to what its recurrent layer makes of an utterance: [B, units].

    Returns:
        None for a system that has no such layer.
    """
    layers = {layer.name: layer for layer in model.layers}
    found = [layers[name] for name in (*_REPRESENTATION_LAYERS, "lexical_lstm") if name in layers]
    return keras.Model(model.inputs, found[0].output) if found else None


def _attends(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, ResidualConvGroup) and bool(layer.num_heads and layer.blocks)


class _Revealing(keras.layers.Layer):
    """A layer of the model, called so that it returns what it usually keeps to itself."""

    def __init__(self, layer: keras.layers.Layer, argument: str):
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.layer, self.argument = layer, argument
        self.supports_masking = True
        self.built = True

    def call(self, x, mask=None):
        return self.layer(x, mask=mask, **{self.argument: True})

    def compute_output_spec(self, x, mask=None):
        return self.layer.compute_output_spec(x, mask=mask, **{self.argument: True})

    def compute_mask(self, inputs, previous_mask=None):
        return None  # masks travel as arguments


def _reveal(model: keras.Model) -> keras.Model:
    """The model with "attention" (a pair for each group), "informativeness" and "representation" beside "logits"."""
    outputs: dict[str, Any] = {"attention": []}

    def wrap(layer):
        if _attends(layer):
            return _Revealing(layer, "return_attention")
        return _Revealing(layer, "return_informativeness") if isinstance(layer, GCALSTM) else layer

    def call(layer, *args, **kwargs):
        result = layer(*args, **kwargs)
        if isinstance(layer, _Revealing):
            result, extra = result
            if layer.argument == "return_attention":
                outputs["attention"].append(extra)
            else:
                outputs["informativeness"] = extra
        if layer.name in _REPRESENTATION_LAYERS:
            outputs["representation"] = result
        return result

    copy = keras.models.clone_model(model, clone_function=wrap, call_function=call)
    return keras.Model(copy.inputs, {**outputs, "logits": copy.output})
