"""Reader of IEMOCAP as released, and of the synthetic corpus, which is written in the same layout.

A session holds sentences/wav/<dialogue>/<turn>.wav, dialog/EmoEvaluation/<dialogue>.txt and
dialog/transcriptions/<dialogue>.txt.

References:
    Busso et al., "IEMOCAP: Interactive emotional dyadic motion capture database", Language Resources and
    Evaluation 42, 2008.
"""

import dataclasses
import re
import warnings
from collections import Counter
from pathlib import Path

from drl4ser.corpora.utterance import FOUR_CLASSES, CorpusError, Utterance, list_files, require_folder
from drl4ser.files import decode_text

EMOTIONS = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "neu": "neutral",
    "sad": "sad",
    "fru": "frustrated",
    "fea": "fearful",
    "sur": "surprised",
    "dis": "disgusted",
    "oth": "other",
}
NO_AGREEMENT = "xxx"
# Turns of each session that are angry, happy or excited, neutral, sad; they add up to 1103, 1636, 1708, 1084.
SESSION_COUNTS = {
    "1": (229, 278, 384, 194),
    "2": (137, 327, 362, 197),
    "3": (240, 286, 320, 305),
    "4": (327, 303, 258, 143),
    "5": (170, 442, 384, 245),
}
_NUMBER = r"(\d+(?:\.\d+)?)"
_EVALUATION = re.compile(rf"\[{_NUMBER} - {_NUMBER}\]\s+(\S+)\s+(\w+)\s+\[{_NUMBER}, {_NUMBER}, {_NUMBER}\]\s*")
_LONGEST_LINE = 500  # those of the release have about 70 characters; time grows faster than the length
_FORMAT = "'[start - end] turn emotion [valence, activation, dominance]'"
_TRANSCRIPTION = re.compile(r"(Ses\w+)\s*\[[\d.]+-[\d.]+\]:(.*)")
# Dialogue, then the turn: the letter behind the last underscore is the speaker, whoever wore the markers.
_TURN = re.compile(r"((Ses0*(\d+))[FM]_\w+)_([FM])\w+")


@dataclasses.dataclass
class _Session:
    """What was found in one SessionN folder."""

    folder: Path
    utterances: list[Utterance] = dataclasses.field(default_factory=list)
    faults: list[str] = dataclasses.field(default_factory=list)
    missing_wavs: list[str] = dataclasses.field(default_factory=list)


