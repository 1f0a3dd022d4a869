import csv
import os
import time
import unicodedata

import pytest

from drl4ser.corpora import CorpusError, read_corpus


@pytest.fixture
def write_manifest(tmp_path, touch):
    """Writes a CSV file as given, and empty recordings at the paths named."""

    def write(content, *recordings):
        for recording in recordings:
            touch(tmp_path / recording)
        path = tmp_path / "corpus.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_all_columns_in_any_order(write_manifest, tmp_path):
    path = write_manifest(
        "text,speaker,path,session,emotion\nHello there,Ann,b/2.wav,s1,happy\n,Bob,1.flac,s2,sad\n", "b/2.wav", "1.flac"
    )
    first, second = read_corpus("manifest", path)
    assert (first.id, first.emotion, first.speaker, first.session, first.text) == ("1.flac", "sad", "Bob", "s2", "")
    assert (second.id, second.path, second.text) == ("b/2.wav", tmp_path / "b" / "2.wav", "Hello there")


def test_optional_columns_may_be_absent_and_every_emotion_is_read(write_manifest):
    path = write_manifest("path,emotion\n1.wav,proud\n2.wav,relieved\n", "1.wav", "2.wav")
    utterances = read_corpus("manifest", path)
    assert [item.emotion for item in utterances] == ["proud", "relieved"]
    assert utterances[0].speaker == utterances[0].session == utterances[0].text == ""
    assert [item.id for item in read_corpus("manifest", path, ("proud",))] == ["1.wav"]


