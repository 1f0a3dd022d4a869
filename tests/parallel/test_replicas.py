"""Several replicas do what one does: two devices of a process, and two processes of which one is killed."""

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from drl4ser.parallel.workers import several_machines
from drl4ser.reporting.fold_result import read_fold_result
from tests.conftest import PATIENCE_S

ROOT = Path(__file__).parents[2]
OPTIONS = (
    *("--corpus=manifest", "--systems=xia_dnn", "--modalities=acoustic", "--num_folds=3", "--folds=1"),
    "--epochs=8",
    *("--change=model.width=0.05", "--change=model.dropout=0.2", "--change=train.batch_size=5"),
    "--change=train.patience=8",
)


@pytest.fixture(scope="module")
def devices(request, tmp_path_factory):
    """What `two_devices.py` found, in the cases that are tested in this session."""
    path = tmp_path_factory.mktemp("devices") / "results.npz"
    name = "test_two_devices_do_what_one_does"
    tests = [item for item in request.session.items if getattr(item, "originalname", "") == name]  # not of doctests
    cases = [item.callspec.params["case"] for item in tests]
    command = [sys.executable, "-m", "tests.parallel.two_devices", str(path), *cases]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(path) as archive:
        return dict(archive)


@pytest.mark.parametrize("case", ["batch_norm", "small_model", "xia_dnn", "s3"])
def test_two_devices_do_what_one_does(devices, case):
    one, two = devices[f"{case}/one"], devices[f"{case}/two"]
    assert np.isfinite(one).all() and np.ptp(one) > 0
    np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5)


def test_all_take_the_chiefs_value(devices):
    assert devices["agreed"] == 3.0


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": 3}', '{"cluster": {"worker": 1}}'])
def test_a_malformed_tf_config_is_named(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG must be like"):
        several_machines()


def test_one_machine_trains_as_without_tf_config(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}}')
    assert not several_machines()


def find_ports(number):
    """Find free ports below the range from which the system gives ports to connections."""
    found = []
    for port in itertools.count(10_000 + os.getpid() % 10_000):
        with contextlib.suppress(OSError), socket.create_server(("localhost", port)):
            found.append(port)
        if len(found) == number:
            return found


def command(records_dir, folder):
    directories = [f"--{name}_dir={folder / name}" for name in ("runs", "results")]
    held = folder.with_suffix(".held")
    module = ["-m", "tests.hold", held, "experiments.table1"]
    return [sys.executable, *module, *OPTIONS, f"--records_dir={records_dir}", *directories]


class Workers:
    """Two processes on localhost that train a fold together."""

    def __init__(self, records_dir, folder):
        self.folder = folder
        cluster = {"worker": [f"localhost:{port}" for port in find_ports(2)]}
        self.processes = [
            subprocess.Popen(
                command(records_dir, folder),
                cwd=ROOT,
                env={
                    **os.environ,
                    "TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}),
                    "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0",
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for index in range(2)
        ]

    def find(self, name):
        return next(self.folder.rglob(name), None)

    def wait_for(self, name):
        deadline = time.monotonic() + PATIENCE_S
        while self.find(name) is None:
            assert all(process.poll() is None for process in self.processes) and time.monotonic() < deadline
            time.sleep(0.001)

    def end(self, process):
        """Exit code and output."""
        output, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, output

    def finish(self):
        ends = [self.end(process) for process in self.processes]
        assert [code for code, _ in ends] == [0, 0], ends
        return self.find("record.json")


def test_two_workers_train_as_one_and_go_on_after_one_was_killed(records_dir, tmp_path):
    undisturbed = Workers(records_dir, tmp_path / "undisturbed")
    subprocess.run(command(records_dir, tmp_path / "alone"), cwd=ROOT, check=True)
    expected = undisturbed.finish()
    one, two = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in (next((tmp_path / "alone").rglob("history.json")), undisturbed.find("history.json"))
    )
    for name in ("loss", "gradient_norm", "validation_loss"):
        values = [[row[name] for row in history[:3]] for history in (two, one)]
        np.testing.assert_allclose(*values, rtol=0, atol=1e-5)
    alone = next((tmp_path / "alone").rglob("record.json"))
    # TensorBoard's names hold the time and the process.
    ours, theirs = (
        sorted(path.name.split(".tfevents.")[0] for path in result.parent.iterdir()) for result in (expected, alone)
    )
    assert ours == theirs

    held = tmp_path / "disturbed.held"
    held.touch()  # the chief waits after its first checkpoint, the other for the chief
    disturbed = Workers(records_dir, tmp_path / "disturbed")
    disturbed.wait_for("checkpoint.npz")
    chief, other = disturbed.processes
    other.kill()
    disturbed.end(other)
    held.unlink()
    code, output = disturbed.end(chief)
    assert code == 1 and "error: another worker of TF_CONFIG ended" in output, output
    assert disturbed.find("record.json") is None
    restarted = Workers(records_dir, tmp_path / "disturbed")
    assert restarted.finish().read_bytes() == expected.read_bytes()
    assert read_fold_result(expected).epochs == 8 and restarted.find("checkpoint.npz") is None
