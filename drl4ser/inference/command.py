"""The console command `drl4ser-predict`.

Options, paths and the run's result are checked before anything slow is imported: a wrong one is answered at once.
"""

import argparse
import codecs
import collections
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from drl4ser.console import import_tensorflow, one_line, plain_warnings
from drl4ser.features import find_audio
from drl4ser.files import atomic_write_text, decode_text
from drl4ser.inference.labels import format_label_track, format_text_grid
from drl4ser.inference.options import check_outputs, parse_options
from drl4ser.inference.prediction import Failure, Prediction, csv_header, format_csv, format_json, format_text
from drl4ser.inference.segments import find_segments
from drl4ser.runs.pretrained import find_run
from drl4ser.runs.run import check_run


def main(arguments: list[str] | None = None) -> int:
    """Run `drl4ser-predict RUN FILE [...]`: one line per file or window; after a bad file the others follow.

    Returns:
        0 if every file had its prediction, else 1 (2 for wrong usage, 130 if interrupted).
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter of a name shows its number
    options = parse_options(arguments)
    try:
        with plain_warnings():
            return _Command(options).run()
    except (ValueError, OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError):  # such as `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        _say("error", error)
        return 1
    except KeyboardInterrupt:
        return 130


def expand_names(names: Iterable[str]) -> Iterator[str]:
    """Replace "-" among `names` by the lines of standard input."""
    for name in names:
        if name == "-":
            yield from _read_names()
        else:
            yield name


def _read_names() -> Iterator[str]:
    """Read the lines of standard input, with line ends and byte order marks of Windows too, and in UTF-16."""
    lines = iter(getattr(sys.stdin, "buffer", sys.stdin))
    for number, line in enumerate(lines):
        if number == 0 and line[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            names = decode_text(b"".join([line, *lines])).splitlines()
            yield from (name for name in names if name.strip())
            return
        name = line if isinstance(line, str) else os.fsdecode(line)
        name = name.removeprefix("\ufeff").rstrip("\r\n")
        if name.strip():
            yield name


def find_transcript(path: Path, text: str | None) -> str:
    """Return `text` if there is one, else the content of `path` with the suffix .txt, else nothing.

    Raises:
        ValueError: if that file cannot be read.
    """
    beside = path.with_suffix(".txt")
    if text is not None or beside == path or not beside.is_file():
        return text or ""
    try:
        return decode_text(beside.read_bytes()).strip()
    except (OSError, ValueError) as error:
        reason = f"{error.strerror}; make it readable" if isinstance(error, OSError) else error
        raise ValueError(f"{beside}: the transcript cannot be read, {reason}") from error


class _Command:
    """One call of the command: reads, predicts and reports one recording after another."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.directory = options, find_run(options.run)
        self.result = check_run(self.directory)
        if options.plot is not None and self.result.system != "s3":
            raise ValueError(f"--plot needs a run of s3, the system with informativeness; {options.run} is not one")
        self.has_words = "lexical" in self.result.modality
        self.form = format_json if options.json else format_csv if options.csv else format_text
        self.lines: list[str] = []
        self.warned: list[Prediction] = []
        self.embedded: list[list[Prediction]] = []
        self.predictor, self.num_predictions, self.num_failures = None, 0, 0

    def run(self) -> int:
        """Predict everything that the options name; the command's exit status."""
        options = self.options
        if options.text is not None and not self.has_words:
            _say("warning", f"--text is not used: {options.run} was trained on the audio only")
        if self.form is format_csv:
            self._write(csv_header(self.result.classes))
        found = self._find_recordings()
        for path, problem in found if "-" in options.audio else list(found):
            if problem:
                self._write_failure(path, problem)
                continue
            self._load()
            try:
                predictions = []
                for prediction in self._predict(path):
                    self.num_predictions += 1
                    self.warned += [prediction] if prediction.warnings else []
                    predictions += [prediction] if options.embeddings is not None else []
                    self._write(self.form(prediction))
                self.embedded += [predictions] if predictions else []  # nothing of a file that is damaged at its end
            except ValueError as error:
                _say("error", error)
                self._write_failure(path, str(error))
        self._warn()
        if options.output is not None:
            atomic_write_text(options.output, "".join(f"{line}\n" for line in self.lines))
        if options.embeddings is not None:
            from drl4ser.inference.embeddings import write_embeddings

            branches = self.predictor.branches if self.embedded else ()
            write_embeddings(options.embeddings, self.embedded, branches, self.directory)
        return 1 if self.num_failures else 0

    def _find_recordings(self) -> Iterator[tuple[Path, str]]:
        """Find the files and those in folders, each with its problem or "", and tell problems at once."""
        for name in expand_names(self.options.audio):
            path, problem = Path(name), ""
            try:
                found = find_audio(path) if path.is_dir() else [path]
                problem = "" if path.exists() else f"{path}: no such file"
            except (ValueError, OSError) as error:
                found, problem = [path], str(error)
            if problem:
                _say("error", problem)
            for item in found:
                check_outputs(self.options, item)
                yield item, problem

    def _predict(self, path: Path) -> Iterator:
        predictor, options = self.predictor, self.options
        if options.segments is not None:
            yield from self._predict_segments(path)
            return
        if options.window is not None:
            yield from predictor.predict_windows(
                path, options.window, min(1.0, options.window) if options.hop is None else options.hop
            )
            return
        recording, text = predictor.read(path), find_transcript(path, options.text) if self.has_words else ""
        yield predictor.predict_recording(recording, text)
        if options.plot is not None:
            from drl4ser.figures import save_figure
            from drl4ser.inference.inspection import draw_waveform, inspect_recording, plot_path

            figure = draw_waveform(recording, inspect_recording(predictor, recording, text), path.name)
            _say("wrote", ", ".join(map(str, save_figure(figure, plot_path(options.plot, path)))))

    def _predict_segments(self, path: Path) -> Iterator:
        segments = find_segments(path, self.options.segments)
        if not segments.spans:
            raise ValueError(f"{path}: no speech found in {segments.seconds:.1f} s, and so no segment")
        found = []
        for prediction in self.predictor.predict_segments(segments):
            found += [prediction] if self.options.labels is not None else []
            yield prediction
        if self.options.labels is not None:
            is_track = self.options.labels.suffix == ".txt"
            text = format_label_track(found) if is_track else format_text_grid(found, segments.seconds)
            atomic_write_text(self.options.labels, text)

    def _load(self) -> None:
        """Load the run, once, by ONNX Runtime if it was exported: there may be no recording that needs it."""
        if self.predictor is not None:
            return
        from drl4ser.inference.exported import ExportedPredictor, find_onnx

        needs_layers = self.options.plot is not None or self.options.embeddings is not None
        exported = None if needs_layers else find_onnx(self.directory)
        if exported is not None:
            self.predictor = ExportedPredictor(self.directory, exported)
        else:
            import_tensorflow()
            from drl4ser.inference.predictor import Predictor

            self.predictor = Predictor(self.directory, with_embeddings=self.options.embeddings is not None)
        if self.form is format_text:
            _say("run", self.predictor.describe())

    def _warn(self) -> None:
        """Say in full what makes a single prediction doubtful, and in one line what makes several so."""
        if self.form is not format_text or not self.warned:
            return
        if self.num_predictions == 1:
            for line in self.warned[0].warnings:
                _say("warning", f"{self.warned[0].path}: {line}")
            return
        causes = collections.Counter(line.split(" (")[0] for item in self.warned for line in item.warnings)
        counted = "; ".join(f"{cause} ({count})" for cause, count in causes.most_common())
        what = "recordings" if self.options.window is None else "windows"
        what = what if self.options.segments is None else "segments"
        _say("warning", f"{len(self.warned)} of {self.num_predictions} {what}: {counted}; --csv names them")

    def _write_failure(self, path: Path, problem: str) -> None:
        self.num_failures += 1
        if self.form is not format_text:
            self._write(self.form(Failure(path, self.result.classes, one_line(problem))))

    def _write(self, line: str) -> None:
        if self.options.output is None:
            print(line, flush=True)
        else:
            self.lines.append(line)


def _say(kind: str, message) -> None:
    print(f"{kind}: {one_line(message)}", file=sys.stderr, flush=True)
