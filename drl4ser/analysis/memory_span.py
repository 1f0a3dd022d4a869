"""How far back does a recurrent system remember? The gradient of its answer, step by step of what it reads.

By Eq. (11) a step that is fully informative (r = 1) erases the cell state before it, and Eq. (10) makes the highest r
of every utterance 1. What a step still means for the answer is the size of the answer's gradient with respect to it.
"""

import dataclasses
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from drl4ser.analysis.saliency import build_untrained
from drl4ser.data.pipeline import load_part
from drl4ser.data.store import RecordStore
from drl4ser.files import atomic_write_text
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.notes import describe_experiment
from drl4ser.reporting.paper_values import SYSTEM_NAMES
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import TextTable, markdown_list
from drl4ser.runs.run import load_run

VALUES_FILE, TABLE_FILE = "memory-span.json", "memory-span.md"
READERS = ("gca_lstm", "stacked_lstm")
"""Layers that read the features step by step and whose last state the classifier gets."""
LAST = (1, 2, 5)
"""How many steps at the end of an utterance the table counts."""


class StepGradients:
    """The size of a logit's gradient with respect to each step that the recurrent layer reads.

    Args:
        model: as `build_model` makes it, with acoustic input alone and a layer of `READERS`.

    Raises:
        ValueError: if the model has no such layer, or more than it goes into its classifier.

    Example:
        >>> from drl4ser.models import build_model
        >>> gradients = StepGradients(build_model("s3", width=0.05))
        >>> gradients(np.zeros((640, 17), np.float32)).shape  # 3.2 s, steps of 160 ms
        (20,)
    """

    def __init__(self, model: keras.Model):
        layers = [layer for layer in model.layers if layer.name in READERS]
        if len(layers) != 1 or model.get_layer("classifier_dropout_1").input is not layers[0].output:
            raise ValueError(
                f"system {model.name!r} does not classify what one recurrent layer makes of the audio; choose s1, s2, "
                "s3, gca_40ms, gca_skip or gca_softmax, with acoustic input"
            )
        self._read = layers[0]
        self._trunk = keras.Model(model.inputs, tf.nest.flatten(self._read.input)[0])
        self._classify = keras.Model(self._read.output, model.output)
        self._run = tf.function(self._differentiate, reduce_retracing=True)

    def __call__(self, llds: np.ndarray) -> np.ndarray:
        """Compute the Euclidean norm of the predicted class's gradient with respect to each step.

        Args:
            llds: as the model takes them, float32 [T, 17], without padding.

        Returns:
            float64 [N], one for each step of the features.
        """
        frames = tf.constant(llds[np.newaxis])
        return self._run(frames, tf.constant([len(llds)])).numpy()[0].astype(np.float64)

    def _differentiate(self, llds, num_frames):
        features = self._trunk([llds, num_frames], training=False)
        with tf.GradientTape() as tape:
            tape.watch(features)
            real = tf.ones(tf.shape(features)[:2], tf.bool)
            logits = self._classify(self._read(features, mask=real, training=False), training=False)
            answer = tf.reduce_max(logits, axis=-1)
        return tf.norm(tf.cast(tape.gradient(answer, features), tf.float32), axis=-1)


def share_of_last(gradients: np.ndarray, count: int) -> float:
    """What share of the sizes of all steps the last `count` have, in [0, 1].

    Example:
        >>> share_of_last(np.array([1.0, 0.0, 3.0]), 1)
        0.75
    """
    return float(gradients[-count:].sum() / gradients.sum())


def measure_run(directory: Path, store: RecordStore) -> list[dict[str, Any]]:
    """Measure the test part of a finished fold, with its weights and with those that its training started from.

    Args:
        directory: of the run, of a system that `StepGradients` takes.
        store: the records of its corpus.

    Returns:
        For each utterance "steps", and "trained" and "untrained": shares of the last steps, in the order of `LAST`.
        Utterances of whose answer a network has no gradient at all are left out.
    """
    run = load_run(directory)
    labels = dict(zip(run.result.utterances, run.result.labels, strict=True))
    part = load_part(store, labels, run.normalizer)
    networks = {"trained": StepGradients(run.model), "untrained": StepGradients(build_untrained(run.config))}
    rows = []
    for element, _ in part.dataset.as_numpy_iterator():
        sizes = {name: network(element["llds"]) for name, network in networks.items()}
        if all(values.sum() > 0 for values in sizes.values()):
            shares = {name: [share_of_last(values, count) for count in LAST] for name, values in sizes.items()}
            rows.append({"steps": len(sizes["trained"]), **shares})
    return rows


@dataclasses.dataclass(frozen=True)
class SystemSpan:
    """What `measure_run` found in each finished fold of a system."""

    system: str
    folds: list[list[dict[str, Any]]]


def write_memory_span(spans: Sequence[SystemSpan], results: Sequence[FoldResult], results_dir: Path) -> Path:
    """Write `memory-span.json` and `.md` to `<results_dir>/memory-span/<experiment>/`.

    Returns:
        The directory.
    """
    directory = results_dir / "memory-span" / results[0].experiment
    values = {
        "systems": [dataclasses.asdict(span) for span in spans],
        "notes": describe_experiment(collect_facts(results)),
    }
    atomic_write_text(directory / VALUES_FILE, json.dumps(values) + "\n")
    atomic_write_text(directory / TABLE_FILE, render_memory_span(directory))
    return directory


def render_memory_span(directory: Path) -> str:
    """The table in Markdown, from `memory-span.json` in `directory`."""
    values = json.loads((directory / VALUES_FILE).read_text(encoding="utf-8"))
    header = ["System", "Folds", "Utterances", "Steps"]
    header += [f"Last {count}, %" for count in LAST]
    header += [f"Untrained, last {count}, %" for count in LAST] + [f"Even, last {LAST[-1]}, %"]
    cells = []
    for span in values["systems"]:
        rows = list(itertools.chain.from_iterable(span["folds"]))
        means = [np.mean([row[kind] for row in rows], axis=0) for kind in ("trained", "untrained")]
        even = np.mean([min(1.0, LAST[-1] / row["steps"]) for row in rows])
        numbers = [f"{100 * share:.0f}" for share in (*means[0], *means[1], even)]
        steps = f"{np.mean([row['steps'] for row in rows]):.1f}"
        cells.append([SYSTEM_NAMES[span["system"]], str(len(span["folds"])), f"{len(rows):,}", steps, *numbers])
    notes = [
        "Shares of the last steps in the gradient of the predicted class's logit with respect to what the recurrent "
        "layer reads (norm of each step; means over test utterances). Untrained: the weights that training started "
        "from. Even: if all steps counted alike.",
        *values["notes"],
    ]
    return "\n".join([TextTable(header, cells, num_names=1).to_markdown(), markdown_list(notes)])
