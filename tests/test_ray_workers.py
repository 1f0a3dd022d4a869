"""Extraction and the grid on a real Ray cluster: a head and a second node as processes, one of them killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parents[1]


def wait_until(condition, seconds=300.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


ENVIRONMENT = {  # of the nodes, whose workers have it too, and of the commands
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_timeout_ms": "60000",
    "RAY_health_check_failure_threshold": "10",
    "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0",
    "GIT_DIR": os.devnull,  # the checkout may change meanwhile, and with it what records say of the commit
}


def started(start, *arguments, attempts=5, **named):
    """A node; Ray gives one 30 seconds to start, which no setting of its own changes."""
    for attempt in range(1, attempts + 1):
        try:
            return start(*arguments, **named)
        except Exception:
            if attempt == attempts:
                raise


@pytest.fixture(scope="module")
def cluster():
    """A head without processors for tasks, and its first node with two; the test adds another."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        head = started(
            Cluster, initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        yield head, started(head.add_node, num_cpus=2)
        head.shutdown()


def command(module, address, *arguments):
    environment = {**os.environ, "RAY_ADDRESS": address}
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_a_cluster_gives_the_local_bytes_also_when_a_node_dies(
    cluster, manifest, records_dir, word_vectors_file, tmp_path
):
    ray_cluster, first = cluster
    finish(
        command(
            "data_prep.make_records",
            ray_cluster.address,
            "--corpus=manifest",
            f"--data_dir={manifest}",
            f"--records_dir={tmp_path / 'records'}",
        )
    )
    from drl4ser.data.store import open_store

    utterances = open_store(tmp_path / "records").utterances
    assert utterances == open_store(records_dir).utterances
    options = [
        "--corpus=manifest",
        f"--records_dir={tmp_path / 'records'}",
        f"--word_vectors={word_vectors_file}",
        "--num_folds=3",
        "--systems=s1",
        "--modalities=lexical",
        "--epochs=6",
        "--change=model.width=0.05",
        "--change=model.word_dim=10",
        "--jobs=2",
    ]
    local = command(
        "experiments.table2",
        "",
        *options,
        f"--runs_dir={tmp_path / 'a'}",
        f"--results_dir={tmp_path / 'local'}",
    )
    finish(local)
    remote = command(
        "experiments.table2",
        ray_cluster.address,
        *options,
        f"--runs_dir={tmp_path / 'b'}",
        f"--results_dir={tmp_path / 'ray'}",
    )
    wait_until(lambda: list((tmp_path / "b").rglob("checkpoint.npz")))
    started(ray_cluster.add_node, num_cpus=2)
    ray_cluster.remove_node(first, allow_graceful=False)
    finish(remote)
    name = Path("table2") / "manifest-quick-paper-random"
    assert contents(tmp_path / "ray" / name) == contents(tmp_path / "local" / name)
