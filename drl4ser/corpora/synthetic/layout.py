"""The files of the corpus: IEMOCAP's folders and label files, the word spans, and a README."""

import csv
import itertools
from pathlib import Path
from typing import NamedTuple

from drl4ser.corpora.synthetic.plan import Turn

_GAP_S = 0.6
_EVALUATION_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
_LABELS = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}
_EXCITED_STRENGTH = 0.9  # happiness this strong is labelled `exc`, as IEMOCAP splits it
_RATINGS = {"angry": (2.0, 3.5, 3.5), "happy": (4.0, 3.0, 3.0), "neutral": (2.5, 2.5, 2.5), "sad": (2.0, 2.0, 2.0)}
_README = """# Synthetic emotional speech

{num_utterances} English utterances by {num_speakers} speakers in {num_sessions} sessions, in the layout of
IEMOCAP. Made by drl4ser (data_prep.make_synthetic_corpus): generator {generator_version}, seed {seed},
espeak-ng {espeak_version}. No human voice is in it; what a system scores here says nothing about real speech.

Every sentence is a neutral carrier and one phrase. The phrase carries the emotion by its words, by its
prosody (rate, pitch, pitch range, loudness) or by both; some phrases fit several emotions, a few mislead.
Speakers and utterances differ in rate, pitch, level and background noise beyond what emotion explains.

- SessionN/sentences/wav/<dialogue>/<turn>.wav: 16 kHz, 16 bit, mono
- SessionN/dialog/EmoEvaluation/<dialogue>.txt: labels ang, hap, exc, neu, sad; ratings are class averages
- SessionN/dialog/transcriptions/<dialogue>.txt: the words
- spans.csv: beginning and end of every word in its WAV file; `salient` is 1 in the phrase of an emotional
  utterance and 0 elsewhere
"""


class RecordedTurn(NamedTuple):
    """A turn with the length of its recording and the times of its words, in seconds."""

    turn: Turn
    duration_s: float
    word_times: list[tuple[float, float]]


def wav_path(root: Path, turn: Turn) -> Path:
    """Where a turn's recording belongs."""
    return _session_folder(root, turn) / "sentences" / "wav" / turn.dialogue / f"{turn.id}.wav"


def write_dialogues(root: Path, recorded: list[RecordedTurn]) -> None:
    """Writes the label and transcription file of every dialogue; its speakers take turns."""
    for dialogue, items in itertools.groupby(recorded, key=lambda item: item.turn.dialogue):
        in_order = sorted(items, key=lambda item: (item.turn.id[-3:], item.turn.id))
        labels, transcripts, clock_s = [_EVALUATION_HEADER, ""], [], 0.0
        for turn, duration_s, _ in in_order:
            start_s, clock_s = clock_s + _GAP_S, clock_s + _GAP_S + duration_s
            ratings = ", ".join(f"{value:.4f}" for value in _RATINGS[turn.sentence.emotion])
            times = f"[{start_s:.4f} - {clock_s:.4f}]"
            labels += [f"{times}\t{turn.id}\t{_label(turn)}\t[{ratings}]", ""]
            transcripts.append(f"{turn.id} [{start_s:08.4f}-{clock_s:08.4f}]: {turn.sentence.text}")
        folder = _session_folder(root, in_order[0].turn) / "dialog"
        for name, lines in (("EmoEvaluation", labels), ("transcriptions", transcripts)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / f"{dialogue}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_spans(root: Path, recorded: list[RecordedTurn]) -> None:
    """Writes spans.csv, one row a word."""
    with (root / "spans.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["utterance_id", "word_index", "word", "start_s", "end_s", "salient"])
        for turn, _, word_times in recorded:
            sentence = turn.sentence
            for index, (word, (start_s, end_s)) in enumerate(zip(sentence.words, word_times, strict=True)):
                in_phrase = sentence.phrase_start <= index < sentence.phrase_end
                salient = int(in_phrase and sentence.emotion != "neutral")
                writer.writerow([turn.id, index, word.strip(".,"), f"{start_s:.4f}", f"{end_s:.4f}", salient])


def write_readme(root: Path, settings: dict, espeak_version: str) -> None:
    """Writes README.md: what this is and how it was made."""
    text = _README.format(**settings, num_speakers=10, num_sessions=5, espeak_version=espeak_version)
    (root / "README.md").write_text(text, encoding="utf-8")


def _session_folder(root: Path, turn: Turn) -> Path:
    return root / f"Session{turn.speaker.session}"


def _label(turn: Turn) -> str:
    if turn.sentence.emotion == "happy" and turn.delivery.strength > _EXCITED_STRENGTH:
        return "exc"
    return _LABELS[turn.sentence.emotion]
