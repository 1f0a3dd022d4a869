"""What this machine's processor and memory ask of TensorFlow, decided before TensorFlow is imported."""

import contextlib
import ctypes
import functools
import os
import platform
import time
from pathlib import Path

_PRODUCT_SIZE, _ROUNDS = 512, 30
_LEAST_SPEED = 0.9  # of bfloat16, times float32's: what is level may come out on either side

# Parameters of mallopt(3), their numbers from glibc's malloc.h.
_MALLOPT = {
    -3: 1 << 30,  # M_MMAP_THRESHOLD: blocks below 1 GiB come from the heap, not from the system each time
    -1: -1,  # M_TRIM_THRESHOLD: the heap gives nothing back
    -2: 256 << 20,  # M_TOP_PAD: and grows by 256 MiB at a time
}


def prepare() -> None:
    """Set what TensorFlow and its memory read once, at their start. A user's own environment always wins.

    - TF_ENABLE_ONEDNN_OPTS=1: TensorFlow leaves oneDNN off on processors without AVX-512 or AVX-VNNI, where it is as
      much faster as elsewhere.
    - The C library keeps the memory that a step frees for the next step (DRL4SER_KEEP_MEMORY=0: it does not).
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if os.environ.get("DRL4SER_KEEP_MEMORY", "1") != "0":
        keep_memory()


def keep_memory() -> bool:
    """Tell glibc to keep freed memory: new pages cost more than what is computed in them.

    Returns:
        Whether it does: False with any other C library, of which nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    accepted = [mallopt(parameter, value) for parameter, value in _MALLOPT.items()]
    return all(accepted)


@functools.cache
def measure_bfloat16() -> float:
    """How many times as fast as in float32 this processor multiplies matrices in bfloat16: above 1 if faster.

    It is measured, in less than a second, as flags do not tell: with AVX512_BF16 and without AMX an AMD EPYC was faster
    and an Intel Xeon slower, and other families of processors have other flags.

    Example:
        >>> measure_bfloat16()  # doctest: +SKIP
        0.57
    """
    import tensorflow as tf

    multiply = tf.function(lambda square: tf.reduce_max(square @ square))
    seconds = {}
    with tf.device("CPU"):
        squares = [tf.ones([_PRODUCT_SIZE, _PRODUCT_SIZE], dtype) for dtype in (tf.float32, tf.bfloat16)]
        for _ in range(_ROUNDS):  # in turns: other work on the machine slows both
            for square in squares:
                start = time.perf_counter()
                float(multiply(square))
                seconds.setdefault(square.dtype, []).append(time.perf_counter() - start)
    return min(seconds[tf.float32]) / min(seconds[tf.bfloat16])


def describe_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """The processor's model and the settings of oneDNN: the last digits of results depend on them.

    Example:
        >>> sorted(describe_processor())
        ['oneDNN', 'processor']
    """
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        names = (line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines())
        model = next((value.strip() for name, _, value in names if name.strip() == "model name"), model)
    switch = {"0": "off", "1": "on"}.get(os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""), "by default")
    highest = os.environ.get("ONEDNN_MAX_CPU_ISA")
    return {"processor": model, "oneDNN": f"{switch}, at most {highest}" if highest else switch}


def check_precision(precision: str, has_gpu: bool = False) -> None:
    """Refuse arithmetic that only costs time on this machine.

    Args:
        precision: a Keras policy, such as "float32" or "mixed_bfloat16".
        has_gpu: whether a GPU computes.

    Raises:
        ValueError: for bfloat16 on a processor that is slower with it, unless DRL4SER_EMULATE_BFLOAT16=1 insists.
    """
    if "bfloat16" not in precision or has_gpu or os.environ.get("DRL4SER_EMULATE_BFLOAT16") == "1":
        return
    if (speed := measure_bfloat16()) < _LEAST_SPEED:
        raise ValueError(
            f"precision {precision}: products in bfloat16 take {1 / speed:.1f} times as long as in float32 on this "
            "processor. Choose float32, or set DRL4SER_EMULATE_BFLOAT16=1 to insist"
        )
