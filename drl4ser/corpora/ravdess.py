"""Reader of RAVDESS, the Ryerson Audio-Visual Database of Emotional Speech and Song.

References:
    Livingstone & Russo, PLoS ONE 13(5): e0196391, 2018. The file name is the annotation:
    modality-channel-emotion-intensity-statement-repetition-actor.wav.
"""

import re
from pathlib import Path

from drl4ser.corpora.utterance import CorpusError, Utterance, list_files, require_folder

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgusted",
    "08": "surprised",
}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
_AUDIO_ONLY, _SPEECH = "03", "01"


def read_ravdess(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Reads Actor_XX/*.wav, also inside an archive folder such as Audio_Speech_Actors_01-24.

    The speaker is the actor's number ("12"). RAVDESS has no sessions: `session` is empty, and a split by
    session is refused. Songs and sound tracks of videos are skipped.

    Args:
        root: folder that holds the actors' folders.
        allow_partial: unused; any number of actors is read.

    Raises:
        CorpusError: if there is no RAVDESS in `root`, or a WAV file is not named as RAVDESS names it.
    """
    folders = _actor_folders(require_folder(root))
    parsed = (_parse(path) for folder in folders for path in list_files(folder, ".wav"))
    return [utterance for utterance in parsed if utterance is not None]


def _actor_folders(root: Path) -> list[Path]:
    # The archive unpacks as Actor_XX or with a folder above; a copy with both must not count twice.
    for pattern in ("Actor_*", "Audio_Speech_Actors_*/Actor_*", "audio_speech_actors_*/Actor_*"):
        folders = sorted(path for path in root.glob(pattern) if path.is_dir())
        if folders:
            return folders
    raise CorpusError(f"{root} has no RAVDESS inside it: expected the folders Actor_01 to Actor_24; set DATA_DIR")


def _parse(path: Path) -> Utterance | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise CorpusError(
            f"{path} is not named as RAVDESS names its files: expected seven two-digit fields, such as "
            "03-01-06-01-02-01-12.wav; rename or remove it"
        )
    modality, channel, emotion, _, statement, _, actor = match.groups()
    if modality != _AUDIO_ONLY or channel != _SPEECH:
        return None
    return Utterance(path.stem, path, EMOTIONS[emotion], speaker=actor, text=STATEMENTS[statement])
