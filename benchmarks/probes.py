"""What is measured in a process of its own: `python -m benchmarks.probes NAME ARGUMENT...` prints a line of JSON.

Each prints what it returns, with the seconds of the wall clock and of the processor and the peak of memory in MB of
2^20 bytes. Modules are imported by the probe that needs them: imports count.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_STEPS = 2
_EXTRACTED = 60


def run_probe(name: str, *arguments, **environment: str) -> dict:
    """Run a probe in a process of its own.

    Args:
        name: of a function `probe_<name>` of this module.
        *arguments: of the function, as text.
        **environment: variables on top of this process's.

    Returns:
        What it printed.

    Raises:
        ValueError: if that process fails; its last line is quoted.
    """
    command = [sys.executable, "-m", "benchmarks.probes", name, *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"probe {' '.join(command[3:])} ended with exit code {done.returncode}: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def probe_llds(path: str) -> dict:
    """Import our front end, read a file and extract its LLDs."""
    from drl4ser.features import extract_llds, load_audio

    return {"num_frames": len(extract_llds(*load_audio(path)))}


def probe_training(side: str, num_epochs: str) -> dict:
    """Train S3 and note the resident memory after every epoch; both sides ("ours", "torch") get the same lengths."""
    import gc

    import numpy as np

    lengths = np.random.default_rng(0).integers(200, 1201, 136)
    train_epoch = (_train_ours if side == "ours" else _train_torch)(lengths, int(num_epochs), batch=128)
    resident = []
    for number in range(1, int(num_epochs) + 1):
        train_epoch(number)
        gc.collect()
        resident.append(read_resident_mb())
    return {"resident_mb": resident}


def _train_ours(lengths, num_epochs, batch):
    import itertools

    from benchmarks.workloads import make_our_step, make_part
    from drl4ser.config import TrainConfig
    from drl4ser.data.pipeline import training_batches
    from drl4ser.models import build_model

    train = TrainConfig(batch_size=batch)
    step, part = make_our_step(build_model("s3")), make_part(lengths)
    batches = iter(training_batches(part, train, seed=0, epochs=range(1, num_epochs + 1)))
    num_batches = part.num_batches(batch)
    return lambda _: [float(step(*batch[:2])[0]) for batch in itertools.islice(batches, num_batches)]


def _train_torch(lengths, num_epochs, batch):
    import numpy as np
    import torch

    from benchmarks.peers.torch_models import S3, make_train_step

    torch.manual_seed(0)
    step = make_train_step(S3())
    utterances = [torch.randn(int(n), 17) for n in lengths]

    def epoch(number):
        order = np.random.default_rng(number).permutation(len(lengths))
        for first in range(0, len(lengths), batch):
            chosen = [utterances[index] for index in order[first : first + batch]]
            llds = torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True)
            step(llds, torch.tensor([len(x) for x in chosen]), torch.arange(len(chosen)) % 4)

    return epoch


def probe_manifest(path: str) -> dict:
    """Read a manifest, check it and split it into folds."""
    from drl4ser.corpora import make_folds, read_corpus

    utterances = read_corpus("manifest", path, "all")
    if sum(len(fold.test) for fold in make_folds(utterances)) != len(utterances):
        raise ValueError("the test parts are not the corpus")
    return {"stage": "manifest read, checked and split", "utterances": len(utterances)}


def probe_extraction(path: str) -> dict:
    """Check and describe recordings of a store in one process, as a worker of extraction does."""
    from drl4ser.config import FrameConfig
    from drl4ser.data.extraction import describe
    from drl4ser.data.store import open_store

    utterances = open_store(Path(path)).utterances[: _EXTRACTED + 1]
    describe(utterances[0], FrameConfig())  # imports and compiles what it needs
    watch = _start_watch()
    frames = sum(len(describe(utterance, FrameConfig()).llds) for utterance in utterances[1:])
    return {"stage": "LLDs", "utterances": len(utterances) - 1, "hours": count_hours(frames), **watch()}


def probe_epoch(path: str) -> dict:
    """Make two epochs of training batches, timing the second, and between them a pass over the validation part."""
    import numpy as np

    from drl4ser.config import make_experiment
    from drl4ser.data.pipeline import evaluation_batches, training_batches

    store, fold, load = _open_fold(path)
    train, part, validation = make_experiment("paper", "paper").train, load(fold.train), load(fold.validation)
    resident = []
    for epoch in (1, 2):
        watch = _start_watch()
        resident += [read_resident_mb() for _ in training_batches(part, train, 0, [epoch])]
        spent = watch()
        for _ in evaluation_batches(validation, train.batch_size):
            pass
    return {
        "stage": "epoch",
        "utterances": len(fold.train),
        "hours": count_hours(sum(store.num_frames[name] for name in fold.train)),
        **spent,
        "resident_mb": [int(quarter.max()) for quarter in np.array_split(resident, 4) if len(quarter)],
    }


def probe_step(path: str) -> dict:
    """Make steps of S3 at the paper's width and batch size, and the pipeline that feeds them, in one process.

    Building and tracing are not counted; the pipeline is that of an epoch without any steps.
    """
    from benchmarks.workloads import count_training_step, make_our_step
    from drl4ser.config import make_experiment
    from drl4ser.data.pipeline import training_batches
    from drl4ser.models import build_model_from_config

    store, fold, load = _open_fold(path)
    config = make_experiment("paper", "paper")
    part = load(fold.train)
    list(training_batches(part, config.train, 0, [1]))
    watch = _start_watch()
    batches = [
        ({name: inputs[name] for name in ("llds", "num_frames")}, targets)
        for inputs, targets, _ in training_batches(part, config.train, 0, [2])
    ]
    pipeline = watch()["processor_seconds"]
    train_step = make_our_step(build_model_from_config(config.model), config.train)
    train_step(*batches[0])
    watch, timed = _start_watch(), batches[1 : _STEPS + 1]
    for batch in timed:
        train_step(*batch)
    spent = watch()
    lengths = [int(frames) for inputs, _ in timed for frames in inputs["num_frames"]]
    return {
        "stage": "steps of S3",
        "utterances": len(lengths),
        "hours": count_hours(sum(lengths)),
        **spent,
        "multiply_adds": count_training_step(config.model, lengths),
        "pipeline_processor_seconds": pipeline,
        "pipeline_hours": count_hours(sum(store.num_frames[name] for name in fold.train)),
    }


def _open_fold(path):
    """Return a store, its first fold, and a function that loads utterances of it by id."""
    from drl4ser.console import import_tensorflow

    import_tensorflow()
    from drl4ser.corpora import make_folds
    from drl4ser.data.pipeline import fit_normalizer, load_part
    from drl4ser.data.store import open_store

    store = open_store(Path(path))
    numbers = {name: number for number, name in enumerate(sorted({item.emotion for item in store.utterances}))}
    labels = {item.id: numbers[item.emotion] for item in store.utterances}
    fold = make_folds(store.utterances)[0]
    normalizer = fit_normalizer(store, fold.train)
    return store, fold, lambda ids: load_part(store, {key: labels[key] for key in ids}, normalizer)


def count_hours(frames: int) -> float:
    """Return the hours of speech of a number of frames."""
    from drl4ser.config import FrameConfig

    return frames * FrameConfig().hop_ms / 3.6e6


def _start_watch():
    """Return a function that reads the seconds of both clocks since now."""
    wall, processor = time.perf_counter(), time.process_time()
    return lambda: {"seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - processor}


def read_resident_mb() -> float:
    """Return what this process has in memory now. Linux only."""
    return _read_status("VmRSS")


def read_peak_mb() -> float:
    """Return the most that this process had in memory at any time. Linux only."""
    return _read_status("VmHWM")  # not getrusage, whose peak includes that of the parent process


def _read_status(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


def main() -> None:
    """Run one probe."""
    started = time.perf_counter()
    row = globals()[f"probe_{sys.argv[1]}"](*sys.argv[2:])
    whole = {"seconds": time.perf_counter() - started, "processor_seconds": time.process_time()}
    print(json.dumps({**whole, **row, "peak_mb": read_peak_mb()}))


if __name__ == "__main__":
    main()
