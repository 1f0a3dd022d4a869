"""The model as it is exported: raw LLDs in, probabilities out."""

import keras

from drl4ser.runs.run import TrainedRun


def build_served_model(run: TrainedRun) -> keras.Model:
    """The trained model with its normaliser in front and a softmax behind.

    Args:
        run: loaded with precision float32.

    Returns:
        A model from {"llds": float32 [B, T, 17] as `extract_llds` makes them, "num_frames": int32 [B]} and, with
        lexical input, {"words": float32 [B, K, D], "num_words": int32 [B]} to
        {"probabilities": float32 [B, num_classes]}.
        Padding may hold any finite values.
    """
    inputs = {item.name: keras.Input(item.shape[1:], dtype=item.dtype, name=item.name) for item in run.model.inputs}
    values = dict(inputs)
    if "llds" in values:
        mean, std = run.normalizer.mean, run.normalizer.std
        normalize = keras.layers.Rescaling((1 / std).tolist(), (-mean / std).tolist(), name="normalizer")
        values["llds"] = normalize(values["llds"])
    probabilities = keras.layers.Softmax(name="probabilities")(run.model(list(values.values())))
    return keras.Model(inputs, {"probabilities": probabilities}, name=f"{run.config.model.system}_served")
