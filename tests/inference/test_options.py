"""Options of `drl4ser-predict` that cannot be are refused before anything is read."""

import pytest

from drl4ser.inference.options import parse_options


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: audio"),
        (["x.wav", "--hop", "1"], "--hop needs --window"),
        (["x.wav", "--window", "1", "--text", "a"], "--text belongs to a whole recording"),
        (["x.wav", "--json", "--csv"], "not allowed with"),
        (["x.wav", "--window", "1", "--plot", "y"], "--plot draws whole recordings"),
        (["x.wav", "--embeddings", "/missing/out.npz"], "--embeddings /missing/out.npz: not a file in a folder"),
        (["x.wav", "--embeddings", "out.csv"], "--embeddings out.csv: the name must end in .npz"),
        (["x.wav", "--min_pause", "1"], "--min_pause needs --segments"),
        (["x.wav", "--labels", "a.txt"], "--labels needs --segments"),
        (["x.wav", "--segments", "--window", "1"], "--window and --segments exclude each other"),
        (["x.wav", "--segments", "--max_segment", "90"], "max_segment must be from 0.2 to 60 s"),
        (["x.wav", "--segments", "--labels", "a.csv"], "--labels a.csv: the name must end in .TextGrid or .txt"),
        (["x.wav", "y.wav", "--segments", "--labels", "a.txt"], "--labels takes the segments of one recording"),
        (["x.wav", "--segments", "--labels", "x.txt"], "--labels x.txt: that is the transcript of x.wav; choose"),
        (["x.wav", "-o", "x.txt"], "-o x.txt: that is the transcript of x.wav; choose"),
        (["x.wav", "-o", "x.wav"], "-o x.wav: that is the name of a recording; choose another"),
        (["y.wav", "-o", "x.FLAC"], "-o x.FLAC: that is the name of a recording; choose another"),
        (["x.wav", "-o", "/missing/out.csv"], "-o /missing/out.csv: not a file in a folder that exists"),
        *(
            (["x.wav", "--window", value], "--window must be a number of seconds")
            for value in ("inf", "nan", "0", "-1")
        ),
        (["x.wav", "--window", "3", "--hop", "6"], "--hop must be more than 0 s and at most --window, 3 s"),
        *((["x.wav", "--window", "3", "--hop", value], "--hop must be more than 0 s") for value in ("0", "nan", "inf")),
    ],
)
def test_wrong_usage(capsys, arguments, words):
    with pytest.raises(SystemExit) as caught:
        parse_options(["run", *arguments])
    assert caught.value.code == 2 and words in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)  # root may write everywhere
    for arguments in (["-o", str(tmp_path / "out.csv")], ["--embeddings", str(tmp_path / "out.npz")]):
        with pytest.raises(SystemExit):
            parse_options(["run", "x.wav", *arguments])
        assert "not a file in a folder that exists and may be written to" in capsys.readouterr().err
