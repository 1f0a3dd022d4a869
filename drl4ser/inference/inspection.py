"""What a trained run attends to in one recording, and its pictures: Figure 5 and the coloured waveform."""

from collections.abc import Sequence
from pathlib import Path

from drl4ser.features.normalization import speech_span
from drl4ser.figures import save_figure
from drl4ser.figures.figure5 import attention_figure, informativeness_figure
from drl4ser.inference.predictor import Predictor, Recording
from drl4ser.models.inspector import Inspection, Inspector
from drl4ser.runs.paths import run_names


def inspect_recording(
    predictor: Predictor, recording: Recording, text: str = "", inspector: Inspector | None = None
) -> Inspection:
    """Apply a run to a recording and keep what its layers computed on the way.

    Args:
        predictor: the run.
        recording: of `predictor.read`.
        text: its transcript, for systems with lexical input.
        inspector: of another model that takes the same inputs; None for the run's own.

    Returns:
        Attention, informativeness and probabilities; times count from the begin of the recording, also where silence
        was trimmed.

    Raises:
        ValueError: if the system has no self-attention.
    """
    frame = predictor.run.config.frame
    span = speech_span(recording.llds, predictor.run.normalizer.trim_db)
    start_s = span.start * frame.hop_length / frame.sample_rate
    (seen,) = (inspector or predictor.inspector)(predictor.prepare([recording.llds], [text]), [start_s])
    return seen


def draw_waveform(recording: Recording, seen: Inspection, title: str = "", words: Sequence = ()):
    """Draw Figure 5(b), the waveform coloured by informativeness.

    Raises:
        ValueError: if the system has no GCA-LSTM.
    """
    return informativeness_figure(
        recording.signal, recording.sample_rate, seen.informativeness, seen.times, words, title
    )


def plot_path(folder: Path, path: Path) -> Path:
    """Place of the picture of the file `path` under `folder`, without ".png": below the file's own folders.

    Example:
        >>> plot_path(Path("plots"), Path("/data/actor_1/a.wav")).as_posix()
        'plots/data/actor_1/a.wav'
    """
    return folder.joinpath(*(part for part in path.parts if part not in (path.anchor, "..")))


def draw_figure5(
    predictor: Predictor,
    audio: Path,
    output_dir: Path,
    words: Sequence = (),
    text: str = "",
    block: int = 5,
    head: int = 1,
) -> list[Path]:
    """Write the attention of one head and, for S3, the informativeness, each as PNG and PDF.

    Their names hold the recording, the system with its input, fold and seed, and what is drawn, and their folder is
    named after the experiment: pictures of other runs, blocks or heads stay beside them.

    Args:
        predictor: a run of S2 or S3.
        audio: the recording.
        output_dir: where the files go.
        words: as `drl4ser.corpora.Word`.
        text: transcript, for systems with lexical input.
        block: which attention block, from 1 to 8.
        head: which of its heads, from 1; 0 for their mean.

    Returns:
        The files.

    Raises:
        ValueError: if there is no such block or head, the system has no attention, or the recording cannot be read.
    """
    config = predictor.run.config
    for name, number, lowest, highest in (("block", block, 1, 8), ("head", head, 0, config.model.num_heads)):
        if not lowest <= number <= highest:
            raise ValueError(f"`{name}` must be from {lowest} to {highest}. Received: {name}={number}")
    recording = predictor.read(audio)
    seen = inspect_recording(predictor, recording, text)
    chosen, best = seen.blocks[block - 1], int(seen.probabilities.argmax())
    title = f"{audio.stem}: {chosen.name}, {f'head {head}' if head else 'mean of the heads'}"
    figure = attention_figure(chosen.head(head), chosen.times, words, title)
    experiment, *run = run_names(config)
    stem = "-".join([audio.stem, *run])
    paths = save_figure(figure, output_dir / experiment / f"{stem}-attention-block-{block}-head-{head}")
    if len(seen.informativeness):
        title = f"{audio.stem}: {config.classes[best]} ({seen.probabilities[best]:.0%})"
        figure = draw_waveform(recording, seen, title, words)
        paths += save_figure(figure, output_dir / experiment / f"{stem}-informativeness")
    return paths
