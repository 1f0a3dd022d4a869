"""Times of the words of a recording, from the alignment files of its corpus.

IEMOCAP, as released, aligns every turn: SessionN/sentences/ForcedAlignment/<dialogue>/<turn>.wdseg, in frames of
10 ms. The synthetic corpus has spans.csv in its root, which also marks the words that carry the emotion.
"""

import csv
import functools
import io
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from drl4ser.corpora.utterance import CorpusError
from drl4ser.files import decode_text

_FRAME_S = 0.01
_SEGMENT = re.compile(r"\s*(\d{1,9})\s+(\d{1,9})\s+-?\d+\s+(\S+)\s*")
_OTHER_LINE = re.compile(r"\s*(SFrm\s+EFrm\s+SegAScr\s+Word|Total score:.*)?\s*")
# Sentence ends, silence and noises: <s>, </s>, <sil>, ++LAUGHTER++, [BREATHING]. "(2)" numbers pronunciations.
_NO_WORD = re.compile(r"<.*>|\+\+.*\+\+|\[.*\]")
_PRONUNCIATION = re.compile(r"\(\d+\)$")


class Word(NamedTuple):
    """A word with its begin and end in seconds; `salient` if the corpus marks it as carrying the emotion."""

    text: str
    start_s: float
    end_s: float
    salient: bool = False


def read_words(audio: Path | str) -> list[Word]:
    """Read the words of one recording, in order.

    Args:
        audio: the recording, in its place in the corpus.

    Returns:
        Possibly none: not every corpus, and in IEMOCAP not every turn, has word times.

    Raises:
        CorpusError: if there is a file of word times that cannot be read; names it and the row.
    """
    audio = Path(audio).resolve()
    if len(audio.parents) < 5:
        return []
    dialogue, _, sentences, _, root = audio.parents[:5]
    alignment = sentences / "ForcedAlignment" / dialogue.name / f"{audio.stem}.wdseg"
    if alignment.is_file():
        return _read_alignment(alignment)
    spans = root / "spans.csv"
    return list(_read_spans(spans)[audio.stem]) if spans.is_file() else []


def _read_alignment(path: Path) -> list[Word]:
    words = []
    for row, line in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        match = _SEGMENT.fullmatch(line)
        backwards = match is not None and int(match[1]) > int(match[2]) + 1
        if backwards or (match is None and _OTHER_LINE.fullmatch(line) is None):
            raise CorpusError(
                f"{path}, line {row}: expected first frame, last frame, score and word, found {line[:80]!r}; "
                "restore the file"
            )
        if match and not _NO_WORD.fullmatch(match[3]):
            text = _PRONUNCIATION.sub("", match[3]).lower()
            words.append(Word(text, int(match[1]) * _FRAME_S, (int(match[2]) + 1) * _FRAME_S))
    return words


@functools.lru_cache(maxsize=4)
def _read_spans(path: Path) -> dict[str, list[Word]]:
    words = defaultdict(list)
    try:
        reader = csv.DictReader(io.StringIO(decode_text(path.read_bytes()), newline=""))
    except ValueError as error:
        raise CorpusError(f"{path}, {error}, or make the corpus again") from None
    try:
        for row in reader:
            word = Word(row["word"], float(row["start_s"]), float(row["end_s"]), row["salient"] == "1")
            if not 0 <= word.start_s <= word.end_s < math.inf:
                raise ValueError("from {start_s} to {end_s} is not a time".format(**row))
            words[row["utterance_id"]].append(word)
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(
            f"{path}, line {reader.line_num}: expected utterance_id, word, start_s, end_s and salient "
            f"({error!r}); make the corpus again"
        ) from None
    return words