def test_excited_is_not_merged(write_manifest):
    path = write_manifest("path,emotion\n1.wav,excited\n2.wav,happy\n", "1.wav", "2.wav")
    assert [item.id for item in read_corpus("manifest", path, ("happy",))] == ["2.wav"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_byte_order_mark_quotes_line_breaks_blank_lines_and_unicode(write_manifest, encoding):
    header, blank = "\ufeffpath,emotion,text\r\n", "\r\n"
    quoted = '"Grüße, 1.wav",sad,"He said ""no"",\r\nthen left."\r\n'
    content = header + quoted + blank + "語.wav,sad,a\u2028b\r\n"
    path = write_manifest(content.encode(encoding), "Grüße, 1.wav", "語.wav")
    texts = {item.id: item.text for item in read_corpus("manifest", path)}
    assert texts == {"Grüße, 1.wav": 'He said "no",\r\nthen left.', "語.wav": "a\u2028b"}


def test_absolute_path_inside_the_folder(write_manifest, tmp_path):
    path = write_manifest(f"path,emotion\n{tmp_path}/a/1.wav,sad\n", "a/1.wav")
    assert read_corpus("manifest", path)[0].id == "a/1.wav"


def test_relative_manifest(write_manifest, tmp_path, monkeypatch):
    write_manifest("path,emotion\n./a/../a/1.wav,sad\n", "a/1.wav")
    monkeypatch.chdir(tmp_path)
    utterance = read_corpus("manifest", "corpus.csv")[0]
    assert utterance.id == "a/1.wav"
    assert utterance.path.is_file()


def test_allow_partial_leaves_absent_files_out(write_manifest):
    path = write_manifest("path,emotion\n1.wav,sad\n2.wav,sad\n", "1.wav")
    with pytest.warns(UserWarning, match=r"left out: .*row 3, column 'path': '2.wav' does not exist.*\(1 such rows\)"):
        assert [item.id for item in read_corpus("manifest", path, allow_partial=True)] == ["1.wav"]


HEADER = "path,emotion,text\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "row 1: no column 'path'"),
        (
            "file,emotion\n",
            "row 1: no column 'path'; expected the columns path.*tabs between. Found: 'file', 'emotion'",
        ),
        ("path|emotion\n1.wav|sad\n", "row 1: unknown column 'path|emotion'; if it is 'path', rename it so"),
        ("file_path;emotion\n", "row 1: unknown column 'file_path'; if it is 'path', rename it so"),
        ("path,Emotion,emotion\n", "row 1: column 'emotion' occurs twice"),
        ("path,emotion,text,\n1.wav,sad,Well, no\n", r"row 2: a field without a column \(.*comma in double quotes"),
        ("path;emotion;text\n1.wav;sad;Well; no\n", "row 2: 4 fields instead of 3.*semicolon in double quotes"),
        ("path,emotion,fold\n1.wav,sad,1.5\n", "row 2, column 'fold': '1.5' is not the number of a fold"),
        ("path,emotion,fold\n1.wav,sad,train\n", "row 2, column 'fold': 'train' is not the number of a fold"),
        ("path,speaker\n", "row 1: no column 'emotion'"),
        ('path,emotion\n1.wav,"sa\nd"\n', r"row 2, column 'emotion': 'sa\\nd' holds a line break.*on one line"),
        ("path,emotion,speaker\n1.wav,sad,a\tb\n", r"row 2, column 'speaker': 'a\\tb' holds a line break, a tab"),
        ("path,emotion,path\n", "row 1: column 'path' occurs twice"),
        (HEADER + "1.wav,sad,Hi\n2.wav,sad\n", "row 3: 2 fields instead of 3"),
        (HEADER + "1.wav,sad,Well, no\n", "row 2: 4 fields instead of 3.*double quotes"),
        (HEADER + "1.wav, ,Hi\n", "row 2, column 'emotion': empty"),
        (HEADER + ",sad,Hi\n", "row 2, column 'path': empty"),
        (HEADER + '1.wav,sad,"two\nlines"\n../../no,sad,Hi\n', "row 4, column 'path': '../../no' does not exist in"),
        (HEADER + "/no/no,sad,Hi\n", "row 2, column 'path': '/no/no' does not exist in .* set AUDIO_ROOT"),
        (HEADER + "a/../../x.wav,sad,Hi\n", "row 2, column 'path': 'a/../../x.wav' does not exist"),
        (HEADER + ".,sad,Hi\n", "row 2, column 'path': '.' does not exist"),
        (HEADER + "/,sad,Hi\n", "row 2, column 'path': '/' does not exist"),
        (HEADER + "1.wav,sad,Hi\n\n./1.wav,sad,Hi\n", "row 4, column 'path': '1.wav' is already in row 2"),
        (
            HEADER + "1.wav,sad,Hi\n3.wav,sad,\nb/4.wav,sad,\n",
            r"row 3, column 'path': '3.wav' does not exist in .* \(2 such",
        ),
        (HEADER + "a\0b/1.wav,sad,Hi\n", "line 2: a NUL character, as of UTF-16 .* save the file as UTF-8"),
        (HEADER + '1.wav,sad,"Hi\n', "row 2: unexpected end of data; check the quotes"),
        (HEADER + '1.wav,sad,"Hi\n2.wav,sad,there"\n', "row 2: a quote that is not closed hides the next row"),
        ((HEADER + '1.wav,sad,"Hi\n2.wav,sad,ho\n').replace(",", "\t") + '3.wav\tsad\tthere"\n', "row 2: a quote that"),
        (HEADER + '1.wav,sad,"Hi" there\n', "row 2: .*; check the quotes"),
        (HEADER.encode() + b"1.wav,sad,Hi\n2.wav,sad,caf\xe9\n", "line 3: not UTF-8; save the file as UTF-8"),
    ],
)
def test_errors_name_the_row_and_the_column(write_manifest, content, message):
    path = write_manifest(content, "1.wav", "2.wav")
    with pytest.raises(CorpusError, match=rf"corpus\.csv, {message}"):
        read_corpus("manifest", path)


@pytest.mark.parametrize("column", ["emotion", "speaker", "session"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("sad", "Sad"),
        ("STRASSE", "straße"),
        ("w\u00fctend", "wu\u0308tend"),  # NFC and NFD
        ("w\u00fctend", "W\u00dcTEND"),
        ("sad", "sad\u200b"),  # zero-width space
        ("sad", "\ufeffsad"),  # byte order mark of a file that was pasted in
        ("sad", "s\u00adad"),  # soft hyphen
        ("very sad", "very\u00a0sad"),
        ("very sad", "very  sad"),
        ("sad", "\uff53\uff41\uff44"),  # full width
    ],
)
def test_labels_that_look_alike_are_refused_with_their_rows(write_manifest, column, first, second):
    others = [name for name in ("emotion", "speaker", "session") if name != column]
    rows = [
        f"{number}.wav,{label},x,y" for number, label in enumerate((first, "other", first, second, second), start=1)
    ]
    path = write_manifest("\n".join([f"path,{column},{','.join(others)}", *rows]), *(f"{n}.wav" for n in range(1, 6)))
    with pytest.raises(CorpusError) as caught:
        read_corpus("manifest", path)
    assert f"corpus.csv, rows 2 and 5, column {column!r}: {first!a} and {second!a} differ only in" in str(caught.value)


