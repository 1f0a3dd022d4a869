"""Row: GCA-LSTM, three refinements, forward and backward, against three plain Keras RNN passes."""

import numpy as np
import tensorflow as tf

from benchmarks.peers.keras_gca_lstm import NaiveGCALSTM
from benchmarks.result import Result, compare_seconds
from benchmarks.timing import Effort, time_in_turns
from drl4ser.layers import GCALSTM

BATCH, DIM, UNITS = 32, 512, 256
STEPS = (10, 50, 200)
WANTED = 2.0


def measure(effort: Effort) -> Result:
    """One row for each number of steps."""
    effort = effort.share(len(STEPS))
    rows, samples = [], {}
    for num_steps in STEPS:
        x, mask = make_sequences(BATCH, num_steps, DIM)
        ours, theirs = make_layers(x, mask)
        sides = {"ours": compile_step(ours, x, mask), "keras": compile_step(theirs, x, mask)}
        seconds = time_in_turns(sides, effort)
        what = f"GCA-LSTM forward and backward, batch {BATCH}, {num_steps} steps"
        rows.append(compare_seconds(what, "three Keras RNN passes", seconds["ours"], seconds["keras"], WANTED))
        samples[what] = seconds
    return Result(rows, samples=samples)


def make_sequences(batch: int, num_steps: int, dim: int):
    """x [B, N, D] and a mask [B, N] of lengths from half of N to N."""
    rng = np.random.default_rng(0)
    lengths = rng.integers((num_steps + 1) // 2, num_steps + 1, batch)
    lengths[0] = num_steps
    mask = np.arange(num_steps) < lengths[:, None]
    return tf.constant(rng.normal(size=(batch, num_steps, dim)), tf.float32), tf.constant(mask)


def make_layers(x, mask, units: int = UNITS):
    """Our layer and the naive one with the same weights."""
    ours, theirs = GCALSTM(units), NaiveGCALSTM(units)
    for layer in (ours, theirs):
        layer(x, mask=mask)
    theirs.copy_weights(ours)
    return ours, theirs


def compile_step(layer, x, mask):
    """Forward and backward pass with respect to inputs and weights, compiled; returns when done."""

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x, mask=mask)))
        return tape.gradient(loss, [x, *layer.trainable_variables])

    return lambda: [gradient.numpy() for gradient in run()]
