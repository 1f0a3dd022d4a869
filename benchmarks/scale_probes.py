"""What `benchmarks.scale` measures, each in a process of its own: `python -m benchmarks.scale_probes NAME ARGUMENT`."""

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.operations import count_training_step
from benchmarks.process_memory import read_peak_mb, read_resident_mb
from drl4ser.config import FrameConfig, make_experiment
from drl4ser.console import import_tensorflow
from drl4ser.corpora import make_folds, read_corpus
from drl4ser.data.store import LABELS, open_store, read_shard_contents, write_json

RID_CLASSES = {"angry": 82_952, "happy": 67_499, "neutral": 61_629, "sad": 82_125, "surprise": 63_819}
"""Utterances of the paper's second corpus; 358,024 in all."""
_FILES_A_FOLDER = 1000
_STEPS = 2
_EXTRACTED = 60


def write_rid_manifest(folder: Path) -> Path:
    """A manifest as long as RID's, with empty files in place of its recordings."""
    emotions = [emotion for emotion, count in RID_CLASSES.items() for _ in range(count)]
    rows = []
    for number, emotion in enumerate(emotions):
        name = f"{number // _FILES_A_FOLDER:03d}/{number:06d}.wav"
        if number % _FILES_A_FOLDER == 0:
            (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
        rows.append((name, emotion, f"speaker{number % 997}", "", "what they said, in so many words"))
    path = folder / "rid.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "emotion", "speaker", "session", "text"), *rows])
    return path


def repeat_store(source: Path, target: Path, times: int) -> Path:
    """A store with every record of `source` under `times` names."""
    tf = import_tensorflow()
    from drl4ser.data.records import write_tfrecords

    target.mkdir()
    plan, names = json.loads((source / "plan.json").read_text(encoding="utf-8")), []
    for copy in range(times):
        for shard in open_store(source).shards:
            side, serialized, rows = read_shard_contents(shard.with_suffix(".json")), [], []
            for utterance, record in zip(side.utterances, tf.data.TFRecordDataset(str(shard)), strict=True):
                example, name = tf.train.Example.FromString(record.numpy()), f"{copy:03d}-{utterance.id}"
                example.features.feature["id"].bytes_list.value[:] = [name.encode()]
                serialized.append(example.SerializeToString(deterministic=True))
                row = {label: getattr(utterance, label) for label in LABELS}
                frames = side.num_frames[utterance.id]
                rows.append({**row, "id": name, "path": name, "num_frames": frames, "digest": name})
            names.append(f"shard-{len(names):05d}")
            sha256 = write_tfrecords(target / f"{names[-1]}.tfrecord", serialized)
            write_json(target / f"{names[-1]}.json", {"sha256": sha256, "utterances": rows, "problems": []})
    plan.pop("seal", None)
    write_json(target / "plan.json", plan)
    write_json(target / "index.json", {**plan, "shards": names})
    return target


def probe_manifest(path: str) -> dict:
    """Read, check and split."""
    utterances = read_corpus("manifest", path, "all")
    folds = make_folds(utterances)
    if sum(len(fold.test) for fold in folds) != len(utterances):
        raise ValueError("the test parts are not the corpus")
    return {"stage": "manifest read, checked and split", "utterances": len(utterances)}


def probe_extraction(path: str) -> dict:
    """Check and describe up to `_EXTRACTED` recordings of a store in one process, as a worker of extraction does."""
    from drl4ser.data.extraction import describe

    utterances = open_store(Path(path)).utterances[: _EXTRACTED + 1]
    describe(utterances[0], FrameConfig())  # imports and compiles what it needs
    started = time.monotonic(), time.process_time()
    frames = sum(len(describe(utterance, FrameConfig()).llds) for utterance in utterances[1:])
    return {
        "stage": "LLDs",
        "utterances": len(utterances) - 1,
        "hours": hours_of(frames),
        "seconds": time.monotonic() - started[0],
        "processor_seconds": time.process_time() - started[1],
    }


def probe_epoch(path: str) -> dict:
    """Two epochs of training batches, timed is the second, and between them one pass over the validation part."""
    import_tensorflow()
    from drl4ser.data.pipeline import evaluation_batches, fit_normalizer, load_part, training_batches

    store, labels, fold = _fold_of(path)
    normalizer = fit_normalizer(store, fold.train)
    train = make_experiment("paper", "paper").train
    parts = {
        name: load_part(store, {key: labels[key] for key in getattr(fold, name)}, normalizer)
        for name in ("train", "validation")
    }
    resident = {}
    for epoch in (1, 2):
        started = time.monotonic(), time.process_time()
        batches = training_batches(parts["train"], train, 0, [epoch])
        resident[epoch] = [read_resident_mb() for _ in batches]
        spent = time.monotonic() - started[0], time.process_time() - started[1]
        for _ in evaluation_batches(parts["validation"], train.batch_size):
            pass
    return {
        "stage": "epoch",
        "utterances": len(fold.train),
        "hours": hours_of(sum(store.num_frames[name] for name in fold.train)),
        "seconds": spent[0],
        "processor_seconds": spent[1],
        "resident_mb": [int(part.max()) for part in np.array_split(resident[1] + resident[2], 4) if len(part)],
    }


def probe_step(path: str) -> dict:
    """Steps of S3 at the paper's width and batch size, and the pipeline that feeds them, in one process.

    Building and tracing are not counted; the pipeline is that of an epoch without any steps.
    """
    import_tensorflow()
    import keras

    from drl4ser.data.pipeline import evaluation_batches, fit_normalizer, load_part, training_batches
    from drl4ser.models import build_model_from_config
    from drl4ser.training import step

    store, labels, fold = _fold_of(path)
    config = make_experiment("paper", "paper")
    part = load_part(store, {key: labels[key] for key in fold.train}, fit_normalizer(store, fold.train))
    list(training_batches(part, config.train, 0, [1]))
    started = time.process_time()
    batches = list(training_batches(part, config.train, 0, [2]))
    pipeline = time.process_time() - started
    model = build_model_from_config(config.model)
    optimizer = step.make_optimizer(config.train, 100)
    optimizer.build(model.trainable_variables)
    inputs, targets, _ = evaluation_batches(part, config.train.batch_size).element_spec
    weights = keras.ops.ones(config.model.num_classes)
    train_step = step.make_train_step(model, optimizer, config.train, weights, [], (inputs, targets))
    train_step(*batches[0][:2])
    started = time.monotonic(), time.process_time()
    for inputs, targets, _ in batches[1 : _STEPS + 1]:
        train_step(inputs, targets)
    seconds, processor = time.monotonic() - started[0], time.process_time() - started[1]
    lengths = [int(frames) for inputs, _, _ in batches[1 : _STEPS + 1] for frames in inputs["num_frames"]]
    return {
        "stage": "steps of S3",
        "utterances": len(lengths),
        "hours": hours_of(sum(lengths)),
        "seconds": seconds,
        "processor_seconds": processor,
        "multiply_adds": count_training_step(config.model, lengths),
        "pipeline_processor_seconds": pipeline,
        "pipeline_hours": hours_of(sum(store.num_frames[name] for name in fold.train)),
    }


def hours_of(frames: int) -> float:
    """Hours of speech that so many frames are."""
    return frames * FrameConfig().hop_ms / 3.6e6


def _fold_of(path: str):
    store = open_store(Path(path))
    numbers = {name: number for number, name in enumerate(sorted({item.emotion for item in store.utterances}))}
    return (store, {item.id: numbers[item.emotion] for item in store.utterances}, make_folds(store.utterances)[0])


PROBES: dict[str, Callable[[str], dict]] = {
    "extraction": probe_extraction,
    "manifest": probe_manifest,
    "epoch": probe_epoch,
    "step": probe_step,
}


def main() -> None:
    """Run one probe and print what it measured as JSON."""
    started = time.monotonic()
    row = PROBES[sys.argv[1]](sys.argv[2])
    row.setdefault("seconds", time.monotonic() - started)
    row.setdefault("processor_seconds", time.process_time())
    print(json.dumps({**row, "peak_mb": int(read_peak_mb())}))


if __name__ == "__main__":
    main()
