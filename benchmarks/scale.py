"""Memory and throughput against the size of the corpus: `python -m benchmarks.scale --records_dir=DIR`.

Every row is measured in a process of its own. A larger corpus is the default one, every record repeated under new
names. Processor seconds count, not wall seconds: on a machine that does other work only they show the cost.
"""

import json
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from absl import flags

from benchmarks.probes import count_hours, run_probe
from data_prep.command import run
from drl4ser.config import FrameConfig, make_experiment
from drl4ser.console import import_tensorflow
from drl4ser.data.store import LABELS, open_store, read_shard_contents, write_json
from drl4ser.files import atomic_write_text
from drl4ser.reporting.provenance import current_commit

FLAGS = flags.FLAGS
_STREAMED = "0.015625"  # GiB of LLDs that may be kept: less than those of the default corpus
RID_CLASSES = {"angry": 82_952, "happy": 67_499, "neutral": 61_629, "sad": 82_125, "surprise": 63_819}
"""Utterances of the paper's second corpus; 358,024 in all."""
CORES = (1, 8, 64)
GPUS = (1, 8)
GPU_RATE = 2.5e12
"""Assumed, not measured: multiply-adds a second that a GPU sustains, a quarter of what an A100 can do in float32."""
FOLDS = 10
_STEP = (128, 560)  # utterances and frames of the step whose multiply-adds are counted
_TRAINING, _VALIDATION = 0.8, 0.1  # shares of a fold, 8:1:1
_FORWARD = 1 / 3  # of a training step's multiply-adds
_LLD_BYTES_PER_SECOND = 4 * 17 * 200


def define_flags() -> None:
    """Define the command's flags; importing this module defines none."""
    flags.DEFINE_string("records_dir", None, "LLD records that are repeated.", required=True)
    flags.DEFINE_list("times", ["1", "4", "16", "48"], "How often.")
    flags.DEFINE_string("results_dir", "results", "Folder of scale.json, scale.md and scale-rid.md.")


def main() -> None:
    """Measure, write the numbers, their table and what follows from them for RID."""
    rows, records = [], Path(FLAGS.records_dir)
    with tempfile.TemporaryDirectory() as folder:
        rows.append(_probe("manifest", write_rid_manifest(Path(folder) / "rid")))
        for times in FLAGS.times:
            store = repeat_store(records, Path(folder) / f"x{times}", int(times))
            for name, gib in (("in memory", "64"), ("streamed", _STREAMED)):
                rows.append({**_probe("epoch", store, gib), "stage": f"epoch x{times}, {name}"})
            shutil.rmtree(store)
        rows.append(_probe("extraction", records))
        rows.append(_probe("step", records, _STREAMED))
    seconds = open_store(records).durations(FrameConfig()).values()
    facts = {"commit": current_commit(), "mean_seconds": sum(seconds) / len(seconds), "rows": rows}
    directory = Path(FLAGS.results_dir)
    atomic_write_text(directory / "scale.json", json.dumps(facts, indent=1) + "\n")
    atomic_write_text(directory / "scale.md", render_measured(facts))
    atomic_write_text(directory / "scale-rid.md", render_rid(facts))


def _probe(name: str, path: Path, cache_gib: str = "") -> dict:
    row = run_probe(name, path, **({"DRL4SER_CACHE_GIB": cache_gib} if cache_gib else {}))
    row["peak_mb"] = int(row["peak_mb"])
    print(row, flush=True)
    return row


