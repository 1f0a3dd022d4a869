"""Reader of EmoDB, the Berlin Database of Emotional Speech.

References:
    Burkhardt et al., "A database of German emotional speech", Interspeech 2005. The file name is the
    annotation: speaker, sentence, emotion (by its German initial) and version, as in 03a01Fa.wav.
"""

import re
from pathlib import Path

from drl4ser.corpora.utterance import CorpusError, Utterance, list_files, require_folder

EMOTIONS = {
    "W": "angry",  # Wut
    "L": "bored",  # Langeweile
    "E": "disgusted",  # Ekel
    "A": "fearful",  # Angst
    "F": "happy",  # Freude
    "T": "sad",  # Trauer
    "N": "neutral",
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])[a-z]")


def read_emodb(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Reads wav/*.wav. The speaker is the two-digit number; EmoDB has no sessions, `session` is empty.

    Args:
        root: the folder that holds wav, or wav itself.
        allow_partial: unused; any number of files is read.

    Raises:
        CorpusError: if there is no EmoDB in `root`, or a WAV file is not named as EmoDB names it.
    """
    folder = root / "wav" if (require_folder(root) / "wav").is_dir() else root
    paths = list_files(folder, ".wav")
    if not paths:
        raise CorpusError(f"{root} has no EmoDB inside it: expected files such as wav/03a01Fa.wav; set DATA_DIR")
    return [_parse(path) for path in paths]


def _parse(path: Path) -> Utterance:
    match = _NAME.fullmatch(path.stem)
    if match is None or match[2] not in SENTENCES or match[3] not in EMOTIONS:
        raise CorpusError(
            f"{path} is not named as EmoDB names its files: expected speaker, sentence, emotion and "
            "version, such as 03a01Fa.wav, with the sentence one of "
            f"{', '.join(SENTENCES)} and the emotion one of {', '.join(EMOTIONS)}; rename or remove it"
        )
    speaker, sentence, emotion = match.groups()
    return Utterance(path.stem, path, EMOTIONS[emotion], speaker=speaker, text=SENTENCES[sentence])
