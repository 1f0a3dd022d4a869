"""The corpus on disk: turns spoken in parallel processes and written in the layout of IEMOCAP."""

import csv
import itertools
import json
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import soundfile
from tqdm import tqdm

from drl4ser.corpora.synthetic.espeak import SAMPLE_RATE, espeak_version, record
from drl4ser.corpora.synthetic.turns import Turn, plan_turns
from drl4ser.corpora.utterance import CorpusError

GENERATOR_VERSION = 3
SETTINGS_FILE = "settings.json"
_GAP_S = 0.6
_EVALUATION_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
_LABELS = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}
_EXCITED_STRENGTH = 0.9  # happiness this strong is labelled `exc`, as IEMOCAP splits it
_RATINGS = {"angry": (2.0, 3.5, 3.5), "happy": (4.0, 3.0, 3.0), "neutral": (2.5, 2.5, 2.5), "sad": (2.0, 2.0, 2.0)}
_README = """# Synthetic emotional speech

{num_utterances} English utterances by {num_speakers} speakers in {num_sessions} sessions, in the layout of
IEMOCAP. Made by drl4ser (data_prep.make_synthetic_corpus): generator {generator_version}, seed {seed},
espeak-ng {espeak_version}. No human voice is in it; what a system scores here says nothing about real speech.

Every sentence is a neutral carrier and one phrase. The prosody of the emotion (rate, pitch, pitch range,
loudness) is in the whole sentence and more than twice as strong in the phrase. About half of the phrases name
the emotion, and three in ten of these leave it to the words: the voice has little of it or none. The other phrases
fit several emotions, and a few mislead. Speakers and utterances differ in rate, pitch, level and background noise
beyond what emotion explains.

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


def write_corpus(
    root: Path, num_utterances: int = 2400, seed: int = 0, num_workers: int = 2, *, progress: bool = True
) -> bool:
    """Make the synthetic corpus. The same arguments give the same bytes, whatever `num_workers`.

    It is written to `<root>.part` and moved when complete; the next run replaces what a killed run left there.

    Args:
        root: folder of the corpus; it must not exist yet, be empty, or hold this very corpus.
        num_utterances: at least 40.
        seed: seed of every random choice.
        num_workers: parallel processes.
        progress: whether to show a progress bar.

    Returns:
        Whether anything was made; False if `root` already holds this corpus.

    Raises:
        CorpusError: if `root` holds something else, or espeak-ng is not installed.
        ValueError: if `num_utterances` is too small.
    """
    root = Path(root)
    settings = {"generator_version": GENERATOR_VERSION, "num_utterances": num_utterances, "seed": seed}
    if _is_complete(root, settings):
        return False
    plan = plan_turns(num_utterances, seed)
    version = espeak_version()
    part = root.with_name(f"{root.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        recorded = _record_all(part, plan, num_workers, progress)
        _write_dialogues(part, recorded)
        _write_spans(part, recorded)
        readme = _README.format(**settings, num_speakers=10, num_sessions=5, espeak_version=version)
        (part / "README.md").write_text(readme, encoding="utf-8")
        (part / SETTINGS_FILE).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        if root.exists():
            root.rmdir()
        part.replace(root)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def _is_complete(root: Path, settings: dict) -> bool:
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    try:
        found = json.loads((root / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CorpusError(
            f"{root} exists and is not a synthetic corpus (it has no {SETTINGS_FILE}); "
            "move it away or choose another output folder"
        ) from None
    if found != settings:
        raise CorpusError(
            f"{root} holds a synthetic corpus made with {found}, not {settings}; "
            "delete it or choose another output folder"
        )
    return True


def _record_all(root: Path, plan: dict, num_workers: int, progress: bool) -> list[RecordedTurn]:
    """Record all turns, sorted by id: a fresh process per speaker, since espeak's state depends on earlier speech."""
    executor = ProcessPoolExecutor(num_workers, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    recorded = []
    bar = tqdm(total=sum(map(len, plan.values())), unit="utt", desc="speaking", disable=not progress)
    with bar, executor:
        for turns in executor.map(_record_turns, [root] * len(plan), plan.values()):
            recorded += turns
            bar.update(len(turns))
    return sorted(recorded, key=lambda item: item.turn.id)


def _record_turns(root: Path, turns: list[Turn]) -> list[RecordedTurn]:
    """Speak one speaker's turns and write their WAV files (in a worker)."""
    recorded = []
    for turn in turns:
        recording = record(turn.sentence, turn.delivery, turn.speaker)
        path = _session_folder(root, turn) / "sentences" / "wav" / turn.dialogue / f"{turn.id}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, recording.samples, SAMPLE_RATE, subtype="PCM_16")
        duration_s = len(recording.samples) / SAMPLE_RATE
        recorded.append(RecordedTurn(turn, duration_s, recording.word_times))
    return recorded


def _write_dialogues(root: Path, recorded: list[RecordedTurn]) -> None:
    """Write the label and transcription file of every dialogue; its speakers take turns."""
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


def _write_spans(root: Path, recorded: list[RecordedTurn]) -> None:
    """Write spans.csv, one row per word."""
    with (root / "spans.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["utterance_id", "word_index", "word", "start_s", "end_s", "salient"])
        for turn, _, word_times in recorded:
            sentence = turn.sentence
            for index, (word, (start_s, end_s)) in enumerate(zip(sentence.words, word_times, strict=True)):
                in_phrase = sentence.phrase_start <= index < sentence.phrase_end
                salient = int(in_phrase and sentence.emotion != "neutral")
                writer.writerow([turn.id, index, word.strip(".,"), f"{start_s:.4f}", f"{end_s:.4f}", salient])


def _session_folder(root: Path, turn: Turn) -> Path:
    return root / f"Session{turn.speaker.session}"


def _label(turn: Turn) -> str:
    if turn.sentence.emotion == "happy" and turn.delivery.strength > _EXCITED_STRENGTH:
        return "exc"
    return _LABELS[turn.sentence.emotion]
