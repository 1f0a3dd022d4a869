"""The utterance that every corpus reader returns, and what the readers share."""

import dataclasses
from pathlib import Path

FOUR_CLASSES = ("angry", "happy", "neutral", "sad")


class CorpusError(ValueError):
    """Something is wrong with a corpus on disk; the message names the file, the row and the remedy."""


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording.

    Attributes:
        id: unique in its corpus; readers sort by it.
        path: the audio file.
        emotion: English adjective in lower case, the same in every corpus (a manifest keeps its own words).
        speaker: name of the speaker; empty if unknown.
        session: recording session; empty if the corpus has none.
        text: transcript; empty if there is none.
        start_seconds: where the turn begins in its dialogue (IEMOCAP), as is `end_seconds`.
        end_seconds: where the turn ends.
        valence: mean rating from 1 to 5 (IEMOCAP), as are `activation` and `dominance`.
        activation: mean rating.
        dominance: mean rating.
        fold: number of the fold that tests it (manifests); empty if its corpus comes without folds.
    """

    id: str
    path: Path
    emotion: str
    speaker: str = ""
    session: str = ""
    text: str = ""
    start_seconds: float | None = None
    end_seconds: float | None = None
    valence: float | None = None
    activation: float | None = None
    dominance: float | None = None
    fold: str = ""


def require_folder(root: Path) -> Path:
    """Return `root` itself if it is a folder.

    Raises:
        CorpusError: if it is missing or is a file.
    """
    if not root.is_dir():
        fault = "is a file, not a folder" if root.exists() else "does not exist"
        raise CorpusError(f"{root} {fault}; set DATA_DIR (`root`) to the folder of the corpus")
    return root


def list_files(folder: Path, suffix: str) -> list[Path]:
    """List the files of a folder with this suffix in any case, sorted by name.

    Names with a leading dot are left out: macOS leaves an AppleDouble `._name` beside each file it copies.
    """
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == suffix and not path.name.startswith("."))
