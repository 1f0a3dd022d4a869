"""One seed for everything that a fold draws."""

import keras
import numpy as np
import tensorflow as tf


def seed_fold(seed: int, fold: int) -> int:
    """Seed Python, NumPy, TensorFlow and Keras for one fold and make TensorFlow's kernels deterministic.

    Args:
        seed: the experiment's seed.
        fold: number of the fold; folds of one seed differ in their initial weights too.

    Returns:
        The 31-bit number that was set, from which the pipeline draws each epoch's order.
    """
    derived = int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] >> 1)
    keras.utils.set_random_seed(derived)
    tf.config.experimental.enable_op_determinism()
    return derived
