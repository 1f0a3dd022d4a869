import gzip
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from drl4ser.text import WordVectors, train_word_vectors

WORDS = ["hello", "Boston", "may", "May", "don't"]
VECTORS = np.arange(20, dtype=np.float32).reshape(5, 4) / 7


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "vectors.txt"
    lines = [f"{word} {' '.join(map(repr, map(float, row)))}" for word, row in zip(WORDS, VECTORS, strict=True)]
    path.write_text("\n".join(["5 4", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.bin", "a.bin.gz", "a.vec", "A.VEC.GZ"])
def test_round_trip(text_file, tmp_path, name):
    path = tmp_path / "run" / name
    WordVectors.load(text_file).save(path)
    assert [file.name for file in path.parent.iterdir()] == [name]
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.lower().endswith(".gz")
    loaded = WordVectors.load(path)
    assert loaded.words == WORDS
    assert loaded.dimension == 4
    assert loaded.vectors.dtype == np.float32
    np.testing.assert_allclose(loaded.vectors, VECTORS, rtol=1e-6)


def test_lookup_leaves_unknown_words_out(text_file):
    vectors = WordVectors.load(text_file)
    assert vectors.lookup(["HELLO", "boston", "xyzzy", "May", "MAY", "Don't"]) == [0, 1, 3, 2, 4]
    assert vectors.lookup([]) == []
    np.testing.assert_allclose(vectors.embed("Hello, xyzzy [LAUGHTER] Boston!"), VECTORS[:2], rtol=1e-6)


def test_embed_of_nothing_known_has_no_rows(text_file):
    embedded = WordVectors.load(text_file).embed("xyzzy")
    assert embedded.shape == (0, 4)
    assert embedded.dtype == np.float32


def test_subset_gives_the_same_vectors_to_its_texts(text_file, tmp_path):
    vectors = WordVectors.load(text_file)
    texts = ["boston, don't", "May I? Hello"]
    small = vectors.subset(texts)
    assert small.words == ["hello", "Boston", "May", "don't"]
    small.save(tmp_path / "small.bin")
    reloaded = WordVectors.load(tmp_path / "small.bin")
    for text in texts:
        np.testing.assert_array_equal(reloaded.embed(text), vectors.embed(text))


def test_subset_of_unknown_words_is_empty(text_file):
    with pytest.warns(match=r"know 0 of 1 words of the transcripts \(not 'xyzzy'\)"):
        small = WordVectors.load(text_file).subset(["xyzzy"])
    assert len(small) == 0
    assert small.embed("hello").shape == (0, 4)


def _write_binary(path, words, vectors):
    rows = [word + b" " + row.tobytes() + b"\n" for word, row in zip(words, vectors, strict=True)]
    path.write_bytes(b"%d %d\n" % vectors.shape + b"".join(rows))


@pytest.mark.parametrize("suffix", [".bin", ".txt"])
def test_a_word_that_comes_twice_has_its_first_vector(tmp_path, suffix):
    words, path = ["a", "b", "a", "c"], tmp_path / f"twice{suffix}"
    if suffix == ".bin":
        _write_binary(path, [word.encode() for word in words], VECTORS[:4])
    else:
        path.write_text(
            "4 4\n" + "".join(f"{w} {' '.join(map(str, v))}\n" for w, v in zip(words, VECTORS, strict=False))
        )
    vectors = WordVectors.load(path)
    vectors.save(tmp_path / "again.bin")
    for loaded in (vectors, WordVectors.load(tmp_path / "again.bin")):
        assert loaded.words == ["a", "b", "c"] and len(loaded) == 3
        np.testing.assert_allclose(loaded.vectors, VECTORS[[0, 1, 3]], rtol=1e-6)


@pytest.mark.parametrize("suffix", [".bin", ".txt"])
def test_a_token_cut_inside_a_letter_is_left_out_with_a_warning(tmp_path, suffix):
    words, path = ["kä".encode()[:-1], "käse".encode(), b"may"], tmp_path / f"cut{suffix}"
    if suffix == ".bin":
        _write_binary(path, words, VECTORS[:3])
    else:
        lines = [word + b" " + " ".join(map(str, row)).encode() for word, row in zip(words, VECTORS, strict=False)]
        path.write_bytes(b"\n".join([b"3 4", *lines]) + b"\n")
    with pytest.warns(match=r"1 of 3 words are not UTF-8 and are left out, such as 'k"):
        vectors = WordVectors.load(path)
    assert vectors.words == ["käse", "may"]
    np.testing.assert_allclose(vectors.vectors, VECTORS[1:3], rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "hello 1 2.5\nmay -3 4e-1\n",  # GloVe
        "hello\t1\t2.5\nmay\t-3\t4e-1\n",
        "2 2\r\nhello 1 2.5 \r\nmay -3 4e-1 \r\n",  # fastText ends its lines with a space
        "\ufeffhello 1 2.5\nmay -3 4e-1\n",
        "hello 1 2.5\n. . 7 7\nmay -3 4e-1",  # GloVe holds words with spaces, which no token equals
    ],
)
def test_other_texts_of_vectors(tmp_path, text):
    path = tmp_path / "glove.txt"
    path.write_bytes(text.encode())
    vectors = WordVectors.load(path)
    assert vectors.words == ["hello", "may"]
    np.testing.assert_allclose(vectors.vectors, [[1, 2.5], [-3, 0.4]], rtol=1e-6)


def test_a_vocabulary_in_nfd_knows_words_in_nfc(tmp_path):
    path = tmp_path / "nfd.txt"
    path.write_text(unicodedata.normalize("NFD", "wütend 1 2\n"), encoding="utf-8")
    for form in ("NFC", "NFD"):
        assert WordVectors.load(path).embed(unicodedata.normalize(form, "Wütend!")).tolist() == [[1, 2]]


def test_limit_reads_the_first_words_only(text_file):
    assert WordVectors.load(text_file, limit=2).words == WORDS[:2]


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"none\.bin does not exist.*GoogleNews-vectors-negative300\.bin\.gz"):
        WordVectors.load(tmp_path / "none.bin")


def test_unknown_ending(tmp_path):
    with pytest.raises(ValueError, match=r"model\.kv has an unknown ending; expected .*\.txt\.gz"):
        WordVectors.load(tmp_path / "model.kv")


def _damaged_files(text_file):
    whole = text_file.read_bytes()
    binary = text_file.with_name("whole.bin")
    WordVectors.load(text_file).save(binary)
    zipped = gzip.compress(binary.read_bytes())
    return {
        "empty.bin": b"",
        "prose.txt": b"This is no vector file.\n",
        "prose.bin": b"This is no vector file.\n",
        "short.txt": whole[: len(whole) // 2],
        "short.bin": binary.read_bytes()[:-20],
        "short.bin.gz": zipped[: len(zipped) // 2],
        "corrupt.bin.gz": zipped[:30] + b"\xff\xff\xff" + zipped[33:],
        "not_zipped.bin.gz": binary.read_bytes(),
        "uneven.txt": b"2 3\na 1 2 3\nb 1 2\n",
        "nan.txt": b"1 2\na nan 1\n",
        "huge.bin": b"999999999999 999999\nhello ",
        "latin1.txt": b"1 2\ncaf\xe9 1 2\n",
        "none.txt": b"0 4\n",
        "model.bin": b"\xba\x16\x4f\x2f" + bytes(100),
        "more.txt": b"3 2\na 1 2\nb 1 2\n",
        "lfs.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    }


def test_damaged_files_are_named_in_one_line(text_file):
    for name, content in _damaged_files(text_file).items():
        path = text_file.with_name(name)
        path.write_bytes(content)
        with pytest.raises(ValueError, match=name) as raised:
            WordVectors.load(path)
        assert "expected word vectors in word2vec format" in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_model_of_fasttext_is_named_as_such(tmp_path):
    (tmp_path / "cc.hi.300.bin").write_bytes(b"\xba\x16\x4f\x2f" + bytes(100))
    with pytest.raises(ValueError, match=r"model of fastText: give its \.vec file"):
        WordVectors.load(tmp_path / "cc.hi.300.bin")


def test_trained_vectors_are_the_same_in_every_process(tmp_path):
    script = (
        "import sys; from drl4ser.text import train_word_vectors as train;"
        "train(['the dog barked', 'The cat slept.'] * 50, dimension=8, seed=3).save(sys.argv[1])"
    )
    for name, hash_seed in (("a.bin", "1"), ("b.bin", "2")):
        environment = {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", script, str(tmp_path / name)], check=True, env=environment)
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()
    assert WordVectors.load(tmp_path / "a.bin").lookup(["THE", "dog", "bird"]) != []


def test_words_of_like_company_get_like_vectors():
    texts = ["the red apple pear plum", "a loud drum horn flute"] * 1000
    vectors = train_word_vectors(texts, dimension=16)
    apple, pear, horn = (vectors.embed(word)[0] for word in ("apple", "pear", "horn"))
    assert apple @ pear > apple @ horn


def test_training_on_nothing():
    with pytest.raises(ValueError, match="at least one word"):
        train_word_vectors(["...", ""])