def read_iemocap(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Read every turn for which the annotators agree on an emotion.

    The speaker is that of the turn ("Ses01M" for Ses01F_impro01_M003), the session a number ("1").

    Args:
        root: the folder that holds Session1 to Session5, or its parent.
        allow_partial: accept a copy without some sessions or WAV files, with a warning, and leave their turns out.

    Raises:
        CorpusError: if there is no IEMOCAP in `root`, a line of an evaluation cannot be read, or the copy is
            not complete: the four classes of each session are counted.
    """
    sessions = _read_sessions(root)
    _report_faults(root, _count_faults(sessions) + _file_faults(sessions), allow_partial)
    return [utterance for session in sessions for utterance in session.utterances]


def read_synthetic(root: Path, allow_partial: bool = False) -> list[Utterance]:
    """Read a corpus of any size in IEMOCAP's layout: `read_iemocap` without the counts of the release."""
    sessions = _read_sessions(root)
    _report_faults(root, _file_faults(sessions), allow_partial)
    return [utterance for session in sessions for utterance in session.utterances]


def _read_sessions(root: Path) -> list[_Session]:
    for folder in (require_folder(root), root / "IEMOCAP_full_release"):
        sessions = sorted(path for path in folder.glob("Session*") if path.is_dir())
        if sessions:
            return [_read_session(path) for path in sessions]
    raise CorpusError(
        f"{root} has no IEMOCAP inside it: expected the folders Session1 to Session5 there or in "
        "IEMOCAP_full_release; set DATA_DIR"
    )


def _read_session(folder: Path) -> _Session:
    session = _Session(folder)
    evaluations, transcriptions = folder / "dialog" / "EmoEvaluation", folder / "dialog" / "transcriptions"
    wavs = folder / "sentences" / "wav"
    present = [path for path in (evaluations, transcriptions, wavs) if path.is_dir()]
    absent = [path for path in (evaluations, transcriptions, wavs) if path not in present]
    session.faults += [f"{folder.name} has no {path.relative_to(folder)}" for path in absent]
    texts = _read_transcriptions(transcriptions) if transcriptions in present else {}
    dialogues = (path for path in wavs.iterdir() if path.is_dir()) if wavs in present else ()
    existing = {wav for dialogue in dialogues for wav in list_files(dialogue, ".wav")}
    for utterance in _read_evaluations(evaluations, wavs) if evaluations in present else ():
        if utterance.path in existing:
            text = texts.get(utterance.id, "")
            session.utterances.append(dataclasses.replace(utterance, text=text))
        else:
            session.missing_wavs.append(utterance.id)
    return session


def _read_lines(path: Path) -> list[str]:
    """Lines of a text as `decode_text` reads it or, failing that, in Latin-1; only (CR and) line feeds end a line."""
    data = path.read_bytes()
    try:
        text = decode_text(data)
    except ValueError:
        text = data.decode("latin-1")
    # Not splitlines(): that also splits at byte 0x85, an ellipsis in some transcriptions.
    return [line.rstrip("\r") for line in text.split("\n")]


def _read_transcriptions(folder: Path) -> dict[str, str]:
    texts = {}
    for path in list_files(folder, ".txt"):
        for line in _read_lines(path):
            # Lines such as "M: [LAUGHTER]" belong to no turn and are passed over.
            if match := _TRANSCRIPTION.fullmatch(line):
                texts[match[1]] = match[2].strip()
    return texts


def _read_evaluations(folder: Path, wavs: Path) -> list[Utterance]:
    utterances = {}
    for path in list_files(folder, ".txt"):
        for row, line in enumerate(_read_lines(path), start=1):
            if not line.startswith("["):
                continue  # the header, blank lines and the ratings of single annotators
            utterance = _parse_evaluation(f"{path}, line {row}", line, wavs)
            if utterance.id in utterances:
                raise CorpusError(f"{path}, line {row}: {utterance.id} is evaluated twice; remove one line")
            utterances[utterance.id] = utterance
    return [utterance for utterance in utterances.values() if utterance.emotion]


def _parse_evaluation(where: str, line: str, wavs: Path) -> Utterance:
    """The turn of one line, without its text; its emotion is empty where the annotators do not agree."""
    match = _EVALUATION.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if match is None:
        raise CorpusError(f"{where}: expected {_FORMAT}, found {line[:80]!r}; restore the file")
    start, end, name, label, *ratings = match.groups()
    turn = _TURN.fullmatch(name)
    if turn is None:
        raise CorpusError(f"{where}: expected a turn like Ses01F_impro01_F000, found {name!r}; restore the file")
    if label not in EMOTIONS and label != NO_AGREEMENT:
        known = ", ".join((*EMOTIONS, NO_AGREEMENT))
        raise CorpusError(f"{where}: unknown emotion {label!r}, expected one of {known}; restore the file")
    dialogue, recording, session, speaker = turn.groups()
    emotion, path = EMOTIONS.get(label, ""), wavs / dialogue / f"{name}.wav"
    begins, ends, valence, activation, dominance = (float(number) for number in (start, end, *ratings))
    return Utterance(
        name, path, emotion, recording + speaker, session, "", begins, ends, valence, activation, dominance
    )


def _file_faults(sessions: list[_Session]) -> list[str]:
    faults = [fault for session in sessions for fault in session.faults]
    for session in sessions:
        if missing := session.missing_wavs:
            faults.append(f"{session.folder.name} lacks {len(missing)} WAV files, the first {missing[0]}.wav")
    return faults


def _count_faults(sessions: list[_Session]) -> list[str]:
    utterances = [utterance for session in sessions for utterance in session.utterances]
    counts = Counter((item.session, item.emotion.replace("excited", "happy")) for item in utterances)
    folders, faults = {session.folder.name for session in sessions}, []
    for number, expected in SESSION_COUNTS.items():
        if f"Session{number}" not in folders:
            faults.append(f"Session{number} is missing")
            continue
        found = [counts[number, emotion] for emotion in FOUR_CLASSES]
        if tuple(found) != expected:
            verdict = "is short" if sum(found) < sum(expected) else "does not match the release"
            pairs = zip(FOUR_CLASSES, found, expected, strict=True)
            wrong = ", ".join(f"{emotion} {n} of {full}" for emotion, n, full in pairs if n != full)
            faults.append(f"Session{number} {verdict}: {wrong}")
    totals = [sum(column) for column in zip(*SESSION_COUNTS.values(), strict=True)]
    release = ", ".join(f"{n} {emotion}" for n, emotion in zip(totals, FOUR_CLASSES, strict=True))
    return [*faults, f"the full release has {release}"] if faults else []


def _report_faults(root: Path, faults: list[str], allow_partial: bool) -> None:
    if not faults:
        return
    report = f"{root} is not a complete copy: {'; '.join(faults)}"
    if not allow_partial:
        raise CorpusError(f"{report}; copy it again, or accept it as it is with ALLOW_PARTIAL=true (`allow_partial`)")
    warnings.warn(report, stacklevel=3)
