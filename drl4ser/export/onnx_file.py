"""Keras models as ONNX files, by tf2onnx."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf

from drl4ser.files import atomic_write_bytes
from drl4ser.runs.run import input_signature

_OPSET = 17


def write_onnx(model: keras.Model, path: Path) -> None:
    """Writes a model whose batch size and lengths stay open.

    Args:
        model: from a dictionary of inputs to a dictionary of outputs; their names are kept.
        path: the file.

    Raises:
        ValueError: if ONNX has no operator for something in the model.
        ImportError: if tf2onnx is not installed.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise ImportError(f"ONNX needs tf2onnx and onnx: pip install 'drl4ser[export]' ({error})") from error
    signature = input_signature(model)
    specs = list(signature.values())

    @tf.function(input_signature=specs, autograph=False)
    def serve(*values):
        return model(dict(zip(signature, values, strict=True)), training=False)

    with _without_commentary():
        proto, _ = tf2onnx.convert.from_function(
            serve, specs, opset=_OPSET, custom_op_handlers={"Expm1": (_convert_expm1, [])}
        )
    missing = _find_unknown_operators(proto.graph, onnx)
    if missing:
        raise ValueError(f"ONNX cannot hold {model.name}: it has no operator {', '.join(sorted(missing))}")
    onnx.checker.check_model(proto, full_check=True)
    atomic_write_bytes(path, proto.SerializeToString())


def _convert_expm1(ctx, node, name, args):
    """exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2): exact also near 0, where a difference would lose all digits."""
    import numpy as np

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
    """Types of nodes, also in loops, that no version of ONNX knows."""
    found = {node.op_type for node in graph.node if not onnx.defs.has(node.op_type, node.domain)}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found |= _find_unknown_operators(attribute.g, onnx)
    return found


@contextlib.contextmanager
def _without_commentary() -> Iterator[None]:
    """tf2onnx logs every step and every missing operator; we name the latter ourselves."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
