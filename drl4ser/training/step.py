"""Optimiser, loss and the steps of training and evaluation, compiled once per model.

A step is written for one replica; `Replicas` runs it on several.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from drl4ser.config import TrainConfig
from drl4ser.parallel.replicas import ONE_REPLICA, Replicas


@keras.saving.register_keras_serializable(package="drl4ser")
class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba, 2014) by TensorFlow's kernel, which reads and writes each weight once per step.

    The update, the variables and their order are those of `keras.optimizers.Adam`, or of `AdamW` with `weight_decay`;
    Keras makes ten passes over the weights and their moments. `amsgrad` is not supported. With several replicas
    (`tf.distribute`), each updates its own copy, with gradients that are summed already.

    Example:
        >>> variable = keras.Variable([1.0, 2.0])
        >>> FusedAdam(0.5).apply([tf.constant([3.0, -4.0])], [variable])
        >>> variable.numpy().round(3).tolist()
        [0.5, 2.5]
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one weight and its two moments."""
        index = self._get_variable_index(variable)
        steps = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**steps,
            beta2_power=self.beta_2**steps,
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable, learning_rate)


def make_optimizer(train: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Adam, or AdamW with `weight_decay`, with the schedule of the learning rate."""
    rate = train.learning_rate
    if train.lr_schedule == "cosine":
        warmup = round(train.warmup_epochs * steps_per_epoch)
        total = train.max_epochs * steps_per_epoch
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else rate,
            decay_steps=max(1, total - warmup),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    return FusedAdam(rate, weight_decay=train.weight_decay or None)


def cross_entropy(
    logits: tf.Tensor, labels: tf.Tensor, class_weights: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """Weighted cross-entropy of each utterance, in float32.

    Args:
        logits: [B, C].
        labels: int [B].
        class_weights: float32 [C]; ones for the paper's plain cross-entropy.
        label_smoothing: probability mass spread evenly over the classes, in [0, 1).

    Returns:
        float32 [B].

    Example:
        >>> (loss,) = cross_entropy(tf.zeros([1, 4]), tf.constant([2]), tf.ones(4))
        >>> print(f"{loss:.4f}")  # log(4)
        1.3863
    """
    num_classes = class_weights.shape[0]
    targets = tf.one_hot(labels, num_classes)
    targets = targets * (1.0 - label_smoothing) + label_smoothing / num_classes
    loss = tf.nn.softmax_cross_entropy_with_logits(targets, tf.cast(logits, tf.float32))
    return loss * tf.gather(class_weights, labels)


def make_train_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    train: TrainConfig,
    class_weights: tf.Tensor,
    averages: list[tf.Variable],
    signature: tuple,
    replicas: Replicas = ONE_REPLICA,
) -> Callable:
    """A compiled function (inputs, labels) -> (loss, gradient norm), both float32 scalars.

    Args:
        model: maps a batch's inputs to logits.
        optimizer: built for the model's trainable variables.
        train: the settings; `clip_norm`, `label_smoothing` and `ema_momentum` are used here.
        class_weights: float32 [C].
        averages: moving averages of the weights and of batch normalisation's statistics, which fit these weights
            alone; updated in place, empty without `ema_momentum`.
        signature: specs of (inputs, labels) with open lengths, so that the step is traced once.
        replicas: the replicas that share each batch; the variables were created in their scope.
    """

    def train_step(inputs, labels):
        own_inputs, own_labels = replicas.share(inputs, labels)
        with tf.GradientTape() as tape:
            logits = model(own_inputs, training=True)
            losses = cross_entropy(logits, own_labels, class_weights, train.label_smoothing)
            loss = replicas.mean(losses, labels)
        loss, *gradients = replicas.all_reduce([loss, *tape.gradient(loss, model.trainable_variables)])
        norm = tf.linalg.global_norm(gradients)
        if train.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, train.clip_norm, use_norm=norm)
        optimizer.apply(gradients, model.trainable_variables)
        # at first the average follows the weights closely; otherwise it would keep part of their random start
        steps = tf.cast(optimizer.iterations, tf.float32)
        momentum = tf.minimum(train.ema_momentum, (1.0 + steps) / (10.0 + steps))
        for average, variable in zip(averages, model.weights, strict=True) if averages else ():
            average.assign(momentum * average + (1.0 - momentum) * variable)
        return loss, norm

    return replicas.compile(train_step, signature)


def make_evaluation_step(model: keras.Model, signature: tuple) -> Callable:
    """A compiled function inputs -> logits float32 [B, C], with moving batch-norm statistics and without dropout."""

    @tf.function(input_signature=signature)
    def evaluation_step(inputs):
        return tf.cast(model(inputs, training=False), tf.float32)

    return evaluation_step
