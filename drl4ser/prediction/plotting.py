"""Pictures of what a system listened to in recordings."""

from pathlib import Path

from drl4ser.analysis.attention import Inspector
from drl4ser.analysis.figure5 import informativeness_figure, save_figure
from drl4ser.prediction.inspection import InspectedRecording, inspect_recording
from drl4ser.predictor import Predictor


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
