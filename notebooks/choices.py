"""What the notebooks look at: what variables name, what `make reproduce-figure5` made, or what comes with drl4ser."""

import os
import tempfile
from pathlib import Path

from drl4ser.corpora import Utterance
from drl4ser.corpora.synthetic.espeak import speak_example
from drl4ser.data.store import INDEX_FILE, open_store
from drl4ser.runs.paths import RESULT_FILE

OWN_RUN = "runs/synthetic-quick-tuned-random/s3-acoustic/fold-00-seed-0"
OWN_RECORDS = "data/records/synthetic"
TRAINED_SYSTEM = "ravdess-s3-small"


def choose_run() -> str:
    """DRL4SER_RUN, else the run of `make reproduce-figure5`, else a trained system that comes with the package."""
    own = OWN_RUN if Path(OWN_RUN, RESULT_FILE).exists() else TRAINED_SYSTEM
    return os.environ.get("DRL4SER_RUN", own)


def choose_records() -> Path:
    """DRL4SER_RECORDS, else where the records of the default corpus lie."""
    return Path(os.environ.get("DRL4SER_RECORDS", OWN_RECORDS))


def choose_utterances(tested=None) -> list[Utterance]:
    """The recording DRL4SER_AUDIO, else those of the records, else a sentence that espeak-ng speaks.

    Args:
        tested: ids of utterances; no others of the records are taken. None: all are.
    """
    if audio := os.environ.get("DRL4SER_AUDIO"):
        return [Utterance(Path(audio).name, Path(audio), "recording")]
    records = choose_records()
    utterances = open_store(records).utterances if (records / INDEX_FILE).exists() else []
    utterances = [utterance for utterance in utterances if tested is None or utterance.id in tested]
    if not utterances:
        path, words = speak_example(Path(tempfile.mkdtemp(prefix="drl4ser-example-")))
        utterances = [Utterance("example", path, "recording", text=words)]
    return utterances
