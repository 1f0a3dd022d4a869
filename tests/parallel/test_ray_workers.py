"""Extraction and the grid on a real Ray cluster: a head and a second node as processes, one of them killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ray.cluster_utils import Cluster

from drl4ser.corpora import read_corpus
from drl4ser.data.extraction import make_records
from drl4ser.data.store import INDEX_FILE, open_store
from tests.conftest import PATIENCE_S, write_manifest_corpus

ROOT = Path(__file__).parents[2]


def wait_until(condition, seconds=PATIENCE_S):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


ENVIRONMENT = {  # of the nodes, whose workers have it too, and of the commands
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_timeout_ms": "60000",
    "RAY_health_check_failure_threshold": "10",
    "DRL4SER_SECONDS_BETWEEN_CHECKPOINTS": "0",
}


def started(start, *arguments, attempts=5, **named):
    """A node; Ray gives one 30 seconds to start, which no setting of its own changes."""
    for attempt in range(1, attempts + 1):
        try:
            return start(*arguments, **named)
        except Exception as error:
            if attempt == attempts:
                raise
            print(f"\nwarning: a node of Ray did not start ({error}); tried again", file=sys.__stderr__)


@pytest.fixture(scope="module")
def cluster():
    """A head without processors for tasks, and one node with two; the tests replace that."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        head = started(Cluster, initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        started(head.add_node, num_cpus=2)
        yield head
        head.shutdown()


def replace_node(cluster):
    """Kills the node that is there, and adds another."""
    (node,) = cluster.worker_nodes
    cluster.remove_node(node, allow_graceful=False)
    started(cluster.add_node, num_cpus=2)


def command(module, address, *arguments):
    return python(address, "-m", module, *arguments)


def python(address, *arguments):
    environment = {**os.environ, "RAY_ADDRESS": address}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


EXTRACT = """
import sys
from pathlib import Path
from drl4ser.corpora import read_corpus
from drl4ser.data.extraction import make_records
make_records(read_corpus("manifest", Path(sys.argv[1])), Path(sys.argv[2]), "manifest", shard_size=2)
"""


def test_extraction_goes_on_when_a_node_dies(cluster, tmp_path):
    manifest = write_manifest_corpus(tmp_path / "long", per_class=8)
    for path in manifest.parent.glob("*.wav"):
        signal, sample_rate = soundfile.read(path)
        soundfile.write(path, np.tile(signal, 40 * sample_rate // len(signal)), sample_rate)
    assert make_records(read_corpus("manifest", manifest), tmp_path / "local", "manifest", shard_size=2) == []
    remote = python(cluster.address, "-c", EXTRACT, manifest, tmp_path / "ray")
    wait_until(lambda: list((tmp_path / "ray").glob("shard-*.json")))
    replace_node(cluster)
    assert not (tmp_path / "ray" / INDEX_FILE).exists()
    finish(remote)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_a_cluster_gives_the_local_bytes_also_when_a_node_dies(
    cluster, manifest, records_dir, word_vectors_file, tmp_path
):
    finish(
        command(
            "data_prep.make_records",
            cluster.address,
            "--corpus=manifest",
            f"--data_dir={manifest}",
            f"--records_dir={tmp_path / 'records'}",
        )
    )
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
        "experiments.table2", "", *options, f"--runs_dir={tmp_path / 'a'}", f"--results_dir={tmp_path / 'local'}"
    )
    finish(local)
    remote = command(
        "experiments.table2",
        cluster.address,
        *options,
        f"--runs_dir={tmp_path / 'b'}",
        f"--results_dir={tmp_path / 'ray'}",
    )
    wait_until(lambda: list((tmp_path / "b").rglob("checkpoint.npz")))
    replace_node(cluster)
    finish(remote)
    name = Path("table2") / "manifest-quick-tuned-random"
    assert contents(tmp_path / "ray" / name) == contents(tmp_path / "local" / name)