def write_rid_manifest(folder: Path) -> Path:
    """Write a manifest as long as RID's, with empty files in place of its recordings."""
    emotions = [emotion for emotion, count in RID_CLASSES.items() for _ in range(count)]
    rows = []
    for number, emotion in enumerate(emotions):
        name = f"{number // 1000:03d}/{number:06d}.wav"
        if number % 1000 == 0:
            (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
        rows.append((name, emotion, f"speaker{number % 997}", "", "what they said, in so many words"))
    columns = ["path", "emotion", "speaker", "session", "text"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "rid.csv", index=False)
    return folder / "rid.csv"


def repeat_store(source: Path, target: Path, times: int) -> Path:
    """Write a store with every record of `source` under `times` names."""
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


def render_measured(facts: dict) -> str:
    """Render memory and processor time of every stage, and the input pipeline against what S3 consumes."""
    lines = [
        "| stage | utterances | hours of speech | peak memory MB | highest in each half of two epochs MB "
        "| processor s | processor s an hour of speech |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    for row in facts["rows"]:
        cells = [row["stage"], f"{row['utterances']:,}", "", f"{row['peak_mb']:,}"]
        cells += [", ".join(f"{value:,}" for value in row.get("resident_mb", []))]
        cells += [f"{row['processor_seconds']:.1f}", ""]
        if "hours" in row:
            cells[2], cells[-1] = f"{row['hours']:.2f}", f"{_per_hour(row):,.1f}"
        lines.append(f"| {' | '.join(cells)} |")
    step = _row(facts, "steps of S3")
    pipeline = step["pipeline_processor_seconds"] / step["pipeline_hours"]
    ratio = f"it delivers {_per_hour(step) / pipeline:.0f} times what S3 consumes"
    lines += [
        "",
        f"In the process of the steps the streamed input pipeline takes {pipeline:.1f} processor seconds an hour of "
        f"speech: {ratio}.",
    ]
    return "\n".join(lines) + "\n"


def render_rid(facts: dict) -> str:
    """Render times of RID's stages on several numbers of cores and GPUs, in proportion to the hours of speech."""
    count = sum(RID_CLASSES.values())
    hours = count * facts["mean_seconds"] / 3600
    step = _row(facts, "steps of S3")
    columns = ["1 core", *(f"{cores} cores" for cores in CORES[1:])]
    columns += ["1 GPU", *(f"{gpus} GPUs" for gpus in GPUS[1:])]
    lines = [
        f"{count:,} utterances of {facts['mean_seconds']:.2f} s, the mean of the corpus measured, are {hours:,.0f} "
        f"hours of speech and {hours * 3600 * _LLD_BYTES_PER_SECOND / 1e9:.1f} GB of LLDs. Times are the measured "
        "processor seconds an hour of speech times these hours, divided by the cores; that nothing is lost between "
        "cores is assumed. GPUs were not measured: their times are multiply-adds (a step of S3 with "
        f"{_STEP[0]} x {_STEP[1]} frames has {_step_operations() / 1e9:.0f} billion) divided by an assumed "
        f"{GPU_RATE / 1e12:.1f} trillion a second that each sustains. Measured here: "
        f"{step['multiply_adds'] / step['processor_seconds'] / 1e9:.1f} billion a processor second.",
        "",
        f"| stage | MB a process | {' | '.join(columns)} |",
        f"| --- | ---: |{' ---: |' * len(columns)}",
    ]
    for name, peak_mb, seconds, operations in _stages(facts, hours):
        is_shared = not name.startswith("manifest")  # one process reads it
        cells = [_time(seconds / (cores if is_shared else 1)) for cores in CORES]
        cells += [_time(operations / GPU_RATE / gpus) if operations else "" for gpus in GPUS]
        lines.append(f"| {name} | {peak_mb:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _stages(facts: dict, hours: float) -> list[tuple[str, int, float, float]]:
    """Return name, peak memory, processor seconds and multiply-adds (0 where no GPU helps) of each stage."""
    manifest, llds, step = (_row(facts, name) for name in ("manifest", "LLDs", "steps of S3"))
    streamed = [row for row in facts["rows"] if row["stage"].endswith("streamed")][-1]
    epochs = make_experiment("paper", "paper").train.max_epochs
    # As if all hours were trained on: an epoch trains on its share and evaluates the validation part.
    equal_hours = hours * (_TRAINING + _VALIDATION * _FORWARD)
    operations = _step_operations() / (_STEP[0] * count_hours(_STEP[1])) * equal_hours
    trained = [("an epoch", 1), (f"a fold of {epochs} epochs", epochs), (f"{FOLDS} folds", epochs * FOLDS)]
    return [
        (manifest["stage"], manifest["peak_mb"], manifest["processor_seconds"], 0),
        ("LLDs of all recordings", llds["peak_mb"], _per_hour(llds) * hours, 0),
        ("input pipeline, an epoch", streamed["peak_mb"], _per_hour(streamed) * hours * _TRAINING, 0),
        *(
            (f"S3, {name}", step["peak_mb"], _per_hour(step) * equal_hours * times, operations * times)
            for name, times in trained
        ),
    ]


def _step_operations() -> int:
    from benchmarks.workloads import count_training_step

    utterances, frames = _STEP
    return count_training_step(make_experiment("paper", "paper").model, [frames] * utterances)


def _row(facts: dict, start: str) -> dict:
    return next(row for row in facts["rows"] if row["stage"].startswith(start))


def _per_hour(row: dict) -> float:
    return row["processor_seconds"] / row["hours"]


def _time(seconds: float) -> str:
    """Format two digits in the largest unit of which there are at least two."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{float(f'{seconds / size:.2g}'):,g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"


if __name__ == "__main__":
    define_flags()
    run(main)
