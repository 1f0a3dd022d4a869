"""The formats by name: how each is written, and how it is read back by a program that knows the format only."""

import contextlib
import dataclasses
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from drl4ser.console import needing, silenced
from drl4ser.export.interface import LENGTHS, build_served_model, describe_interface
from drl4ser.files import atomic_write_bytes, atomic_write_text
from drl4ser.runs.run import TrainedRun, input_signature

_OPSET = 17
Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: of the file or folder.
        write: writes a model to a path.
        load: reads it back as a function from inputs to probabilities [B, num_classes].
    """

    name: str
    write: Callable[[keras.Model, Path], None]
    load: Callable[[Path], Callable[[Inputs], np.ndarray]]


def export_run(run: TrainedRun, format_name: str, directory: Path) -> Path:
    """Write a trained system in one format, and `interface.json` (what goes in and out) and `words.bin` beside it.

    Args:
        run: loaded with precision float32.
        format_name: one of `FORMATS`.
        directory: made if need be.

    Returns:
        The file or folder of the model.

    Raises:
        ValueError: if the format cannot hold the system; the message says why.
    """
    if run.kernel_machine is not None:
        raise ValueError(
            f"{format_name} cannot hold {run.config.model.system}: its classifier is a support vector machine with "
            "several kernels, not a network; use drl4ser-predict"
        )
    directory.mkdir(parents=True, exist_ok=True)
    chosen = FORMATS[format_name]
    path = directory / chosen.name
    chosen.write(build_served_model(run), path)
    atomic_write_text(directory / "interface.json", json.dumps(describe_interface(run), indent=1) + "\n")
    if run.word_vectors is not None:
        run.word_vectors.save(directory / "words.bin")
    return path


def write_onnx(model: keras.Model, path: Path) -> None:
    """Write a model whose batch size and lengths stay open: dimensions "batch", "frames" and "words".

    Args:
        model: from a dictionary of inputs to a dictionary of outputs; their names are kept.
        path: the file.

    Raises:
        ValueError: if ONNX has no operator for something in the model.
        ImportError: if tf2onnx is not installed.
    """
    with needing("export"):
        import onnx
        import tf2onnx
    signature = input_signature(model)
    specs = list(signature.values())

    @tf.function(input_signature=specs, autograph=False)
    def serve(*values):
        return model(dict(zip(signature, values, strict=True)), training=False)

    with _without_commentary():
        proto, _ = tf2onnx.convert.from_function(
            serve,
            specs,
            opset=_OPSET,
            custom_op_handlers={"Expm1": (_convert_expm1, []), "SelectV2": (_convert_select, [])},
        )
    missing = _find_unknown_operators(proto.graph, onnx)
    if missing:
        raise ValueError(f"ONNX cannot hold {model.name}: it has no operator {', '.join(sorted(missing))}")
    for value in (*proto.graph.input, *proto.graph.output):
        open_dimensions = ("batch", LENGTHS.get(value.name, ""))
        for dimension, name in zip(value.type.tensor_type.shape.dim, open_dimensions, strict=False):
            if not dimension.HasField("dim_value"):
                dimension.dim_param = name
    onnx.checker.check_model(proto, full_check=True)
    atomic_write_bytes(path, proto.SerializeToString())


def write_litert(model: keras.Model, path: Path) -> None:
    """Write a model for LiteRT, of its builtin operators alone: one utterance at a time, its lengths open.

    LiteRT needs the size of what a loop collects, so the batch cannot be open.

    Args:
        model: from a dictionary of inputs to a dictionary of outputs; their names are kept.
        path: the file.

    Raises:
        ValueError: if LiteRT has no operator for something in the model.
    """
    with tempfile.TemporaryDirectory() as folder, silenced():
        _write_saved_model(model, Path(folder) / "saved_model", batch_size=1)
        converter = tf.lite.TFLiteConverter.from_saved_model(f"{folder}/saved_model")
        try:
            content = converter.convert()
        except Exception as error:  # of a class that TensorFlow does not export
            missing = sorted(set(re.findall(r"'tf\.(\w+)' op", str(error))))
            reason = f"it has no operator {', '.join(missing)}" if missing else str(error).partition("\n")[0]
            raise ValueError(f"LiteRT cannot hold {model.name}: {reason}") from error
    atomic_write_bytes(path, content)


def _write_keras(model: keras.Model, path: Path) -> None:
    temporary = path.with_name(f".part-{path.name}")
    model.save(temporary)
    temporary.replace(path)


def _load_keras(path: Path) -> Callable[[Inputs], np.ndarray]:
    model = keras.saving.load_model(path, safe_mode=True)
    return lambda inputs: np.asarray(model(inputs, training=False)["probabilities"])


def _write_saved_model(model: keras.Model, path: Path, batch_size: int | None = None) -> None:
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {
        name: tf.TensorSpec([batch_size, *spec.shape[1:]], spec.dtype, name)
        for name, spec in input_signature(model).items()
    }
    archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), input_signature=[signature])
    shutil.rmtree(path, ignore_errors=True)
    # Gradients have no part in serving, and those of the loops cannot be saved.
    archive.write_out(str(path), tf.saved_model.SaveOptions(experimental_custom_gradients=False), verbose=False)


def _load_saved_model(path: Path) -> Callable[[Inputs], np.ndarray]:
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]

    def run(inputs: Inputs) -> np.ndarray:
        _ = loaded  # the signature alone would not keep the weights alive
        return signature(**{name: tf.constant(value) for name, value in inputs.items()})["probabilities"].numpy()

    return run


def _load_onnx(path: Path) -> Callable[[Inputs], np.ndarray]:
    with needing("export"):
        import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["probabilities"], inputs)[0]


def _load_litert(path: Path) -> Callable[[Inputs], np.ndarray]:
    with needing("export"), silenced():
        from ai_edge_litert.interpreter import Interpreter

        serve = Interpreter(model_path=str(path)).get_signature_runner()

    def run(inputs: Inputs) -> np.ndarray:
        batch_size = len(next(iter(inputs.values())))
        rows = [serve(**{name: value[[n]] for name, value in inputs.items()}) for n in range(batch_size)]
        return np.concatenate([row["probabilities"] for row in rows])

    return run


def _convert_select(ctx, node, name, args):
    """The operator Where. tf2onnx takes products with 0 and 1, and NaN in the padding would go through."""
    node.type = "Where"


def _convert_expm1(ctx, node, name, args):
    """exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2): exact also near 0, where a difference would lose all digits."""
    (x,), (output,) = node.input, node.output
    shape, dtype = ctx.get_shape(output), ctx.get_dtype(output)
    one, two = (ctx.make_const(f"{name}_{word}", np.float32(value)) for word, value in (("one", 1), ("two", 2)))
    ctx.remove_node(node.name)
    half = ctx.make_node("Div", [x, two.output[0]]).output[0]
    t = ctx.make_node("Tanh", [half]).output[0]
    rest = ctx.make_node("Sub", [one.output[0], t]).output[0]
    double = ctx.make_node("Mul", [two.output[0], t]).output[0]
    return ctx.make_node("Div", [double, rest], name=name, outputs=[output], shapes=[shape], dtypes=[dtype])


def _find_unknown_operators(graph, onnx) -> set[str]:
    """Find the types of nodes, also in loops, that no version of ONNX has."""
    found = {node.op_type for node in graph.node if not onnx.defs.has(node.op_type, node.domain)}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found |= _find_unknown_operators(attribute.g, onnx)
    return found


@contextlib.contextmanager
def _without_commentary() -> Iterator[None]:
    """Silence tf2onnx, which logs every step and every missing operator; we name the latter ourselves."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


FORMATS = {
    "keras": Format("model.keras", _write_keras, _load_keras),
    "saved_model": Format("saved_model", _write_saved_model, _load_saved_model),
    "onnx": Format("model.onnx", write_onnx, _load_onnx),
    "litert": Format("model.tflite", write_litert, _load_litert),
}
