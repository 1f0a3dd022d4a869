"""Start and end of every command of the project: an error that a user can mend is one line, not a traceback."""

import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from absl import app, flags

from drl4ser.console import one_line, plain_warnings

FLAGS = flags.FLAGS
flags.DEFINE_bool("traceback", False, "Show where an error was raised.")


def run(main: Callable[[], None]) -> None:
    """Parse the flags and call `main`. Exit code 1 for bad input, 2 for wrong usage, each with one clear line."""
    app.run(lambda _: _guarded(main), flags_parser=_parse)


def _parse(argv: list[str]) -> list[str]:
    try:
        rest = FLAGS(argv)
    except flags.Error as error:
        _leave(f"{error} (--help shows the flags)", 2)
    if len(rest) > 1:
        _leave(f"unexpected argument {rest[1]!r} (--help shows the flags)", 2)
    for name, value in FLAGS.flag_values_dict().items():
        if (expanded := _expand_home(value)) != value:
            FLAGS[name].value = expanded
    return rest


def _expand_home(value):
    """A path below ~/, or a list of such: shells do not read the sign behind `--name=`."""
    if isinstance(value, list):
        return [_expand_home(item) for item in value]
    return str(Path(value).expanduser()) if isinstance(value, str) and value.startswith("~/") else value


def _guarded(main: Callable[[], None]) -> None:
    try:
        with plain_warnings():
            main()
    except KeyboardInterrupt:
        _leave("interrupted; the same command resumes after the last finished epoch of each fold, or shard", 130)
    except BrokenProcessPool:
        remedy = "try fewer workers (JOBS), or cut the longest recordings, to which batches are padded"
        _leave(f"a worker process died (out of memory?); the same command resumes from here, {remedy}", 1)
    except (ValueError, OSError, ImportError) as error:
        if FLAGS.traceback:
            raise
        _leave(str(error), 1)


def _leave(message: str, code: int) -> None:
    print(f"error: {one_line(message)}", file=sys.stderr)
    sys.exit(code)
