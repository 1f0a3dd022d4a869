"""What an exported model takes and gives: the model itself, raw LLDs in and probabilities out, and its description."""

import keras

from drl4ser.config import to_dict
from drl4ser.features import EXTRACTOR_VERSION, LLD_NAMES
from drl4ser.files import file_sha256
from drl4ser.layers import MeanPooling, SequenceMask
from drl4ser.runs.paths import WEIGHTS_FILE
from drl4ser.runs.run import TrainedRun

LENGTHS = {"llds": "frames", "words": "words"}
"""Name of axis 1 of each sequence."""
_LLD_UNITS = dict.fromkeys(LLD_NAMES, "1") | {
    "log_energy": "ln of mean power, full scale = 1; -41.59 to 0",
    "voicing_probability": "1; 0 to 1",
    "hnr_db": "dB; -20 to 40",
    "log_f0": "ln of Hz, 0 where unvoiced",
    "zcr": "sign changes per sample; 0 to 1",
}
_INPUTS = {
    "llds": "Low-level descriptors, one row per frame in the order of `llds`; the model normalises them itself. "
    "At least one frame. Rows behind an utterance's own frames may hold anything, NaN included.",
    "num_frames": "Number of frames of each utterance.",
    "words": "Word vectors, one row per known word, see `transcripts`. The axis may have length 0. Rows behind an "
    "utterance's own words may hold anything, NaN included.",
    "num_words": "Number of known words of each utterance; 0 without transcript: the model then uses the audio only.",
}
_TRANSCRIPTS = {
    "words.bin": "The words of the training corpus, test part included, that its word vectors had; no others of these "
    "vectors. In word2vec's binary format: a line 'number_of_words dimension'; per word its UTF-8 bytes,"
    " a space, `dimension` little-endian float32 values and a line feed. gensim reads it: "
    "KeyedVectors.load_word2vec_format('words.bin', binary=True).",
    "tokenising": "drl4ser.text.tokenize: leave out [...], <...> and ++...++; words are runs of letters and digits, "
    "with apostrophes inside; punctuation is dropped, hyphens separate words.",
    "lookup": "Each word as written, then in lower case, then capitalised; the first spelling in words.bin counts.",
    "unknown words": "They are left out and not counted in num_words. No known word: num_words is 0.",
}


def build_served_model(run: TrainedRun) -> keras.Model:
    """Build the trained model with its normaliser in front and a softmax behind.

    Args:
        run: loaded with precision float32.

    Returns:
        A model from {"llds": float32 [B, T, 17] as `extract_llds` makes them, "num_frames": int32 [B]} and, with
        lexical input, {"words": float32 [B, K, D], "num_words": int32 [B]} to
        {"probabilities": float32 [B, num_classes]}.
        Padding may hold anything, NaN included; K may be 0.
    """
    inputs = {item.name: keras.Input(item.shape[1:], dtype=item.dtype, name=item.name) for item in run.model.inputs}
    values = dict(inputs)
    if "llds" in values:
        mean, std = run.normalizer.mean, run.normalizer.std
        normalize = keras.layers.Rescaling(
            (1 / std).tolist(), (-mean / std).tolist(), name="normalizer", dtype="float32"
        )
        values["llds"] = normalize(values["llds"])
        if run.normalizer.subtract_mean:
            values["llds"] = _subtract_mean(values["llds"], values["num_frames"])
    if "words" in values:
        # ONNX Runtime fails on a sequence of length 0; one more row of padding changes nothing.
        values["words"] = keras.layers.ZeroPadding1D((0, 1), name="one_more_word", dtype="float32")(values["words"])
    # Not the layer Softmax: it would apply the mask [B] of batch normalisation to [B, num_classes].
    softmax = keras.layers.Activation("softmax", name="probabilities", dtype="float32")
    probabilities = softmax(run.model(list(values.values())))
    return keras.Model(inputs, {"probabilities": probabilities}, name=f"{run.config.model.system}_served")


def _subtract_mean(scores: keras.KerasTensor, num_frames: keras.KerasTensor) -> keras.KerasTensor:
    """Take off the mean over an utterance's own frames, as `Normalizer` does."""
    return scores - MeanPooling(dtype="float32")(scores, mask=SequenceMask()(num_frames, scores))[:, None]


def describe_interface(run: TrainedRun) -> dict:
    """Describe what a caller of an exported model must provide and gets, as plain values for `interface.json`."""
    inputs = {
        item.name: {
            "shape": ["batch", *([LENGTHS[item.name], item.shape[2]] if item.name in LENGTHS else [])],
            "dtype": item.dtype,
            "meaning": _INPUTS[item.name],
        }
        for item in run.model.inputs
    }
    trim_db = run.normalizer.trim_db
    probabilities = {"shape": ["batch", len(run.config.classes)], "dtype": "float32", "meaning": "They sum to 1."}
    return {
        "system": run.config.model.system,
        "classes": list(run.config.classes),
        "inputs": inputs,
        "batch": "Any number of utterances; model.tflite takes one at a time.",
        "outputs": {"probabilities": probabilities},
        "weights_sha256": file_sha256(run.directory / WEIGHTS_FILE),
        "llds": {name: _LLD_UNITS[name] for name in LLD_NAMES},
        "llds_version": EXTRACTOR_VERSION,
        "frame": to_dict(run.config.frame),
        "trim_db": trim_db,
        "trimming": "Leave out the frames before the first and after the last one whose log_energy is at most "
        f"{trim_db:g} dB ({trim_db / 4.342945:.3f}) below the utterance's highest."
        if trim_db
        else "None: every frame is used.",
        "transcripts": _TRANSCRIPTS if "words" in inputs else "Not used.",
    }
