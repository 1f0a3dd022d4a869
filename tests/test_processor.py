"""What is decided before TensorFlow is imported, and that every command decides it."""

import contextlib
import functools
import os
import platform
import subprocess
import sys
import timeit
from pathlib import Path

import pytest
import tensorflow as tf

from drl4ser import processor
from tests.layers.harness import needs_bfloat16

ROOT = Path(__file__).parents[1]
GLIBC = platform.libc_ver()[0] == "glibc"


def run_python(code, **environment):
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("TF_ENABLE", "DRL4SER"))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env={**keep, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(("given", "found"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_onednn_is_on_unless_the_user_decides_otherwise(given, found):
    code = "import os; from drl4ser.processor import prepare; prepare(); print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert run_python(code, **given) == [found]


# A freed block of 64 MiB stays in the process, or it does not.
KEEPS = """
import ctypes, drl4ser.processor
drl4ser.processor.prepare()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def pages():
    return int(open("/proc/self/statm").read().split()[1])
block = libc.malloc(1 << 26)
ctypes.memset(block, 1, 1 << 26)
before = pages()
libc.free(block)
print(before - pages() < 1000)
"""


@pytest.mark.skipif(not GLIBC, reason="other C libraries are left as they are")
@pytest.mark.parametrize(("given", "kept"), [({}, "True"), ({"DRL4SER_KEEP_MEMORY": "0"}, "False")])
def test_freed_memory_is_kept(given, kept):
    assert run_python(KEEPS, **given) == [kept]


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(processor.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(processor.ctypes, "CDLL", lambda _: pytest.fail("called"))
    assert not processor.keep_memory()


@needs_bfloat16
def test_bfloat16_is_measured_against_float32():
    """Not as flags tell: with AVX512_BF16 some processors are faster in bfloat16 and some slower."""
    seconds = {}
    square = tf.random.stateless_normal([1024, 1024], seed=(0, 0))
    for dtype in (tf.float32, tf.bfloat16):
        product = tf.function(lambda matrix: tf.reduce_sum(matrix @ matrix))
        seconds[dtype] = min(timeit.repeat(functools.partial(product, tf.cast(square, dtype)), repeat=20, number=1))
    expected = seconds[tf.float32] / seconds[tf.bfloat16]
    assert expected / 3 < processor.measure_bfloat16() < expected * 3


@pytest.mark.parametrize(("speed", "refused"), [(2.0, False), (0.95, False), (0.5, True), (0.1, True)])
def test_bfloat16_that_costs_time_is_refused_unless_somebody_insists(speed, refused, monkeypatch):
    monkeypatch.setattr(processor, "measure_bfloat16", lambda: speed)
    monkeypatch.delenv("DRL4SER_EMULATE_BFLOAT16", raising=False)
    processor.check_precision("float32")
    processor.check_precision("mixed_bfloat16", has_gpu=True)
    with (
        pytest.raises(ValueError, match=f"precision mixed_bfloat16: products in bfloat16 take {1 / speed:.1f} times")
        if refused
        else contextlib.nullcontext()
    ):
        processor.check_precision("mixed_bfloat16")
    monkeypatch.setenv("DRL4SER_EMULATE_BFLOAT16", "1")
    processor.check_precision("mixed_bfloat16")


# Each module is imported in a copy of the process: their flags have the same names.
IMPORTS = """
import importlib, os, sys
for name in sys.stdin.read().split():
    if os.fork() == 0:
        importlib.import_module(name)
        os._exit("tensorflow" in sys.modules)
    code = os.waitstatus_to_exitcode(os.wait()[1])
    if code:
        print(name)
"""


def test_no_command_imports_tensorflow_before_it_is_prepared():
    files = [*(ROOT / "experiments").glob("*.py"), *(ROOT / "data_prep").glob("*.py"), ROOT / "benchmarks/run.py"]
    files += [ROOT / "drl4ser" / name for name in ("inference/command.py", "training/grid.py", "parallel/workers.py")]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in sorted(files)]
    command = [sys.executable, "-c", IMPORTS]
    done = subprocess.run(command, cwd=ROOT, input="\n".join(names), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_commands_systems_are_those_that_can_be_built():
    # In a process of its own: another test's command has flags of the same names.
    code = (
        "from drl4ser.models import ABLATIONS, SYSTEMS; from experiments import settings; "
        "print({*SYSTEMS, *ABLATIONS} == set(settings.SYSTEMS))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
