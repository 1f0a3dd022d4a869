import pytest

from drl4ser.corpora import CorpusError, read_words
from drl4ser.corpora.word_times import Word

# Written here after the layout of the release's files (Sphinx's aligner): frames of 10 ms, the last one included.
WDSEG = """\
\t SFrm\t EFrm\t   SegAScr Word
\t    0\t   49\t   -123456 <s>
\t   50\t   58\t   -234567 I
\t   59\t   80\t  -1234567 DON'T
\t   81\t   95\t    -34567 KNOW(2)
\t   96\t  120\t    -34567 <sil>
\t  121\t  140\t    -34567 ++LAUGHTER++
\t  141\t  150\t       -67 </s>
 Total score:    -1654321
"""


@pytest.fixture
def turn(tmp_path):
    audio = tmp_path / "Session1" / "sentences" / "wav" / "Ses01F_impro01" / "Ses01F_impro01_F000.wav"
    audio.parent.mkdir(parents=True)
    return audio


@pytest.fixture
def alignment(turn):
    path = turn.parents[2] / "ForcedAlignment" / turn.parent.name / f"{turn.stem}.wdseg"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_iemocap_alignments(turn, alignment, line_end):
    alignment.write_bytes(WDSEG.replace("\n", line_end).encode())
    words = read_words(turn)
    assert [word.text for word in words] == ["i", "don't", "know"]
    assert not any(word.salient for word in words)
    assert [time for word in words for time in word[1:3]] == pytest.approx([0.5, 0.59, 0.59, 0.81, 0.81, 0.96])
    assert read_words(turn.with_name("Ses01F_impro01_F001.wav")) == []


@pytest.mark.parametrize("first", ["   5x", "  590", "9" * 5000])
def test_a_damaged_alignment_is_named(turn, alignment, first):
    alignment.write_text(WDSEG.replace("   59", first))
    with pytest.raises(CorpusError, match=r"F000\.wdseg, line 4: expected first frame"):
        read_words(turn)


def test_spans_of_the_synthetic_corpus(turn, tmp_path):
    spans = tmp_path / "spans.csv"
    header = "utterance_id,word_index,word,start_s,end_s,salient\n"
    spans.write_text(f"{header}{turn.stem},0,you,0.1,0.25,0\n{turn.stem},1,lied,0.3,0.6,1\nother,0,no,0,1,0\n")
    assert read_words(turn) == [Word("you", 0.1, 0.25), Word("lied", 0.3, 0.6, True)]
    bad = tmp_path / "bad" / turn.relative_to(tmp_path)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "spans.csv").write_text(f"{header}{turn.stem},0,you,early,0.25,0\n")
    with pytest.raises(CorpusError, match=r"spans\.csv, line 2"):
        read_words(bad)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"a,0,you,0.5,0.25,0", "expected utterance_id"),
        (b"a,0,you,0.1,inf,0", "expected utterance_id"),
        (b"a,0,you,nan,0.25,0", "expected utterance_id"),
        (b"a,0,\xc3.,0.1,0.25,0", "not UTF-8; save the file as UTF-8"),
    ],
)
def test_spans_that_are_no_text_or_at_no_time_are_named(turn, tmp_path, row, message):
    (tmp_path / "spans.csv").write_bytes(b"utterance_id,word_index,word,start_s,end_s,salient\n" + row)
    with pytest.raises(CorpusError, match=rf"spans\.csv, line \d: {message}"):
        read_words(turn)


def test_a_recording_without_word_times(tmp_path):
    assert read_words(tmp_path / "speech.wav") == []
    assert read_words("/speech.wav") == []
