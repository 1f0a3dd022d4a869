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
_UTTERANCES = 140  # three shards
_SETTINGS = ("--num_folds=3", "--folds=2", "--systems=s1", "--modalities=acoustic", "--epochs=3", "--jobs=1")
_SETTINGS += ("--change=model.width=0.05", "--change=train.batch_size=8")
# Root reads and writes every file, whatever its permissions; without these two rights it is bound by them.
_RIGHTS = "-dac_override,-dac_read_search"
_BOUND = ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}") if os.geteuid() == 0 else ()


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
        folder: empty; a small default corpus is made there and run once, undisturbed.
    """

    def __init__(self, folder: Path):
        self.folder, self.corpus = folder, folder / "corpus"
        self._check(
            self._start(
                "data_prep.make_synthetic_corpus", f"--output_dir={self.corpus}", f"--num_utterances={_UTTERANCES}"
            )
        )
        self.seconds = {}
        for stage in STAGES:
            started = time.monotonic()
            outcome = self.run("reference", stage)
            if outcome.code:
                raise RuntimeError(f"the undisturbed run failed: {outcome.output}")
            self.seconds[stage] = time.monotonic() - started
        self.contents = {
            "records": _contents(self.path("reference", "records")),
            "table": _contents(self.table_directory("reference")),
        }
        # A fold that is finished and one that is not: its last checkpoint is left and its record is not.
        self._leave_a_checkpoint()

    def path(self, place: str, part: str) -> Path:
        """The folder of records, runs or results of a place."""
        return self.folder / place / part

    def table_directory(self, place: str) -> Path:
        """Where a place's table is."""
        return self.path(place, "results") / _TABLE

    def make_place(self, place: str, parts: tuple[str, ...], origin: str = "reference") -> None:
        """A place of its own with some of the folders of another; never with its table, unless it is asked for."""
        shutil.rmtree(self.folder / place, ignore_errors=True)
        (self.folder / place).mkdir()
        for part in parts:
            shutil.copytree(self.path(origin, part), self.path(place, part))

    def start(self, place: str, stage: str) -> subprocess.Popen:
        """Begin a stage."""
        records = f"--records_dir={self.path(place, 'records')}"
        if stage == "extraction":
            arguments = ("--corpus=synthetic", f"--data_dir={self.corpus}", records, "--num_workers=2")
            return self._start("data_prep.make_records", *arguments)
        return self._start(
            "experiments.table2",
            *("--corpus=synthetic", records, f"--runs_dir={self.path(place, 'runs')}"),
            *(f"--results_dir={self.path(place, 'results')}", *_SETTINGS),
            *(("--notrain",) if stage == "reporting" else ()),
        )

    def run(self, place: str, stage: str) -> Outcome:
        """A stage from its beginning to its end."""
        return self.finish(self.start(place, stage))

    def finish(self, process: subprocess.Popen) -> Outcome:
        """Wait for a stage that was begun."""
        output, _ = process.communicate(timeout=900)
        errors = [line for line in output.splitlines() if line.startswith("error: ")]
        return Outcome(process.returncode, errors[0].removeprefix("error: ") if len(errors) == 1 else "", output)

    def kill_after(self, place: str, stage: str, seconds: float, written: Path | None = None) -> bool:
        """Begin a stage and kill it (SIGKILL), so long after its begin or after `written` is there.

        Returns:
            Whether it was still at work.
        """
        process = self.start(place, stage)
        while written and not written.exists() and process.poll() is None:
            time.sleep(0.001)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()  # the output ends when the last worker has closed it
        return process.returncode == -signal.SIGKILL

    def check_readme(self, place: str) -> Outcome:
        """`make readme`'s check of a place's table against its records."""
        page = self.folder / "page.md"
        page.touch()
        where = f"--results_dir={self.path(place, 'results')}"
        return self.finish(self._start("experiments.update_readme", "--check", f"--readme={page}", where))

    def has_records(self, place: str) -> bool:
        """Whether a place has the records of an undisturbed run, byte for byte."""
        return _contents(self.path(place, "records")) == self.contents["records"]

    def has_table(self, place: str) -> bool:
        """Whether a place has the table of an undisturbed run, byte for byte."""
        return _contents(self.table_directory(place)) == self.contents["table"]

    def _leave_a_checkpoint(self) -> None:
        """A place "half": the second fold was killed when it had written a checkpoint."""
        self.make_place("half", ("records", "runs"))
        (second,) = self.path("half", "runs").rglob("fold-01-*")
        shutil.rmtree(second)
        process = self.start("half", "training")
        while not (second / "checkpoint.npz").exists():
            if process.poll() is not None:
                raise RuntimeError("the run ended before it could be killed")
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    def _start(self, module: str, *arguments: str) -> subprocess.Popen:
        environment = {**os.environ, "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0"}
        return subprocess.Popen(
            [*_BOUND, sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _check(self, process: subprocess.Popen) -> None:
        outcome = self.finish(process)
        if outcome.code:
            raise RuntimeError(outcome.output)


def _contents(directory: Path) -> dict[str, bytes]:
    """Every file of a folder, by name; nothing where there is no folder."""
    return {path.name: path.read_bytes() for path in sorted(directory.glob("*")) if path.is_file()}
