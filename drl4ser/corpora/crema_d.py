"""Reader of CREMA-D, the Crowd-sourced Emotional Multimodal Actors Dataset.

References:
    Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Transactions on Affective
    Computing 5(4), 2014. The file name is the annotation: actor, sentence, intended emotion and intensity, as
    in 1001_DFA_ANG_XX.wav.
"""

import re
from pathlib import Path

from drl4ser.corpora.utterance import CorpusError, Utterance, list_files, require_folder

EMOTIONS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
# The published files include one whose intensity is X (1040_ITH_SAD_X.wav).
_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_(?:LO|MD|HI|XX?)")


def read_crema_d(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Reads AudioWAV/*.wav. The speaker is the actor's number; CREMA-D has no sessions, `session` is empty.

    The emotion is the one the actor was asked for, not the one raters heard.

    Args:
        root: the folder that holds AudioWAV, or AudioWAV itself.
        allow_partial: unused; any number of files is read.

    Raises:
        CorpusError: if there is no CREMA-D in `root`, or a WAV file is not named as CREMA-D names it.
    """
    folder = root / "AudioWAV" if (require_folder(root) / "AudioWAV").is_dir() else root
    paths = list_files(folder, ".wav")
    if not paths:
        raise CorpusError(
            f"{root} has no CREMA-D inside it: expected files such as AudioWAV/1001_DFA_ANG_XX.wav; set DATA_DIR"
        )
    return [_parse(path) for path in paths]


def _parse(path: Path) -> Utterance:
    match = _NAME.fullmatch(path.stem)
    if match is None or match[2] not in SENTENCES or match[3] not in EMOTIONS:
        raise CorpusError(
            f"{path} is not named as CREMA-D names its files: expected actor, sentence, emotion and "
            "intensity (LO, MD, HI, XX), such as 1001_DFA_ANG_XX.wav, with the sentence one of "
            f"{', '.join(SENTENCES)} and the emotion one of {', '.join(EMOTIONS)}; rename or remove it"
        )
    actor, sentence, emotion = match.groups()
    return Utterance(path.stem, path, EMOTIONS[emotion], speaker=actor, text=SENTENCES[sentence])
