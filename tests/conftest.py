"""A tiny corpus of real WAV files, shared by the tests of everything behind the readers."""

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

# A property that holds does so on a slow machine too.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

PATIENCE_S = 1800
"""How long a test waits for something that another process does: only a hang takes longer, on a busy machine too."""
SAMPLE_RATE = 16_000
CLASSES = ("angry", "happy", "neutral", "sad")
SHALLOW = {"filters": (32, 64), "kernel_sizes": (10, 5)}
"""Two of the five groups: what depth does not change is tested in half the time, which goes into tracing."""
PITCH_HZ = {"angry": 300.0, "happy": 240.0, "neutral": 160.0, "sad": 110.0}


def write_voice(path: Path, emotion: str, seed: int) -> None:
    """A buzz with vibrato whose pitch and loudness follow the emotion: quick to learn, no two alike."""
    rng = np.random.default_rng(seed)
    seconds = rng.uniform(0.4, 0.9)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    f0_hz = PITCH_HZ[emotion] * rng.uniform(0.95, 1.05) * (1 + 0.03 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
    signal = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))
    signal = 0.1 * signal + 0.002 * rng.standard_normal(len(time))
    soundfile.write(path, signal, SAMPLE_RATE, subtype="PCM_16")


def write_manifest_corpus(folder: Path, per_class: int = 6) -> Path:
    """`per_class` files of each class with two speakers and a transcript; returns the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(per_class):
        for index, emotion in enumerate(CLASSES):
            name = f"{emotion}_{number}.wav"
            write_voice(folder / name, emotion, seed=100 * index + number)
            text = f"a {emotion} sentence number {number}" if number else ""
            rows.append({"path": name, "emotion": emotion, "speaker": f"s{number % 2}", "session": "", "text": text})
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


@pytest.fixture(scope="session", autouse=True)
def without_commit():
    """Results name the commit, and the checkout may change while the tests run: here it is "unknown"."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", os.devnull)
        yield


@pytest.fixture(autouse=True)
def float32_again():
    """A fold leaves its precision to the process; the next test starts with the default."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    """A manifest corpus of 24 utterances in four classes."""
    return write_manifest_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def records_dir(manifest, tmp_path_factory) -> Path:
    """LLD records of `manifest`, in shards of 5."""
    from drl4ser.corpora import read_corpus
    from drl4ser.data.extraction import make_records

    directory = tmp_path_factory.mktemp("records") / "records"
    assert make_records(read_corpus("manifest", manifest), directory, "manifest", shard_size=5) == []
    return directory


@pytest.fixture(scope="session")
def store(records_dir):
    """The opened records."""
    from drl4ser.data.store import open_store

    return open_store(records_dir)


@pytest.fixture(scope="session")
def word_vectors_file(tmp_path_factory) -> Path:
    """Ten-dimensional vectors of some of the corpus's words; "number" and the digits are unknown."""
    words = ("a", "sentence", *CLASSES)
    rng = np.random.default_rng(0)
    lines = [f"{len(words)} 10", *(" ".join([word, *map(str, rng.normal(size=10).round(3))]) for word in words)]
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained_run(store, word_vectors_file, tmp_path_factory):
    """A finished fold of S3 with both modalities: its directory and record."""
    from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
    from drl4ser.text import WordVectors
    from drl4ser.training.fold import run_fold

    config = ExperimentConfig(
        corpus="manifest",
        num_folds=3,
        model=ModelConfig("s3", "acoustic+lexical", width=0.05, word_dim=10),
        train=TrainConfig(batch_size=8, max_epochs=2, learning_rate=0.01),
    )
    directory = tmp_path_factory.mktemp("runs") / "fold"
    return directory, run_fold(config, store, directory, WordVectors.load(word_vectors_file))


@pytest.fixture(scope="session")
def predictor(trained_run):
    """Of `trained_run`; its model and what it traced are shared, so no test may change it."""
    from drl4ser.inference.predictor import Predictor

    return Predictor(trained_run[0])
