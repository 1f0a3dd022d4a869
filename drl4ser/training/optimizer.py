"""Keras' Adam with TensorFlow's one-pass kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="drl4ser")
class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba, 2014) that reads and writes each weight once a step.

    The update, the variables and their order are those of `keras.optimizers.Adam`, or of `AdamW` with
    `weight_decay`; Keras computes it by ten passes over the weights and their moments. `amsgrad` is not supported.
    Of several replicas (`tf.distribute`), each updates its own copy, with gradients that are added up already.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Updates one weight and its two moments."""
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
