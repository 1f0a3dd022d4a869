"""The test part of a finished run, predicted again with probabilities: errors, calibration, an example."""

import dataclasses
from pathlib import Path

import numpy as np

from drl4ser.corpora import Utterance
from drl4ser.data.store import open_store
from drl4ser.inference.predictor import Predictor
from drl4ser.reporting.fold_result import FoldResult, read_fold_result
from drl4ser.runs.paths import RESULT_FILE
from drl4ser.runs.run import has_test_part


@dataclasses.dataclass(frozen=True)
class PredictedPart:
    """Probabilities of a run for the utterances that it was tested on.

    Attributes:
        record: of the run.
        utterances: its test part, in the record's order.
        probabilities: of the classes, float64 [N, C].
    """

    record: FoldResult
    utterances: list[Utterance]
    probabilities: np.ndarray

    @property
    def errors(self) -> list[tuple[Utterance, str, float]]:
        """(utterance, predicted class, its probability) of the wrong predictions, the most confident first."""
        found = [
            (utterance, self.record.classes[row.argmax()], float(row.max()))
            for utterance, row in zip(self.utterances, self.probabilities, strict=True)
            if self.record.classes[row.argmax()] != utterance.emotion
        ]
        return sorted(found, key=lambda error: -error[2])


def predict_test_part(run: Path | str, records_dir: Path | str) -> PredictedPart:
    """Predict the recordings of a run's test part.

    Args:
        run: directory of a finished fold.
        records_dir: LLD records of its corpus, which hold the paths of the recordings.

    Raises:
        ValueError: if the run or the records cannot be used, or a recording has been moved.
    """
    record, utterances = find_test_part(run, records_dir)
    predictor = Predictor(run)
    rows = [predictor.predict(item.path, item.text).probabilities for item in utterances]
    return PredictedPart(record, utterances, np.stack(rows))


def find_test_part(run: Path | str, records_dir: Path | str) -> tuple[FoldResult, list[Utterance]]:
    """Find the result of a run and the utterances that it was tested on, in the result's order.

    Raises:
        ValueError: if the run or the records cannot be used, do not belong together, or the run has no test part.
    """
    record = read_fold_result(Path(run) / RESULT_FILE)
    if not has_test_part(record):
        raise ValueError(f"{run} has no test part: it was trained on all speakers but those of validation")
    by_id = {utterance.id: utterance for utterance in open_store(Path(records_dir)).utterances}
    missing = [name for name in record.utterances if name not in by_id]
    if missing:
        raise ValueError(f"{records_dir} does not hold {missing[0]}, on which {run} was tested")
    return record, [by_id[name] for name in record.utterances]


def choose_example(record: FoldResult) -> str:
    """Choose the first test utterance that is recognised, an angry one as in the paper if there is one."""
    right = [
        (record.classes[label] != "angry", name)
        for name, label, found in zip(record.utterances, record.labels, record.predictions, strict=True)
        if label == found
    ]
    return min(right)[1] if right else record.utterances[0]
