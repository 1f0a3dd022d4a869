"""Audio files in a folder, found so that none is passed over without a word."""

import os
from pathlib import Path

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".sph")
FOREIGN_SUFFIXES = (".m4a", ".aac", ".wma", ".amr", ".3gp", ".webm")
"""What phones and browsers record and libsndfile cannot read: found too, so that the reader can say so."""


def find_audio(path: Path) -> list[Path]:
    """List the file itself, or the audio files anywhere in a folder and in the folders that are linked there, sorted.

    Hidden files and folders and `__MACOSX` are left out: macOS leaves an AppleDouble `._name` beside what it copies.

    Raises:
        ValueError: if a folder holds no audio file or cannot be read.

    Example:
        >>> find_audio(Path("speech.wav"))
        [PosixPath('speech.wav')]
    """
    if not path.is_dir():
        return [path]
    found, seen = [], set()
    for folder, subfolders, names in os.walk(path, onerror=_refuse, followlinks=True):
        place = Path(folder).stat()
        if (place.st_dev, place.st_ino) in seen:  # a link to a folder above would be followed for ever
            subfolders.clear()
            continue
        seen.add((place.st_dev, place.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name != "__MACOSX")
        files = (Path(folder, name) for name in names if not name.startswith("."))
        found += [file for file in files if file.suffix.lower() in AUDIO_SUFFIXES + FOREIGN_SUFFIXES]
    if not found:
        raise ValueError(f"{path} holds no audio file ({', '.join(AUDIO_SUFFIXES)})")
    return sorted(found)


def _refuse(error: OSError) -> None:
    raise ValueError(f"{error.filename} cannot be read ({error.strerror}); make it readable or leave it out")
