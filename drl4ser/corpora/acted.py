"""RAVDESS, EmoDB and CREMA-D: corpora of actors whose file names are the annotation.

Each corpus is an entry of `ACTED`; `read_acted` reads any of them. They have no sessions: `session` is empty and a
split by session is refused.
"""

import dataclasses
import re
import warnings
from pathlib import Path

from drl4ser.corpora.utterance import CorpusError, Utterance, list_files, require_folder


@dataclasses.dataclass(frozen=True)
class ActedCorpus:
    """Layout of a corpus and the meaning of its file names.

    Attributes:
        title: the corpus's own name.
        folders: patterns of the folders of WAV files below the root; only the first that matches is read, so that a
            copy that was unpacked twice does not count twice.
        example: where such a file lies.
        fields: what a name consists of, with an example, for the error.
        name: of a file without its ending, with the groups `speaker`, `emotion` and `text`.
        emotions: emotion by its code, in the order of the classes.
        texts: sentence by its code.
        wanted: values that other groups of `name` must have; files with others belong to the corpus and are skipped.
    """

    title: str
    folders: tuple[str, ...]
    example: str
    fields: str
    name: re.Pattern
    emotions: dict[str, str]
    texts: dict[str, str]
    wanted: dict[str, str] = dataclasses.field(default_factory=dict)


ACTED: dict[str, ActedCorpus] = {
    # Livingstone & Russo, PLoS ONE 13(5): e0196391, 2018. Songs and sound tracks of videos are skipped.
    "ravdess": ActedCorpus(
        title="RAVDESS",
        folders=("Actor_*", "Audio_Speech_Actors_*/Actor_*", "audio_speech_actors_*/Actor_*"),
        example="the folders Actor_01 to Actor_24 with files such as Actor_12/03-01-06-01-02-01-12.wav",
        fields="seven two-digit fields (modality, channel, emotion, intensity, statement, repetition, actor), "
        "such as 03-01-06-01-02-01-12.wav",
        name=re.compile(
            r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>\d\d)-0[12]-(?P<text>\d\d)-0[12]-(?P<speaker>\d\d)"
        ),
        emotions={
            "01": "neutral",
            "02": "calm",
            "03": "happy",
            "04": "sad",
            "05": "angry",
            "06": "fearful",
            "07": "disgusted",
            "08": "surprised",
        },
        texts={"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"},
        wanted={"modality": "03", "channel": "01"},  # audio only, speech
    ),
    # Burkhardt et al., "A database of German emotional speech", Interspeech 2005. Emotions by their German initials.
    "emodb": ActedCorpus(
        title="EmoDB",
        folders=("wav", "."),
        example="files such as wav/03a01Fa.wav",
        fields="speaker, sentence, emotion and version, such as 03a01Fa.wav",
        name=re.compile(r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[A-Z])[a-z]"),
        emotions={
            "W": "angry",  # Wut
            "L": "bored",  # Langeweile
            "E": "disgusted",  # Ekel
            "A": "fearful",  # Angst
            "F": "happy",  # Freude
            "T": "sad",  # Trauer
            "N": "neutral",
        },
        texts={
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
        },
    ),
    # Cao et al., IEEE Transactions on Affective Computing 5(4), 2014. The emotion is the one the actor was asked for,
    # not the one that raters heard. One published file has the intensity X (1040_ITH_SAD_X.wav).
    "crema_d": ActedCorpus(
        title="CREMA-D",
        folders=("AudioWAV", "."),
        example="files such as AudioWAV/1001_DFA_ANG_XX.wav",
        fields="actor, sentence, emotion and intensity (LO, MD, HI, XX), such as 1001_DFA_ANG_XX.wav",
        name=re.compile(r"(?P<speaker>\d{4})_(?P<text>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?:LO|MD|HI|XX?)"),
        emotions={"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"},
        texts={
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
        },
    ),
}


def read_acted(corpus: ActedCorpus, root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Read the WAV files of a corpus of `ACTED`; the speaker is the actor's number ("12").

    Args:
        corpus: which one.
        root: its folder.
        allow_partial: leave out WAV files that are not named as the corpus names its files, with a warning, instead
            of refusing them. Any number of actors and files is read.

    Raises:
        CorpusError: if the corpus is not in `root`, or names of files are not the corpus's.

    Example:
        >>> corpus = ACTED["emodb"]
        >>> corpus.emotions[corpus.name.fullmatch("03a01Fa")["emotion"]]
        'happy'
    """
    paths = [path for folder in _find_folders(corpus, require_folder(root)) for path in list_files(folder, ".wav")]
    if not paths:
        raise CorpusError(f"{root} has no {corpus.title} inside it: expected {corpus.example}; set DATA_DIR")
    matches = {path: _match(corpus, path) for path in paths}
    misnamed = [path for path, match in matches.items() if match is None]
    if misnamed:
        fault = (
            f"{misnamed[0]} is not named as {corpus.title} names its files ({len(misnamed)} such of {len(paths)}): "
            f"expected {corpus.fields}, with the sentence one of {', '.join(corpus.texts)} and the emotion one of "
            f"{', '.join(corpus.emotions)}"
        )
        if len(misnamed) == len(paths):
            raise CorpusError(f"{fault}; rename them, or set DATA_DIR to a copy of {corpus.title}")
        if not allow_partial:
            raise CorpusError(
                f"{fault}; rename or remove them, or leave them out with ALLOW_PARTIAL=true (`allow_partial`)"
            )
        warnings.warn(f"left out: {fault}", stacklevel=2)
    return [
        _parse(corpus, match, path)
        for path, match in matches.items()
        if match is not None and all(match[field] == value for field, value in corpus.wanted.items())
    ]


def _find_folders(corpus: ActedCorpus, root: Path) -> list[Path]:
    for pattern in corpus.folders:
        folders = [root] if pattern == "." else sorted(path for path in root.glob(pattern) if path.is_dir())
        if folders:
            return folders
    return []


def _match(corpus: ActedCorpus, path: Path) -> re.Match | None:
    match = corpus.name.fullmatch(path.stem)
    known = match is not None and match["text"] in corpus.texts and match["emotion"] in corpus.emotions
    return match if known else None


def _parse(corpus: ActedCorpus, match: re.Match, path: Path) -> Utterance:
    emotion, text = corpus.emotions[match["emotion"]], corpus.texts[match["text"]]
    return Utterance(path.stem, path, emotion, speaker=match["speaker"], text=text)
