"""Speaks the planned turns in parallel processes and writes them in IEMOCAP's own layout."""

import json
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import soundfile
from tqdm import tqdm

from drl4ser.corpora.synthetic import layout
from drl4ser.corpora.synthetic.espeak import espeak_version
from drl4ser.corpora.synthetic.plan import Turn, plan_turns
from drl4ser.corpora.synthetic.speech import SAMPLE_RATE, record
from drl4ser.corpora.utterance import CorpusError

GENERATOR_VERSION = 1
SETTINGS_FILE = "settings.json"


def write_corpus(
    root: Path, num_utterances: int = 600, seed: int = 0, num_workers: int = 2, *, progress: bool = True
) -> bool:
    """Makes the synthetic corpus. The same arguments give the same bytes, whatever `num_workers`.

    It is made beside its place and moved there when it is complete: a killed run leaves only `<root>.part`,
    which the next run replaces.

    Args:
        root: folder of the corpus; it must not exist yet, be empty, or hold this very corpus.
        num_utterances: at least 40.
        seed: of every random choice.
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
        layout.write_dialogues(part, recorded)
        layout.write_spans(part, recorded)
        layout.write_readme(part, settings, version)
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


def _record_all(root: Path, plan: dict, num_workers: int, progress: bool) -> list[layout.RecordedTurn]:
    """All turns recorded, sorted by id.

    One task is one speaker in a fresh process: espeak's state depends on all that the process said before.
    """
    executor = ProcessPoolExecutor(num_workers, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    recorded = []
    bar = tqdm(total=sum(map(len, plan.values())), unit="utt", desc="speaking", disable=not progress)
    with bar, executor:
        for turns in executor.map(_record_turns, [root] * len(plan), plan.values()):
            recorded += turns
            bar.update(len(turns))
    return sorted(recorded, key=lambda item: item.turn.id)


def _record_turns(root: Path, turns: list[Turn]) -> list[layout.RecordedTurn]:
    """Worker: speaks one speaker's turns and writes their WAV files."""
    recorded = []
    for turn in turns:
        recording = record(turn.sentence, turn.delivery, turn.speaker)
        path = layout.wav_path(root, turn)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, recording.samples, SAMPLE_RATE, subtype="PCM_16")
        duration_s = len(recording.samples) / SAMPLE_RATE
        recorded.append(layout.RecordedTurn(turn, duration_s, recording.word_times))
    return recorded
