"""One seed for everything that a fold draws."""

import keras
import numpy as np
import tensorflow as tf


def derive_seed(seed: int, fold: int) -> int:
    """Derive a fold's own 31-bit seed: folds of one experiment's seed differ in their initial weights too.

    Example:
        >>> derive_seed(0, 0) == derive_seed(0, 0) != derive_seed(0, 1)
        True
    """
    return int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] >> 1)


def seed_fold(seed: int, fold: int) -> int:
    """Seed Python, NumPy, TensorFlow and Keras for one fold and make TensorFlow's kernels deterministic.

    Args:
        seed: the experiment's seed.
        fold: number of the fold.

    Returns:
        The number that was set, see `derive_seed`, from which the pipeline draws each epoch's order.
    """
    derived = derive_seed(seed, fold)
    keras.utils.set_random_seed(derived)
    tf.config.experimental.enable_op_determinism()
    return derived
