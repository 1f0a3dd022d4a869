"""Files that people write by hand or get from others: manifests, IEMOCAP's text files, word vectors."""

import csv
import gzip
import io
import struct
import warnings
from pathlib import Path

from hypothesis import strategies as st

from drl4ser.corpora import read_corpus, word_times
from drl4ser.text import WordVectors, tokenize
from tests.fuzz.kinds import READ, Kind
from tests.fuzz.strategies import damaged_bytes, names, one_damaged

_MANIFEST = (
    'path,emotion,speaker,session,text\r\na.wav,sad,Ann,1,"Well, ""no"""\r\nb/c d.wav,joy,Bob,2,[LAUGHTER] yes\r\n'
)
_PATHS = ("a.wav", "b/c d.wav", "../a", "/etc/passwd", "b/../../x", ".", "a\0")


def _prepare_manifest(folder: Path):
    (folder / "b").mkdir()
    (folder / "b" / "c d.wav").touch()
    path = folder / "manifest.csv"

    def read(case: tuple[set[str], bytes]) -> str:
        files, content = case
        for old in folder.glob("*"):
            if old.is_file():
                old.unlink()  # reading a manifest lists its folder
        for name in files:
            (folder / name).touch()
        path.write_bytes(content)
        utterances = read_corpus("manifest", path)
        for utterance in utterances:
            tokenize(utterance.text)
            if not utterance.path.is_file():
                raise AssertionError(f"{utterance.path} is not a file")
        return READ

    damaged = st.tuples(st.just({"a.wav"}), damaged_bytes([_MANIFEST.encode()]))
    return damaged | _any_rows(), read


@st.composite
def _any_rows(draw) -> tuple[set[str], bytes]:
    """Well-formed rows of any text: names of files that exist (returned first), and paths out of the folder."""
    paths = draw(st.lists(names, min_size=1, max_size=3))
    files = {"a.wav", *paths} - {".", ".."}
    paths += draw(st.just([]) | st.lists(st.sampled_from(_PATHS), max_size=1))
    text = io.StringIO()
    csv.writer(text).writerows([("path", "emotion", "text"), *((path, draw(names), draw(names)) for path in paths)])
    return files, text.getvalue().encode()


_DIALOGUE = "Ses01F_impro01"
_EVALUATION = (
    "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\r\n\r\n"
    "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\r\n"
    "C-E2:\tNeutral;\t()\r\n\r\n[10.0100 - 11.3925]\tSes01F_impro01_M001\txxx\t[2.5000, 2.5000, 2.5000]\r\n"
)
_TRANSCRIPTION = (
    "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\r\nM: [BREATHING]\r\n"
    "Ses01F_impro01_M001 [010.0100-011.3925]: Yeah.\r\n"
)


def _prepare_iemocap(folder: Path):
    session = folder / "Session1"
    evaluation = session / "dialog" / "EmoEvaluation" / f"{_DIALOGUE}.txt"
    transcription = session / "dialog" / "transcriptions" / f"{_DIALOGUE}.txt"
    wav = session / "sentences" / "wav" / _DIALOGUE / f"{_DIALOGUE}_F000.wav"
    for path in (evaluation, transcription, wav):
        path.parent.mkdir(parents=True)
    wav.touch()

    def read(contents: tuple[bytes, bytes]) -> str:
        evaluation.write_bytes(contents[0])
        transcription.write_bytes(contents[1])
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # a turn by another name has no file
            utterances = read_corpus("synthetic", folder, "all", allow_partial=True)
        for utterance in utterances:
            tokenize(utterance.text)
            if utterance.path != wav:
                raise AssertionError(f"{utterance.path} is not in the corpus")
        return READ

    return st.tuples(damaged_bytes([_EVALUATION.encode()]), damaged_bytes([_TRANSCRIPTION.encode()])), read


_SEGMENTS = (
    "\t SFrm\t EFrm\t   SegAScr Word\n\t    0\t   49\t   -123456 <s>\n\t   50\t   58\t   -234567 I\n"
    "\t   59\t   80\t  -1234567 DON'T(2)\n Total score:    -1654321\n"
)
_SPANS = 'utterance_id,word_index,word,start_s,end_s,salient\na,0,"you",0.1,0.25,0\na,1,né,0.3,0.6,1\n'


def _prepare_word_times(folder: Path):
    wav = folder / "Session1" / "sentences" / "wav" / "dialogue" / "a.wav"
    alignment = wav.parents[2] / "ForcedAlignment" / "dialogue" / "a.wdseg"
    files = {alignment: _SEGMENTS.encode(), folder / "spans.csv": _SPANS.encode()}
    alignment.parent.mkdir(parents=True)

    def read(case: tuple[Path, bytes]) -> str:
        path, content = case
        path.write_bytes(content)
        word_times._read_spans.cache_clear()
        try:
            for word in word_times.read_words(wav):
                if not 0 <= word.start_s <= word.end_s < float("inf"):
                    raise AssertionError(f"{word} is at no time")
            return READ
        finally:
            path.unlink()

    return one_damaged(files), read


def _prepare_word_vectors(folder: Path):
    vectors = {"the": (0.5, -1.25, 3e-3), "Angst": (1.0, 2.0, 3.0), "né": (0.0, 0.0, 7.5)}
    header = f"{len(vectors)} 3\n"
    text = header + "".join(f"{word} {' '.join(map(str, values))}\n" for word, values in vectors.items())
    binary = b"".join(word.encode() + b" " + struct.pack("<3f", *v) for word, v in vectors.items())
    examples = {".txt": text.encode(), ".bin": header.encode() + binary}
    examples |= {f"{suffix}.gz": gzip.compress(content) for suffix, content in examples.items()}

    def read(case: tuple[str, bytes]) -> str:
        path = folder / f"words{case[0]}"
        path.write_bytes(case[1])
        word_vectors = WordVectors.load(path)
        word_vectors.subset(["the Angst of né"]).embed("the Angst")
        return READ

    return one_damaged(examples), read


KINDS = (
    Kind("manifest", _prepare_manifest, ("manifest",)),
    Kind("iemocap", _prepare_iemocap, (_DIALOGUE, "synthetic", "Session1")),
    Kind("word_times", _prepare_word_times, ("a.wdseg", "spans.csv")),
    Kind("word_vectors", _prepare_word_vectors, ("words",)),
)
