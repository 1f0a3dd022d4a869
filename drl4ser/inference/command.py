"""The console command `drl4ser-predict`."""

import argparse
import codecs
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from drl4ser.console import import_tensorflow, one_line
from drl4ser.features import find_audio
from drl4ser.inference.prediction import Prediction, csv_header, format_csv, format_json, format_text
from drl4ser.inference.predictor import Predictor


def main(arguments: list[str] | None = None) -> int:
    """`drl4ser-predict RUN FILE [...]`: one line a file or window; a bad file is reported and the others go on.

    Returns:
        0 if every file had its prediction, else 1 (2 for wrong usage, 130 if interrupted).
    """
    options = _parse(arguments)
    import_tensorflow()
    try:
        predictor = Predictor(options.run)
        if options.csv:
            print(csv_header(predictor.run.config.classes))
        return _predict_all(predictor, options)
    except ValueError as error:
        return _report(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def expand_names(names: Iterable[str]) -> Iterator[str]:
    """`names`, with "-" replaced by the lines of standard input."""
    for name in names:
        if name == "-":
            yield from _read_names()
        else:
            yield name


def _read_names() -> Iterator[str]:
    """The lines of standard input, with line ends and byte order marks of Windows too, and in UTF-16."""
    lines = iter(getattr(sys.stdin, "buffer", sys.stdin))
    for number, line in enumerate(lines):
        if number == 0 and line[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            text = b"".join([line, *lines]).decode("utf-16")
            yield from (name for name in text.splitlines() if name.strip())
            return
        name = line if isinstance(line, str) else os.fsdecode(line)
        name = name.removeprefix("\ufeff").rstrip("\r\n")
        if name.strip():
            yield name


def find_transcript(path: Path, text: str | None) -> str:
    """`text` if there is one, else what `path` with the ending .txt holds, else nothing.

    Raises:
        ValueError: if that file cannot be read.
    """
    beside = path.with_suffix(".txt")
    if text is not None or beside == path or not beside.is_file():
        return text or ""
    try:
        return beside.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"{beside}: the transcript cannot be read ({error})") from error


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("drl4ser-predict", description="Emotion in recordings of speech.")
    parser.add_argument("run", type=Path, help="directory of a finished run, with record.json inside")
    parser.add_argument("audio", nargs="+", help="audio files or folders; - reads names from standard input")
    parser.add_argument("--text", help="what is said; default: the file beside the audio that ends in .txt")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object a line")
    form.add_argument("--csv", action="store_true", help="print a table with a header")
    parser.add_argument("--window", type=float, metavar="S", help="predict for windows of so many seconds")
    parser.add_argument(
        "--hop", type=float, metavar="S", help="seconds between windows (default 1, or the window if that is shorter)"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FOLDER", help="draw each waveform, coloured by informativeness, there"
    )
    options = parser.parse_args(arguments)
    if options.window is not None and options.plot is not None:
        parser.error("--plot draws whole recordings and not windows")
    if options.window is None and options.hop is not None:
        parser.error("--hop needs --window")
    if options.window is not None and not 0 < options.window < math.inf:
        parser.error(f"--window must be a number of seconds. Received: {options.window:g}")
    if options.hop is not None and not 0 < options.hop <= options.window:
        parser.error(
            f"--hop must be more than 0 s and at most --window, {options.window:g} s: else samples are left out"
        )
    if options.window is not None and options.text is not None:
        parser.error("--text belongs to a whole recording and not to its windows")
    return options


def _predict_all(predictor: Predictor, options: argparse.Namespace) -> int:
    form = format_json if options.json else format_csv if options.csv else format_text
    answer = _predict_windows if options.window is not None else _predict_whole
    failed = 0
    for name in expand_names(options.audio):
        try:
            for path in find_audio(Path(name)):
                try:
                    for prediction in answer(predictor, path, options):
                        _print(prediction, form)
                except ValueError as error:
                    failed = _report(error)
        except ValueError as error:
            failed = _report(error)
    return failed


def _predict_whole(predictor: Predictor, path: Path, options: argparse.Namespace) -> Iterator[Prediction]:
    recording, text = predictor.read(path), find_transcript(path, options.text)
    yield predictor.predict_recording(recording, text)
    if options.plot is not None:
        # Importing matplotlib takes a second.
        from drl4ser.figures import save_figure
        from drl4ser.inference.inspection import draw_waveform, inspect_recording, plot_path

        seen = inspect_recording(predictor, recording, text)
        save_figure(draw_waveform(recording, seen, path.name), plot_path(options.plot, path))


def _predict_windows(predictor: Predictor, path: Path, options: argparse.Namespace) -> Iterator[Prediction]:
    return predictor.predict_windows(
        path, options.window, min(1.0, options.window) if options.hop is None else options.hop
    )


def _print(prediction: Prediction, form: Callable[[Prediction], str]) -> None:
    print(form(prediction), flush=True)
    for line in prediction.warnings if form is format_text else ():
        print(f"warning: {one_line(prediction.path)}: {line}", file=sys.stderr)


def _report(error: Exception) -> int:
    print(f"error: {one_line(error)}", file=sys.stderr)
    return 1
