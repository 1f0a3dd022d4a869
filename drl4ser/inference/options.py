"""The options of `drl4ser-predict`, checked as far as they can be without the run."""

import argparse
import math
import os
from pathlib import Path

import drl4ser
from drl4ser.features.audio_files import AUDIO_SUFFIXES
from drl4ser.inference.labels import LABEL_SUFFIXES
from drl4ser.inference.segments import SegmentSettings
from drl4ser.runs.paths import PRETRAINED_DIR
from drl4ser.runs.pretrained import find_run, pretrained_names
from drl4ser.runs.run import describe_run, load_run

_SEGMENT_HELP = {
    "--min_pause": "shortest pause to cut at",
    "--min_segment": "join shorter segments to a near neighbour",
    "--max_segment": "cut longer segments at their quietest place",
}


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    """Parse and check the options; `segments` is a `SegmentSettings` or None.

    Raises:
        SystemExit: for options that are wrong or exclude each other, which are named, and after --help, --list and
            --version.
    """
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
    parser.add_argument("--window", type=float, metavar="S", help="predict windows of this length in seconds")
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
        if path is None:
            continue
        folder = path.absolute().parent
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            parser.error(f"{name} {path}: not a file in a folder that exists and may be written to")
        if path.suffix.lower() in AUDIO_SUFFIXES:
            parser.error(f"{name} {path}: that is the name of a recording; choose another")
    try:
        for name in options.audio:
            check_outputs(options, Path(name))
    except ValueError as error:
        parser.error(str(error))
    if options.embeddings is not None and options.embeddings.suffix != ".npz":
        parser.error(f"--embeddings {options.embeddings}: the name must end in .npz")
    if options.window is not None and not 0 < options.window < math.inf:
        parser.error(f"--window must be a number of seconds. Received: {options.window:g}")
    if options.hop is not None and not 0 < options.hop <= options.window:
        parser.error(
            f"--hop must be more than 0 s and at most --window, {options.window:g} s: else samples are left out"
        )
    return options


def check_outputs(options: argparse.Namespace, recording: Path) -> None:
    """Raise ValueError if an output would replace the transcript of a recording."""
    for name, output in (("-o", options.output), ("--labels", options.labels)):
        if output is not None and output.absolute() == recording.with_suffix(".txt").absolute():
            raise ValueError(f"{name} {output}: that is the transcript of {recording}; choose another name")


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