@pytest.mark.parametrize(
    ("slip", "column"),
    [
        ("speakr", "speaker"),
        ("sepaker", "speaker"),
        ("speakers", "speaker"),
        ("Speaker ID", "speaker"),
        ("speaker_id", "speaker"),
        ("speakerId", "speaker"),
        ("sesion", "session"),
        ("txt", "text"),
        ("folds", "fold"),
    ],
)
def test_a_column_that_may_be_a_slip_is_refused(write_manifest, slip, column):
    """Read without it, a table would not notice that training and test share speakers."""
    path = write_manifest(f"path,emotion,{slip}\n1.wav,sad,x\n", "1.wav")
    with pytest.raises(CorpusError, match=f"row 1: unknown column {slip!r}; if it is {column!r}, rename it so"):
        read_corpus("manifest", path)


def test_further_columns_are_not_read_and_named(write_manifest):
    """As pandas and spreadsheets write them: an index without a name in front, empty columns behind."""
    content = ",Path,gender,EMOTION,speaker,speaker_id,folder,age,age,,\n0,1.wav,f,sad,Ann,7,x,30,31,,\n"
    with pytest.warns(UserWarning, match="are not read: 'gender', 'speaker_id', 'folder', 'age', 'age'; it has no"):
        (utterance,) = read_corpus("manifest", write_manifest(content, "1.wav"))
    assert (utterance.id, utterance.emotion, utterance.speaker, utterance.fold) == ("1.wav", "sad", "Ann", "")
    read_corpus("manifest", write_manifest(",path,emotion\n0,1.wav,sad\n"))  # without a warning


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_between_columns(write_manifest, separator):
    rows = [["path", "emotion", "text"], ["1.wav", "sad", "Well, no"], ["2.wav", "mad", f'"a{separator}b"']]
    path = write_manifest("\ufeff" + "\r\n".join(map(separator.join, rows)), "1.wav", "2.wav")
    assert [item.text for item in read_corpus("manifest", path)] == ["Well, no", f"a{separator}b"]


def test_folds_as_pandas_writes_them(write_manifest):
    path = write_manifest("path,emotion,fold\n1.wav,sad,1.0\n2.wav,sad,\n3.wav,sad,2\n", "1.wav", "2.wav", "3.wav")
    assert [item.fold for item in read_corpus("manifest", path)] == ["1", "", "2"]


def test_words_that_pandas_takes_for_missing_are_labels_and_text(write_manifest):
    words = ["NA", "None", "nan", "null", "0", "01", "True", "1e5", "N/A"]
    rows = [f"{number}.wav,{word},{word},{word}" for number, word in enumerate(words)]
    path = write_manifest("\n".join(["path,emotion,speaker,text", *rows]), *(f"{n}.wav" for n in range(9)))
    assert [(item.emotion, item.speaker, item.text) for item in read_corpus("manifest", path)] == [
        (word, word, word) for word in words
    ]


