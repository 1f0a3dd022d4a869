"""The three stages of an experiment as commands, copies of their files to damage, and the table that must come out."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGES = ("extraction", "training", "reporting")
_TABLE = Path("table2") / "synthetic-quick-tuned-random"
_UTTERANCES = 140  # three shards
_SETTINGS = ("--num_folds=3", "--folds=2", "--systems=s1", "--modalities=acoustic", "--epochs=3", "--jobs=1")
_SETTINGS += ("--change=model.width=0.05", "--change=train.batch_size=8")
# Root ignores the permissions of files unless it gives up these two capabilities.
_CAPABILITIES = "-dac_override,-dac_read_search"
_AS_USER = ("setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}") if os.geteuid() == 0 else ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        code: its exit code.
        error: what follows "error: " where exactly one line begins so; empty otherwise.
        output: everything it printed.
    """

    code: int
    error: str
    output: str


class FaultBench:
    """A small corpus and the places in which its stages run.

    Args:
        folder: empty folder, in which the corpus is made and all stages run once, undisturbed (place "reference").
    """

    def __init__(self, folder: Path):
        self.folder, self.corpus = folder, folder / "corpus"
        arguments = (f"--output_dir={self.corpus}", f"--num_utterances={_UTTERANCES}")
        outcome = self.finish(self._start("data_prep.make_synthetic_corpus", *arguments))
        if outcome.code:
            raise RuntimeError(outcome.output)
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
        self._leave_a_checkpoint()

    def path(self, place: str, part: str) -> Path:
        """Return the folder of a place's "records", "runs" or "results"."""
        return self.folder / place / part

    def table_directory(self, place: str) -> Path:
        """Return the folder of a place's table."""
        return self.path(place, "results") / _TABLE

    def make_place(self, place: str, parts: tuple[str, ...], origin: str = "reference") -> None:
        """Make a new place with copies of the named folders of another."""
        shutil.rmtree(self.folder / place, ignore_errors=True)
        (self.folder / place).mkdir()
        for part in parts:
            shutil.copytree(self.path(origin, part), self.path(place, part))

    def start(self, place: str, stage: str) -> subprocess.Popen:
        """Start a stage."""
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
        """Run a stage to its end."""
        return self.finish(self.start(place, stage))

    def finish(self, process: subprocess.Popen) -> Outcome:
        """Wait for the end of a stage."""
        output, _ = process.communicate(timeout=900)
        errors = [line for line in output.splitlines() if line.startswith("error: ")]
        return Outcome(process.returncode, errors[0].removeprefix("error: ") if len(errors) == 1 else "", output)

    def kill_after(self, place: str, stage: str, seconds: float, written: Path | None = None) -> bool:
        """Start a stage and kill it (SIGKILL) `seconds` after its start, or after `written` exists.

        Returns:
            Whether it was still running.
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
        """Run the check of `make readme` on a place's table."""
        page = self.folder / "page.md"
        page.touch()
        where = f"--results_dir={self.path(place, 'results')}"
        return self.finish(self._start("experiments.update_readme", "--check", f"--pages={page}", where))

    def has_records(self, place: str) -> bool:
        """Return whether a place has the records of the undisturbed run, byte for byte."""
        return _contents(self.path(place, "records")) == self.contents["records"]

    def has_table(self, place: str) -> bool:
        """Return whether a place has the table of the undisturbed run, byte for byte."""
        return _contents(self.table_directory(place)) == self.contents["table"]

    def _leave_a_checkpoint(self) -> None:
        """Make the place "half": the first fold is finished, the second was killed after its first checkpoint."""
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
            [*_AS_USER, sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _contents(directory: Path) -> dict[str, bytes]:
    """Return the content of every file of a folder by name; an empty dictionary if the folder does not exist."""
    return {path.name: path.read_bytes() for path in sorted(directory.glob("*")) if path.is_file()}
