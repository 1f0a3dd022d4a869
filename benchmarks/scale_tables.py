"""The tables of `benchmarks.scale`: what was measured, and what follows for the paper's second corpus, RID."""

import dataclasses

from benchmarks.operations import count_training_step
from benchmarks.scale_probes import RID_CLASSES, hours_of
from drl4ser.config import make_experiment

CORES = (1, 8, 64)
GPUS = (1, 8)
GPU_RATE = 2.5e12
"""Assumed, not measured: multiply-adds a second that a GPU sustains, a quarter of what an A100 can do in float32."""
FOLDS = 10
_STEP = (128, 560)  # utterances and frames of the step whose multiply-adds are counted
_TRAINING, _VALIDATION = 0.8, 0.1  # shares of a fold, 8:1:1
_FORWARD = 1 / 3  # of a training step's multiply-adds
_LLD_BYTES_A_SECOND = 4 * 17 * 200


@dataclasses.dataclass(frozen=True)
class _Stage:
    """A stage for RID: processor seconds, multiply-adds if it can run on GPUs, and whether cores share it."""

    name: str
    peak_mb: int
    seconds: float
    operations: float = 0.0
    is_shared: bool = True


def render_measured(facts: dict) -> str:
    """Memory and processor time of every stage, and the input pipeline against what S3 consumes."""
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
    """Times of RID's stages on several numbers of cores and GPUs, in proportion to the hours of speech."""
    count = sum(RID_CLASSES.values())
    hours = count * facts["mean_seconds"] / 3600
    step = _row(facts, "steps of S3")
    columns = ["1 core", *(f"{cores} cores" for cores in CORES[1:])]
    columns += ["1 GPU", *(f"{gpus} GPUs" for gpus in GPUS[1:])]
    lines = [
        f"{count:,} utterances of {facts['mean_seconds']:.2f} s, the mean of the corpus measured, are {hours:,.0f} "
        f"hours of speech and {hours * 3600 * _LLD_BYTES_A_SECOND / 1e9:.1f} GB of LLDs. Times are the measured "
        "processor seconds an hour of speech times these hours, divided by the cores; that nothing is lost between "
        "cores is assumed. GPUs were not measured: their times are multiply-adds (a step of S3 with "
        f"{_STEP[0]} x {_STEP[1]} frames has {_step_operations() / 1e9:.0f} billion) divided by an assumed "
        f"{GPU_RATE / 1e12:.1f} trillion a second that each sustains. Measured here: "
        f"{step['multiply_adds'] / step['processor_seconds'] / 1e9:.1f} billion a processor second.",
        "",
        f"| stage | MB a process | {' | '.join(columns)} |",
        f"| --- | ---: |{' ---: |' * len(columns)}",
    ]
    for stage in _stages(facts, hours):
        cells = [_time(stage.seconds / (cores if stage.is_shared else 1)) for cores in CORES]
        cells += [_time(stage.operations / GPU_RATE / gpus) if stage.operations else "" for gpus in GPUS]
        lines.append(f"| {stage.name} | {stage.peak_mb:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _stages(facts: dict, hours: float) -> list[_Stage]:
    manifest, llds, step = (_row(facts, name) for name in ("manifest", "LLDs", "steps of S3"))
    streamed = [row for row in facts["rows"] if row["stage"].endswith("streamed")][-1]
    epochs = make_experiment("paper", "paper").train.max_epochs
    # As if all hours were trained on: an epoch trains on its share and evaluates the validation part.
    equal_hours = hours * (_TRAINING + _VALIDATION * _FORWARD)
    operations = _step_operations() / (_STEP[0] * hours_of(_STEP[1])) * equal_hours
    trained = [("an epoch", 1), (f"a fold of {epochs} epochs", epochs), (f"{FOLDS} folds", epochs * FOLDS)]
    return [
        _Stage(manifest["stage"], manifest["peak_mb"], manifest["processor_seconds"], is_shared=False),
        _Stage("LLDs of all recordings", llds["peak_mb"], _per_hour(llds) * hours),
        _Stage("input pipeline, an epoch", streamed["peak_mb"], _per_hour(streamed) * hours * _TRAINING),
        *(
            _Stage(f"S3, {name}", step["peak_mb"], _per_hour(step) * equal_hours * times, operations * times)
            for name, times in trained
        ),
    ]


def _step_operations() -> int:
    utterances, frames = _STEP
    return count_training_step(make_experiment("paper", "paper").model, [frames] * utterances)


def _row(facts: dict, start: str) -> dict:
    return next(row for row in facts["rows"] if row["stage"].startswith(start))


def _per_hour(row: dict) -> float:
    return row["processor_seconds"] / row["hours"]


def _time(seconds: float) -> str:
    """Two digits in the largest unit of which there are two."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{float(f'{seconds / size:.2g}'):,g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"
