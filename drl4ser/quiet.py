"""TensorFlow without its start-up chatter (no GPU here, processor features), which would tear the progress bars."""

import os
import sys


def import_tensorflow():
    """Import TensorFlow and let it look for devices with the standard error stream closed, unless one exports
    TF_CPP_MIN_LOG_LEVEL=0 to read what it says.

    Its first messages go straight to file descriptor 2, before any setting of its logger counts.

    Returns:
        The module `tensorflow`.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        import tensorflow as tf

        return tf
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    return tf
