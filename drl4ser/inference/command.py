"""The console command `drl4ser-predict`.

Options, paths and the run's result are checked before anything slow is imported: a wrong one is answered at once.
"""

import argparse
import codecs
import collections
import math
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import drl4ser
from drl4ser.console import import_tensorflow, one_line, plain_warnings
from drl4ser.features import find_audio
from drl4ser.files import atomic_write_text, decode_text
from drl4ser.inference.labels import LABEL_SUFFIXES, format_label_track, format_text_grid
from drl4ser.inference.prediction import Failure, Prediction, csv_header, format_csv, format_json, format_text
from drl4ser.inference.segments import SegmentSettings, find_segments
from drl4ser.runs.paths import PRETRAINED_DIR
from drl4ser.runs.pretrained import find_run, pretrained_names
from drl4ser.runs.run import check_run, describe_run, load_run

_SEGMENT_HELP = {
    "--min_pause": "shortest pause to cut at",
    "--min_segment": "join shorter segments to a near neighbour",
    "--max_segment": "cut longer segments at their quietest place",
}


def main(arguments: list[str] | None = None) -> int:
    """Run `drl4ser-predict RUN FILE [...]`: one line per file or window; after a bad file the others follow.

    Returns:
        0 if every file had its prediction, else 1 (2 for wrong usage, 130 if interrupted).
    """
    options = _parse(arguments)
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


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("drl4ser-predict", description="Emotion in recordings of speech.")
    parser.add_argument("run", help="name of a trained system (see --list), or directory of a finished run")
    parser.add_argument("audio", nargs="+", help="audio files or folders; - reads names from standard input")
    parser.add_argument("--text", help="the transcript; default: the file beside the audio that ends in .txt")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object per line")
    form.add_argument("--csv", action="store_true", help="print a table with a header")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there, at the end and all at once")
    parser.add_argument(
        "--embeddings", type=Path, metavar="FILE", help="write what the classifier gets there, arrays in a .npz file"
    )
    parser.add_argument("--window", type=float, metavar="S", help="predict windows of so many seconds")
    parser.add_argument(
        "--hop", type=float, metavar="S", help="seconds between windows (default 1, or the window if that is shorter)"
    )
    parser.add_argument("--segments", action="store_true", help="predict what lies between pauses, one by one")
    for name, text in _SEGMENT_HELP.items():
        default = getattr(SegmentSettings, name[2:])
        parser.add_argument(name, type=float, metavar="S", help=f"{text} (default {default:g} s)")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="write the segments there: .TextGrid (Praat) or .txt (Audacity)"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FOLDER", help="draw each waveform there, coloured by informativeness"
    )
    parser.add_argument("--list", action=_List, help="list the trained systems that come with this package")
    parser.add_argument("--version", action="version", version=f"drl4ser {drl4ser.__version__}")
    options = parser.parse_args(arguments)
    _check_segments(parser, options)
    if options.window is not None and options.plot is not None:
        parser.error("--plot draws whole recordings and not windows")
    if options.window is None and options.hop is not None:
        parser.error("--hop needs --window")
    if options.window is not None and options.text is not None:
        parser.error("--text belongs to a whole recording and not to its windows")
    outputs = (("-o", options.output), ("--embeddings", options.embeddings), ("--labels", options.labels))
    for name, path in outputs:
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            parser.error(f"{name} {path}: not a file in a folder that exists")
    if options.embeddings is not None and options.embeddings.suffix != ".npz":
        parser.error(f"--embeddings {options.embeddings}: the name must end in .npz")
    if options.window is not None and not 0 < options.window < math.inf:
        parser.error(f"--window must be a number of seconds. Received: {options.window:g}")
    if options.hop is not None and not 0 < options.hop <= options.window:
        parser.error(
            f"--hop must be more than 0 s and at most --window, {options.window:g} s: else samples are left out"
        )
    return options


class _List(argparse.Action):
    """An option that prints the trained systems and ends the program, as --version does its text."""

    def __init__(self, **kwargs):
        super().__init__(nargs=0, **kwargs)

    def __call__(self, parser, *_):
        for name in pretrained_names():
            print(f"{name}: {describe_run(load_run(find_run(name), with_model=False))}")
        print(f"Their weights are for uses that are not commercial: {PRETRAINED_DIR / 'LICENSE.md'}")
        parser.exit()


def _check_segments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Check what belongs to --segments; afterwards `options.segments` is a SegmentSettings or None."""
    given = {name[2:]: getattr(options, name[2:]) for name in _SEGMENT_HELP}
    given = {name: seconds for name, seconds in given.items() if seconds is not None}
    for name in (*given, *(["labels"] if options.labels else [])):
        if not options.segments:
            parser.error(f"--{name} needs --segments")
    if not options.segments:
        options.segments = None
        return
    for name in ("window", "plot", "text"):
        if getattr(options, name) is not None:
            parser.error(f"--{name} and --segments exclude each other")
    try:
        options.segments = SegmentSettings(**given)
    except ValueError as error:
        parser.error(str(error).replace("`", "").replace("Received: ", "Received: --"))
    if options.labels is not None:
        if options.labels.suffix not in LABEL_SUFFIXES:
            parser.error(f"--labels {options.labels}: the name must end in {' or '.join(LABEL_SUFFIXES)}")
        if len(options.audio) > 1 or options.audio == ["-"] or Path(options.audio[0]).is_dir():
            parser.error("--labels takes the segments of one recording")
        if options.labels.absolute() == Path(options.audio[0]).with_suffix(".txt").absolute():
            parser.error(
                f"--labels {options.labels}: that is the transcript of {options.audio[0]}; choose another name"
            )


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
            except ValueError as error:
                found, problem = [path], str(error)
            if problem:
                _say("error", problem)
            yield from ((item, problem) for item in found)

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
