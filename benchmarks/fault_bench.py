"""The three stages of an experiment as commands, undisturbed copies to disturb, and the table that must come out."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("extraction", "training", "reporting")
_TABLE = Path("table2") / "synthetic-quick-paper-random"
_SETTINGS = ("--num_folds=3", "--folds=2", "--systems=s1", "--modalities=acoustic", "--epochs=3", "--jobs=1")
_SETTINGS += ("--change=model.width=0.05", "--change=train.batch_size=8")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        code: its exit code.
        error: its line that begins with "error: ", without that; empty if there is none.
        output: all that it printed.
    """

    code: int
    error: str
    output: str


class FaultBench:
    """A small corpus in `folder`, and places in which it is worked on.

    Args:
        folder: empty; the default corpus of 40 utterances is made there and run once, undisturbed.
    """

    def __init__(self, folder: Path):
        self.folder, self.corpus = folder, folder / "corpus"
        self._check(
            self._start(
                "data_prep.make_synthetic_corpus", f"--output_dir={self.corpus}", "--num_utterances=40"
            )
        )
        self.seconds = {}
        for stage in STAGES:
            started = time.monotonic()
            outcome = self.run("reference", stage)
            if outcome.code:
                raise RuntimeError(f"the undisturbed run failed: {outcome.output}")
            self.seconds[stage] = time.monotonic() - started
        self.table = self.read_table("reference")
        # A fold that is finished and one that is not: its last checkpoint is left and its record is not.
        self._leave_a_checkpoint()

    def records(self, place: str) -> Path:
        """The folder of LLD records of a place."""
        return self.folder / place / "records"

    def runs(self, place: str) -> Path:
        """The runs directory of a place."""
        return self.folder / place / "runs"

    def results(self, place: str) -> Path:
        """Where a place's table is."""
        return self.folder / place / "results" / _TABLE

    def copy(self, origin: str, place: str) -> None:
        """A place of its own, as `origin` is."""
        shutil.rmtree(self.folder / place, ignore_errors=True)
        shutil.copytree(self.folder / origin, self.folder / place, symlinks=True)

    def start(self, place: str, stage: str, **options) -> subprocess.Popen:
        """Begin a stage."""
        records = f"--records_dir={self.records(place)}"
        if stage == "extraction":
            arguments = ("--corpus=synthetic", f"--data_dir={self.corpus}", records, "--num_workers=2")
            return self._start("data_prep.make_records", *arguments, **options)
        return self._start(
            "experiments.table2",
            *("--corpus=synthetic", records, f"--runs_dir={self.runs(place)}"),
            *(f"--results_dir={self.folder / place / 'results'}", *_SETTINGS),
            *(("--notrain",) if stage == "reporting" else ()),
            **options,
        )

    def run(self, place: str, stage: str, **options) -> Outcome:
        """A stage from its beginning to its end."""
        return self.finish(self.start(place, stage, **options))

    def finish(self, process: subprocess.Popen) -> Outcome:
        """Wait for a stage that was begun."""
        output, _ = process.communicate(timeout=900)
        errors = [line for line in output.splitlines() if line.startswith("error: ")]
        return Outcome(
            process.returncode, errors[0].removeprefix("error: ") if len(errors) == 1 else "", output
        )

    def kill_after(self, place: str, stage: str, seconds: float) -> bool:
        """Begin a stage and kill it (SIGKILL); whether it was still at work."""
        process = self.start(place, stage)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()  # the output ends when the last worker has closed it
        return process.returncode == -signal.SIGKILL

    def read_table(self, place: str) -> dict[str, bytes]:
        """Every file of the table, by name."""
        return {path.name: path.read_bytes() for path in sorted(self.results(place).iterdir())}

    def has_table(self, place: str) -> bool:
        """Whether a place has the table of an undisturbed run, byte for byte."""
        return self.results(place).is_dir() and self.read_table(place) == self.table

    def _leave_a_checkpoint(self) -> None:
        """A place "half": the second fold was killed when it had written a checkpoint."""
        self.copy("reference", "half")
        shutil.rmtree(self.folder / "half" / "results")
        (second,) = self.runs("half").rglob("fold-01-*")
        shutil.rmtree(second)
        process = self.start("half", "training")
        while not (second / "checkpoint.npz").exists():
            if process.poll() is not None:
                raise RuntimeError("the run ended before it could be killed")
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    def _start(self, module: str, *arguments: str, **options) -> subprocess.Popen:
        environment = {**os.environ, "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0"}
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def _check(self, process: subprocess.Popen) -> None:
        outcome = self.finish(process)
        if outcome.code:
            raise RuntimeError(outcome.output)