def test_paths_of_windows_and_of_the_home_folder(write_manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    content = "path,emotion\na\\b\\1.wav,sad\n~/2.wav,sad\n~\\3.wav,sad\n~x\\4.wav,sad\n"
    path = write_manifest(content, "a/b/1.wav", "home/2.wav", "home/3.wav", "~x\\4.wav")
    found = {item.id: item.path for item in read_corpus("manifest", path)}
    assert set(found) == {"a/b/1.wav", "home/2.wav", "home/3.wav", "~x\\4.wav"}  # the last is that file's name
    assert all(place.is_file() for place in found.values())
    both = path.read_text(encoding="utf-8") + "a/b/1.wav,sad\n"
    path.write_text(both, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"row 6, column 'path': 'a/b/1\.wav' is already in row 2"):
        read_corpus("manifest", path)


def test_labels_that_differ_for_the_eye_are_different(write_manifest):
    labels = ["sad", "sadder", "s-ad", "sad1", "sad2", "trist\u00e9", "triste"]
    rows = [f"{number}.wav,{label}" for number, label in enumerate(labels)]
    path = write_manifest("\n".join(["path,emotion", *rows]), *(f"{n}.wav" for n in range(len(labels))))
    assert [item.emotion for item in read_corpus("manifest", path)] == labels


def test_recordings_anywhere(write_manifest, tmp_path, touch):
    elsewhere = touch(tmp_path / "elsewhere" / "x.wav")
    path = write_manifest(f"path,emotion\n{elsewhere},sad\n../elsewhere/y.wav,sad\n", "elsewhere/y.wav")
    path = path.rename(touch(tmp_path / "lists" / "old").with_name("corpus.csv"))
    absolute, relative = read_corpus("manifest", path)
    assert (absolute.id, absolute.path) == (str(elsewhere), elsewhere)
    assert relative.id == str(tmp_path / "elsewhere" / "y.wav") and relative.path.is_file()


def test_the_same_file_by_two_paths_is_refused(write_manifest, tmp_path):
    path = write_manifest(f"path,emotion\n1.wav,sad\n{tmp_path}/1.wav,sad\n", "1.wav")
    with pytest.raises(CorpusError, match=r"row 3, column 'path': '1\.wav' is already in row 2"):
        read_corpus("manifest", path)


def test_relative_paths_start_from_the_audio_root(write_manifest, tmp_path, touch, monkeypatch):
    touch(tmp_path / "audio" / "a" / "1.wav")
    path = write_manifest("path,emotion\na/1.wav,sad\n")
    with pytest.raises(CorpusError, match=r"'a/1\.wav' does not exist in .*set AUDIO_ROOT"):
        read_corpus("manifest", path)
    (utterance,) = read_corpus("manifest", path, audio_root=tmp_path / "audio")
    assert (utterance.id, utterance.path) == ("a/1.wav", tmp_path / "audio" / "a" / "1.wav")
    monkeypatch.chdir(tmp_path)
    assert read_corpus("manifest", path, audio_root="audio")[0].path.is_file()
    with pytest.raises(CorpusError, match="no is not a folder; set AUDIO_ROOT"):
        read_corpus("manifest", path, audio_root=tmp_path / "no")
    with pytest.raises(CorpusError, match=r"AUDIO_ROOT.* is for a manifest, ravdess has its own layout"):
        read_corpus("ravdess", tmp_path, audio_root=tmp_path)


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_names_are_found_in_another_unicode_form(write_manifest, tmp_path, written):
    """macOS writes ü as two characters, most other programs as one."""
    other = "NFD" if written == "NFC" else "NFC"
    name = "Größe/süß é.wav"
    path = write_manifest(
        f"path,emotion\n{unicodedata.normalize(written, name)},sad\n", unicodedata.normalize(other, name)
    )
    (utterance,) = read_corpus("manifest", path)
    assert utterance.id == unicodedata.normalize(written, name) and utterance.path.is_file()
    both = path.read_text(encoding="utf-8") + f"{unicodedata.normalize(other, name)},sad\n"
    path.write_text(both, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"row 3, column 'path': .* is already in row 2"):
        read_corpus("manifest", path)
    (tmp_path / unicodedata.normalize(written, "Größe")).mkdir()
    (tmp_path / unicodedata.normalize(written, name)).touch()
    assert len({item.path for item in read_corpus("manifest", path)}) == 2  # two files: each by its own name


def test_only_a_header(write_manifest):
    with pytest.raises(CorpusError, match="manifest has no utterance"):
        read_corpus("manifest", write_manifest(HEADER))


def test_missing_manifest_and_folder_instead(tmp_path):
    with pytest.raises(CorpusError, match=r"corpus\.csv does not exist; a manifest's DATA_DIR"):
        read_corpus("manifest", tmp_path / "corpus.csv")
    with pytest.raises(CorpusError, match="is a folder; a manifest's DATA_DIR"):
        read_corpus("manifest", tmp_path)


def test_time_grows_with_rows_only(tmp_path):
    """20,000 rows in under 3 s; 358,024 rows were measured at 7 s and 560 MB."""
    for name in range(100):
        (tmp_path / f"{name:02d}").mkdir()
    names = [f"{i % 100:02d}/{i}.wav" for i in range(20_000)]
    for name in names:
        os.close(os.open(tmp_path / name, os.O_CREAT))
    with (tmp_path / "corpus.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "emotion"), *((name, "sad") for name in names)])
    start = time.process_time()
    assert len(read_corpus("manifest", tmp_path / "corpus.csv")) == 20_000
    assert time.process_time() - start < 3
