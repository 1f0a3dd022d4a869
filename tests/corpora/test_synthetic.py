import collections
import csv
import hashlib
import json
import math

import numpy as np
import pytest
import soundfile

from drl4ser.corpora import CorpusError, read_corpus
from drl4ser.corpora.synthetic import EMOTIONS, SPEAKERS, make_paragraphs, write_corpus
from drl4ser.corpora.synthetic.sentences import MAX_WORDS, PHRASES, SHARED, make_sentence
from drl4ser.corpora.synthetic.turns import EFFECTS, Effect, mark_up, plan_turns

SIZE = 120


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "synthetic"
    assert write_corpus(path, SIZE, seed=5, num_workers=2, progress=False)
    return path


@pytest.fixture(scope="module")
def spans(root):
    rows = collections.defaultdict(list)
    with (root / "spans.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            row["start_s"], row["end_s"] = float(row["start_s"]), float(row["end_s"])
            rows[row["utterance_id"]].append(row)
    return rows


def _digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _level_db(signal):
    return 10 * math.log10(np.mean(signal**2) + 1e-12)


def test_same_seed_same_bytes_whatever_the_number_of_workers(root, tmp_path):
    write_corpus(tmp_path / "again", SIZE, seed=5, num_workers=1, progress=False)
    assert _digests(tmp_path / "again") == _digests(root)


def test_read_as_iemocap(root):
    utterances = read_corpus("synthetic", root)
    assert len(utterances) == SIZE
    assert len({utterance.speaker for utterance in utterances}) == 10
    assert len({utterance.session for utterance in utterances}) == 5
    assert collections.Counter(item.emotion for item in utterances) == dict.fromkeys(EMOTIONS, SIZE // 4)
    assert len({utterance.text for utterance in utterances}) == SIZE
    planned = {turn.id: turn for turns in plan_turns(SIZE, 5).values() for turn in turns}
    for utterance in utterances:
        info = soundfile.info(utterance.path)
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert 1.5 < info.duration < 8.0
        assert utterance.text == planned[utterance.id].sentence.text
        assert utterance.emotion == planned[utterance.id].sentence.emotion
        assert utterance.end_seconds - utterance.start_seconds == pytest.approx(info.duration, abs=1e-3)


def test_spans_are_the_words_in_order(root, spans):
    for utterance in read_corpus("synthetic", root):
        rows = spans[utterance.id]
        words = [word.strip(".,") for word in utterance.text.split()]
        assert [row["word"] for row in rows] == words
        assert [int(row["word_index"]) for row in rows] == list(range(len(words)))
        bounds = [bound for row in rows for bound in (row["start_s"], row["end_s"])]
        assert bounds == sorted(bounds)
        assert all(row["end_s"] > row["start_s"] for row in rows)
        assert bounds[-1] <= soundfile.info(utterance.path).duration
        salient = [int(row["salient"]) for row in rows]
        assert any(salient) == (utterance.emotion != "neutral")
        assert sum(salient) < len(rows)


def test_spans_cover_the_speech(root, spans):
    for utterance in read_corpus("synthetic", root):
        signal, rate = soundfile.read(utterance.path)
        rows = spans[utterance.id]
        silence = signal[: int(rows[0]["start_s"] * rate)]
        speech = signal[int(rows[0]["start_s"] * rate) : int(rows[-1]["end_s"] * rate)]
        assert _level_db(speech) > _level_db(silence) + 15


def test_prosody_differs_on_the_salient_words(root, spans):
    louder, slower = collections.defaultdict(list), collections.defaultdict(list)
    for utterance in read_corpus("synthetic", root):
        signal, rate = soundfile.read(utterance.path)
        levels, letters_s = collections.defaultdict(list), collections.defaultdict(list)
        for row in spans[utterance.id]:
            part = signal[int(row["start_s"] * rate) : int(row["end_s"] * rate)]
            levels[row["salient"]].append(_level_db(part))
            letters_s[row["salient"]].append((row["end_s"] - row["start_s"]) / len(row["word"]))
        if utterance.emotion != "neutral":
            louder[utterance.emotion].append(np.mean(levels["1"]) - np.mean(levels["0"]))
            slower[utterance.emotion].append(np.mean(letters_s["1"]) / np.mean(letters_s["0"]))
    loudness = {emotion: np.mean(values) for emotion, values in louder.items()}
    assert loudness["angry"] > loudness["happy"] + 2 > loudness["sad"] + 4
    assert np.mean(slower["sad"]) > 1.2 * np.mean(slower["angry"])


def test_prosody_is_in_the_whole_sentence_too(root, spans):
    quiet, slow = collections.defaultdict(list), collections.defaultdict(list)
    for utterance in read_corpus("synthetic", root):
        signal, rate = soundfile.read(utterance.path)
        rows = [row for row in spans[utterance.id] if row["salient"] == "0"]
        if utterance.emotion in ("angry", "sad"):
            parts = [signal[int(row["start_s"] * rate) : int(row["end_s"] * rate)] for row in rows]
            quiet[utterance.emotion].append(_level_db(np.concatenate(parts)))
            slow[utterance.emotion].append(
                sum(row["end_s"] - row["start_s"] for row in rows) / sum(len(row["word"]) for row in rows)
            )
    assert np.mean(quiet["angry"]) > np.mean(quiet["sad"]) + 4
    assert np.mean(slow["sad"]) > 1.15 * np.mean(slow["angry"])


def test_words_tell_the_emotion_only_partly():
    rng = np.random.default_rng(0)
    sentences = [make_sentence(emotion, rng) for emotion in EMOTIONS for _ in range(300)]
    phrase_of = [" ".join(s.words[s.phrase_start : s.phrase_end]).strip(".,").lower() for s in sentences]
    own = {emotion: {phrase.lower() for phrase in PHRASES[emotion]} for emotion in EMOTIONS}
    told = np.mean([phrase in own[s.emotion] for phrase, s in zip(phrase_of, sentences, strict=True)])
    assert 0.4 < told < 0.55
    assert max(len(sentence.words) for sentence in sentences) <= MAX_WORDS
    assert len({word.strip(".,").lower() for sentence in sentences for word in sentence.words}) > 350


def test_shared_phrases_name_emotions():
    for pair, options in SHARED.items():
        assert set(pair) <= set(EMOTIONS)
        assert len(set(options)) == len(options)


def test_mark_up_keeps_the_words_at_their_positions():
    sentence = make_sentence("happy", np.random.default_rng(1))
    ssml, positions = mark_up(sentence, EFFECTS["happy"])
    for word, position in zip(sentence.words, positions, strict=True):
        assert ssml.startswith(word, position)
    assert ssml.count("<prosody") == ssml.count("</prosody>")
    plain, _ = mark_up(sentence, Effect(0.0, 0.0, 0.0, 0.0))
    assert 'rate="100%" pitch="100%" volume="100%"' in plain


def test_classes_are_balanced_within_speakers():
    for turns in plan_turns(400, 0).values():
        assert collections.Counter(turn.sentence.emotion for turn in turns) == dict.fromkeys(EMOTIONS, 10)
    assert len({speaker.voice for speaker in SPEAKERS}) == len(SPEAKERS) == 10


def test_paragraphs_depend_on_the_seed_only():
    assert make_paragraphs(10, seed=1) == make_paragraphs(10, seed=1) != make_paragraphs(10, seed=2)
    assert [text.count(".") for text in make_paragraphs(10, seed=1)] == [4, 4, 2]


def test_existing_corpus_is_left_alone(root):
    before = _digests(root)
    assert not write_corpus(root, SIZE, seed=5, progress=False)
    assert _digests(root) == before


def test_existing_corpus_of_other_settings(root):
    with pytest.raises(CorpusError, match=r"'seed': 5.*not.*'seed': 6.*delete it or choose another"):
        write_corpus(root, SIZE, seed=6, progress=False)


def test_foreign_folder(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CorpusError, match=r"is not a synthetic corpus .*move it away or choose another"):
        write_corpus(tmp_path, SIZE, progress=False)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_left_over_of_a_killed_run_is_replaced(tmp_path):
    left_over = tmp_path / "synthetic.part" / "Session1" / "half.wav"
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"RIFF")
    root = tmp_path / "synthetic"
    root.mkdir()
    assert write_corpus(root, 40, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["synthetic"]
    assert not (root / "Session1" / "half.wav").exists()
    assert json.loads((root / "settings.json").read_text())["num_utterances"] == 40


def test_too_few_utterances(tmp_path):
    with pytest.raises(ValueError, match=r"at least 40.*num_utterances=39"):
        write_corpus(tmp_path / "synthetic", 39)
    assert list(tmp_path.iterdir()) == []
