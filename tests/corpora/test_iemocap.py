from collections import Counter

import pytest

from drl4ser.corpora import CorpusError, read_corpus
from drl4ser.corpora.iemocap import SESSION_COUNTS

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"


def evaluation(turn, label, start=1.0, end=2.5):
    ratings = "C-E1:\tAnger;\t()\nA-E3:\tval 2; act 4; dom  4;\t()\n\n"
    return f"[{start:.4f} - {end:.4f}]\t{turn}\t{label}\t[2.5000, 3.0000, 3.5000]\n{ratings}"


@pytest.fixture
def write_dialogue(touch):
    """Writes one dialogue as released: WAV files, evaluations and transcriptions."""

    def write(root, dialogue, labels, transcription=""):
        session = root / f"Session{int(dialogue[3:5])}"
        for turn in labels:
            touch(session / "sentences" / "wav" / dialogue / f"{turn}.wav")
        texts = {
            "EmoEvaluation": HEADER + "".join(evaluation(turn, label) for turn, label in labels.items()),
            "transcriptions": transcription,
        }
        for folder, text in texts.items():
            path = touch(session / "dialog" / folder / f"{dialogue}.txt")
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return session

    return write


@pytest.fixture
def small(tmp_path, write_dialogue):
    """Two sessions with every class and every oddity of the release."""
    transcription = (
        b"Ses01F_impro01_F000 [001.0000-002.5000]: Excuse me.\r\n"
        b"M: [LAUGHTER]\r\n"
        b"\r\n"
        b"Ses01F_impro01_FXX0 [002.6000-002.9000]: Yeah.\r\n"
        b"Ses01F_impro01_F099 [009.0000-009.5000]: Nobody evaluated this: at all.\r\n"
        b"Ses01F_impro01_M000 [003.0000-004.5000]: Caf\xe9 \x85 so:  what?\r\n"
    )
    labels = {f"Ses01F_impro01_F00{i}": label for i, label in enumerate(("ang", "hap", "exc", "fru", "xxx", "sur"))}
    labels |= {"Ses01F_impro01_M000": "neu", "Ses01F_impro01_FXX0": "sad"}
    session = write_dialogue(tmp_path, "Ses01F_impro01", labels, transcription)
    (session / "dialog" / "EmoEvaluation" / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05[1.0]\xff")
    (session / "dialog" / "EmoEvaluation" / "Categorical").mkdir()
    (session / "dialog" / "transcriptions" / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\xff")
    (session / "sentences" / "wav" / "Ses01F_impro01" / "._Ses01F_impro01_F000.wav").write_bytes(b"\x00")
    turns = {"Ses02M_script01_1_F000": "oth", "Ses02M_script01_1_M001": "fea", "Ses02M_script01_1_M002": "dis"}
    write_dialogue(tmp_path, "Ses02M_script01_1", turns, "Ses02M_script01_1_F000 [001.00-002.00]: Hi.\n")
    return tmp_path


def by_id(utterances):
    return {utterance.id: utterance for utterance in utterances}


def test_four_classes_with_excited_as_happy(small):
    utterances = read_corpus("synthetic", small)
    assert Counter(item.emotion for item in utterances) == {"angry": 1, "happy": 2, "neutral": 1, "sad": 1}
    assert [item.id for item in utterances] == sorted(item.id for item in utterances)


def test_all_classes_but_not_turns_without_agreement(small):
    emotions = {item.emotion for item in read_corpus("synthetic", small, "all")}
    four = {"angry", "happy", "neutral", "sad"}
    assert emotions == four | {"excited", "frustrated", "surprised", "fearful", "disgusted", "other"}


def test_excited_stays_itself_when_named(small):
    utterances = read_corpus("synthetic", small, ("happy", "excited"))
    assert [item.emotion for item in utterances] == ["happy", "excited"]


def test_speaker_is_of_the_turn_not_of_the_recording(small):
    utterances = by_id(read_corpus("synthetic", small, "all"))
    assert utterances["Ses01F_impro01_M000"].speaker == "Ses01M"
    assert utterances["Ses01F_impro01_FXX0"].speaker == "Ses01F"
    assert utterances["Ses02M_script01_1_F000"].speaker == "Ses02F"
    assert utterances["Ses02M_script01_1_F000"].session == "2"


def test_times_ratings_and_path(small):
    utterance = by_id(read_corpus("synthetic", small))["Ses01F_impro01_F000"]
    assert (utterance.start_seconds, utterance.end_seconds) == (1.0, 2.5)
    assert (utterance.valence, utterance.activation, utterance.dominance) == (2.5, 3.0, 3.5)
    wavs = small / "Session1" / "sentences" / "wav"
    assert utterance.path == wavs / "Ses01F_impro01" / "Ses01F_impro01_F000.wav"


def test_transcriptions_with_carriage_returns_latin_1_and_odd_lines(small):
    texts = {item.id: item.text for item in read_corpus("synthetic", small)}
    assert texts["Ses01F_impro01_F000"] == "Excuse me."
    assert texts["Ses01F_impro01_FXX0"] == "Yeah."
    assert texts["Ses01F_impro01_M000"] == "Café \x85 so:  what?"
    assert texts["Ses01F_impro01_F001"] == ""


def test_transcription_in_utf_8(tmp_path, write_dialogue):
    turn = "Ses01F_impro01_F000"
    write_dialogue(tmp_path, "Ses01F_impro01", {turn: "sad"}, f"{turn} [001.00-002.00]: It’s a café\n".encode())
    assert read_corpus("synthetic", tmp_path)[0].text == "It’s a café"


def test_parent_of_the_release(small):
    parent = small / "parent"
    parent.mkdir()
    (parent / "IEMOCAP_full_release").symlink_to(small)
    assert len(read_corpus("synthetic", parent)) == 5


@pytest.mark.parametrize("name", ["iemocap", "synthetic"])
def test_no_iemocap_inside(tmp_path, name):
    with pytest.raises(CorpusError, match="has no IEMOCAP inside it: expected the folders Session1 to Session5"):
        read_corpus(name, tmp_path)


def test_partial_copy_is_refused_unless_allowed(small):
    with pytest.raises(CorpusError, match=r"Session1 is short: angry 1 of 229, .*Session3 is missing.*allow_partial"):
        read_corpus("iemocap", small)
    with pytest.warns(UserWarning, match="not a complete copy: Session1 is short: angry 1 of 229"):
        assert len(read_corpus("iemocap", small, allow_partial=True)) == 5


def test_missing_wavs_are_counted_by_session(small):
    wavs = small / "Session1" / "sentences" / "wav" / "Ses01F_impro01"
    (wavs / "Ses01F_impro01_F000.wav").unlink()
    with pytest.raises(CorpusError, match=r"Session1 lacks 1 WAV files, the first Ses01F_impro01_F000\.wav"):
        read_corpus("synthetic", small)
    with pytest.warns(UserWarning, match="Session1 lacks 1 WAV files"):
        assert len(read_corpus("synthetic", small, allow_partial=True)) == 4


@pytest.mark.parametrize("folder", ["dialog/EmoEvaluation", "dialog/transcriptions", "sentences/wav"])
def test_missing_folder_of_a_session(small, folder):
    (small / "Session2" / folder).rename(small / "elsewhere")
    with pytest.raises(CorpusError, match=f"Session2 has no {folder}"):
        read_corpus("synthetic", small)
    with pytest.warns(UserWarning, match=f"Session2 has no {folder}"):
        assert read_corpus("synthetic", small, allow_partial=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1.0 - 2.0] Ses01F_impro01_F000 ang", r"Ses01F_impro01.txt, line 3: expected '\[start - end\] turn emotion"),
        (evaluation("Ses01F_impro01_X000", "ang"), "line 3: expected a turn like Ses01F_impro01_F000, found"),
        (evaluation("Ses01F_impro01_F000", "joy"), "line 3: unknown emotion 'joy', expected one of ang, hap"),
        (evaluation("Ses01F_impro01_F000", "ang") * 2, "line 7: Ses01F_impro01_F000 is evaluated twice"),
    ],
)
def test_bad_evaluation_names_file_and_line(small, line, message):
    (small / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt").write_text(HEADER + line)
    with pytest.raises(CorpusError, match=message):
        read_corpus("synthetic", small)


@pytest.fixture(scope="module")
def full_release(tmp_path_factory):
    """A tree with the counts of the real release; a third of the happy turns is labelled excited."""
    root = tmp_path_factory.mktemp("IEMOCAP_full_release")
    for number, counts in SESSION_COUNTS.items():
        dialogue = f"Ses0{number}F_impro01"
        wavs = root / f"Session{number}" / "sentences" / "wav" / dialogue
        wavs.mkdir(parents=True)
        labels = [label for label, n in zip(("ang", "hap", "neu", "sad"), counts, strict=True) for _ in range(n)]
        lines = []
        for i, label in enumerate(labels):
            turn = f"{dialogue}_{'FM'[i % 2]}{i:04d}"
            (wavs / f"{turn}.wav").touch()
            lines.append(evaluation(turn, "exc" if label == "hap" and i % 3 == 0 else label))
        for folder, text in (("EmoEvaluation", HEADER + "".join(lines)), ("transcriptions", "")):
            path = root / f"Session{number}" / "dialog" / folder / f"{dialogue}.txt"
            path.parent.mkdir(parents=True)
            path.write_text(text)
    return root


def test_counts_of_the_full_release(full_release):
    utterances = read_corpus("iemocap", full_release)
    counts = Counter(item.emotion for item in utterances)
    assert counts == {"angry": 1103, "happy": 1636, "sad": 1084, "neutral": 1708}
    assert len({item.speaker for item in utterances}) == 10
    sessions = Counter(item.session for item in utterances)
    assert sessions == {"1": 1085, "2": 1023, "3": 1151, "4": 1031, "5": 1241}


def test_error_names_the_session_that_is_short(full_release):
    wav = min((full_release / "Session4" / "sentences" / "wav").glob("*/*.wav"))
    wav.unlink()
    try:
        with pytest.raises(CorpusError, match=r"Session4 is short: angry 326 of 327; .*Session4 lacks 1 WAV") as info:
            read_corpus("iemocap", full_release)
        assert "Session3" not in str(info.value)
        with pytest.warns(UserWarning, match="is not a complete copy"):
            assert len(read_corpus("iemocap", full_release, allow_partial=True)) == 5530
    finally:
        wav.touch()


def test_relabelled_release_does_not_match(full_release):
    path = full_release / "Session5" / "dialog" / "EmoEvaluation" / "Ses05F_impro01.txt"
    original = path.read_text()
    path.write_text(original.replace("\tang\t", "\tsad\t", 1))
    try:
        with pytest.raises(CorpusError, match="Session5 does not match the release: angry 169 of 170, sad 246 of 245"):
            read_corpus("iemocap", full_release)
    finally:
        path.write_text(original)
