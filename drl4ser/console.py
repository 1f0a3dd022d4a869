"""What programs say: one line each, and TensorFlow nothing (no GPU here, processor features)."""

import contextlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from drl4ser.processor import prepare


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Close file descriptor 2 for a while: TensorFlow writes to it without asking its loggers.

    TF_CPP_MIN_LOG_LEVEL=0 in the environment keeps it open, to read what TensorFlow says.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def progress(*arguments: Any, **options: Any) -> Any:
    """A bar of tqdm with these arguments. In a file, where every state of it stays, it moves twice a minute only."""
    from tqdm import tqdm

    in_place = sys.stderr.isatty() or "ipykernel" in sys.modules
    return tqdm(*arguments, mininterval=0.1 if in_place else 30, **options)


def one_line(text: object) -> str:
    """`text` with everything escaped that would break or hide part of a line: names of files may hold it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(text))


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Write warnings to the user as one line each, without the place in the code."""
    before = warnings.formatwarning

    def write(message, category, *place, **options) -> str:
        if category is UserWarning:
            return f"warning: {one_line(message)}\n"
        return before(message, category, *place, **options)

    warnings.formatwarning = write
    try:
        yield
    finally:
        warnings.formatwarning = before


def printable(text: object) -> str:
    r"""Escape what UTF-8 cannot encode, such as bytes of other encodings in the name of a file.

    Example:
        >>> printable("caf\udce9.wav")
        'caf\\udce9.wav'
    """
    return str(text).encode("utf-8", "backslashreplace").decode()


@contextlib.contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let imports of these packages fail for a while, unless they are imported already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def needing(extra: str) -> Iterator[None]:
    """Name the extra to install where a package is missing.

    Raises:
        ImportError: in place of ModuleNotFoundError.

    Example:
        >>> with needing("models"):
        ...     import no_such_package
        Traceback (most recent call last):
        ImportError: no_such_package is not installed: run pip install 'drl4ser[models]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(f"{error.name} is not installed: run pip install 'drl4ser[{extra}]'") from error


def require_tensorflow() -> None:
    """End a program with one line if TensorFlow is not installed; it is looked for, not imported."""
    if importlib.util.find_spec("tensorflow") is None:
        sys.exit("error: tensorflow is not installed: run pip install 'drl4ser[models]'")


def import_tensorflow() -> ModuleType:
    """Import TensorFlow, prepared for this machine (`processor.prepare`), and let it look for devices, silently.

    Keras imports matplotlib's pyplot and scikit-learn for parts that nothing here uses: a quarter of the time.

    Returns:
        The module `tensorflow`.

    Raises:
        ImportError: if it is not installed.
    """
    prepare()
    with silenced(), needing("models"), _hidden("matplotlib", "sklearn"):
        import tensorflow as tf

        tf.config.list_physical_devices()
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] != "0":  # of graphs that are made again, as for each run that is loaded
        tf.get_logger().setLevel("ERROR")
    return tf
