"""GCA-LSTM in plain Keras, the obvious way: each iteration runs keras.layers.RNN over [h_n; r_n]."""

import keras
import tensorflow as tf

from drl4ser.layers import GCALSTMCell


class NaiveGCALSTM(keras.layers.Layer):
    """Eqs. (4)-(12) as they stand, with Keras' own LSTM and RNN and their masks."""

    def __init__(self, units=256, iterations=3, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.iterations = iterations
        self.encoder = keras.layers.LSTM(units, return_sequences=True, return_state=True)
        self.second = keras.layers.RNN(GCALSTMCell(units))
        self.attention = keras.layers.Dense(units, activation="tanh", use_bias=False)
        self.score = keras.layers.Dense(1, use_bias=False)
        self.refine = keras.layers.Dense(units, activation="relu", use_bias=False)

    def call(self, x, mask):
        """[B, u] of `x` [B, N, D] and `mask` [B, N]."""
        h, memory, _ = self.encoder(x, mask=mask)
        for _ in range(self.iterations):
            repeated = tf.repeat(memory[:, tf.newaxis], tf.shape(h)[1], axis=1)
            e = self.score(self.attention(tf.concat([h, repeated], axis=-1)))[:, :, 0]
            r = tf.nn.softmax(tf.where(mask, e, -1e9))
            low = tf.reduce_min(tf.where(mask, r, 1.0), axis=1, keepdims=True)
            span = tf.reduce_max(r, axis=1, keepdims=True) - low
            r = tf.where(mask, tf.where(span > 0, tf.math.divide_no_nan(r - low, span), 1.0), 0.0)
            attended = self.second(tf.concat([h, r[:, :, tf.newaxis]], axis=-1), mask=mask)
            memory = self.refine(tf.concat([attended, memory], axis=-1))
        return memory

    def copy_weights(self, layer):
        """Take the weights of a built drl4ser.layers.GCALSTM; this layer must be built, too."""
        self.encoder.set_weights(layer.encoder.get_weights())
        self.second.set_weights(layer.cell.get_weights())
        for dense, kernel in ((self.attention, layer.w_e2), (self.score, layer.w_e1), (self.refine, layer.w_f)):
            dense.set_weights([kernel.numpy()])
