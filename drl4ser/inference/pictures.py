"""Pictures of what a trained run attends to in a recording: Figure 5 and the coloured waveform."""

from collections.abc import Sequence
from pathlib import Path

from drl4ser.figures import save_figure
from drl4ser.figures.figure5 import attention_figure, informativeness_figure
from drl4ser.inference.inspection import InspectedRecording, inspect_recording
from drl4ser.inference.predictor import Predictor
from drl4ser.models.inspector import Inspector


def draw_waveform(recording: InspectedRecording, title: str = ""):
    """The waveform coloured by informativeness, Figure 5(b).

    Raises:
        ValueError: if the system has no GCA-LSTM.
    """
    seen = recording.seen
    return informativeness_figure(
        recording.signal, recording.sample_rate, seen.informativeness, seen.times, title=title
    )


def save_plot(predictor: Predictor, inspector: Inspector, path: Path, text: str, folder: Path) -> list[Path]:
    """Writes the picture of one file as PNG and PDF.

    Args:
        predictor: a run of S3.
        inspector: of its model.
        path: the recording.
        text: its transcript.
        folder: where the pictures go.

    Returns:
        The two files.
    """
    figure = draw_waveform(inspect_recording(predictor, inspector, path, text), path.name)
    return save_figure(figure, plot_path(folder, path))


def plot_path(folder: Path, path: Path) -> Path:
    """Where under `folder` the picture of the file `path` belongs, without ending: as the file in its own folders."""
    return folder.joinpath(*(part for part in path.with_suffix("").parts if part not in (path.anchor, "..")))


def draw_figure5(
    predictor: Predictor,
    audio: Path,
    output_dir: Path,
    words: Sequence = (),
    text: str = "",
    block: int = 5,
    head: int = 1,
) -> list[Path]:
    """Writes `<audio>-attention` and, for S3, `<audio>-informativeness`, each as PNG and PDF.

    Args:
        predictor: a run of S2 or S3.
        audio: the recording.
        output_dir: where the files go.
        words: (text, start, end, salient) of each word, in seconds.
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
    recording = inspect_recording(predictor, Inspector(predictor.run.model, config.frame), audio, text)
    seen = recording.seen
    chosen, best = seen.blocks[block - 1], int(seen.probabilities.argmax())
    title = f"{audio.stem}: {chosen.name}, {f'head {head}' if head else 'mean of the heads'}"
    figure = attention_figure(chosen.head(head), chosen.times, words, title)
    paths = save_figure(figure, output_dir / f"{audio.stem}-attention")
    if len(seen.informativeness):
        title = f"{audio.stem}: {config.classes[best]} ({seen.probabilities[best]:.0%})"
        figure = informativeness_figure(
            recording.signal, recording.sample_rate, seen.informativeness, seen.times, words, title
        )
        paths += save_figure(figure, output_dir / f"{audio.stem}-informativeness")
    return paths
