"""What the server takes, keeps and leaves, asked directly."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.conftest import PATIENCE_S
from tests.demo.conftest import MAX_MEGABYTES, ROOT, started


def upload(address, content):
    return requests.post(f"{address}gradio_api/upload", files={"files": ("speech.wav", content)}, timeout=PATIENCE_S)


def uploaded(folder):
    return [path for path in folder.glob("drl4ser-demo-*/**/*") if path.is_file()]


def test_uploads_are_deleted_soon_and_with_the_server(trained_run, speech, tmp_path):
    with started(trained_run[0], tmp_path, "--delete_after_s=2") as address:
        # It may be gone before this process gets to look.
        assert Path(upload(address, speech.read_bytes()).json()[0]).is_relative_to(tmp_path)
        deadline = time.monotonic() + PATIENCE_S
        while uploaded(tmp_path):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert upload(address, b"another").status_code == 200


def test_who_passes_by_the_page_meets_the_same_limit_of_size(address):
    taken = upload(address, bytes(MAX_MEGABYTES * 2**20))
    assert Path(taken.json()[0]).stat().st_size == MAX_MEGABYTES * 2**20
    assert upload(address, bytes(MAX_MEGABYTES * 2**20 + 1)).status_code == 413


def handler_of_recordings(address):
    """Number of the function that a change of the recording calls."""
    page = requests.get(f"{address}config", timeout=PATIENCE_S).json()
    (speech,) = (item["id"] for item in page["components"] if item["props"].get("elem_id") == "speech")
    (number,) = (item["id"] for item in page["dependencies"] if [speech, "change"] in item["targets"])
    return number


def test_an_address_in_place_of_a_file_is_not_fetched(address):
    """`started` notices when the server asks for it."""
    elsewhere = {"path": "http://elsewhere.invalid/speech.wav", "meta": {"_type": "gradio.FileData"}}
    event = {"data": [elsewhere, "", 5, 1], "fn_index": handler_of_recordings(address), "session_hash": "stranger"}
    assert requests.post(f"{address}gradio_api/queue/join", json=event, timeout=PATIENCE_S).status_code == 200
    stream = f"{address}gradio_api/queue/data?session_hash=stranger"
    with requests.get(stream, stream=True, timeout=PATIENCE_S) as answer:
        completed = next(line for line in answer.iter_lines() if b"process_completed" in line)
    assert b'"success":false' in completed and b"Only uploads and recordings are taken" in completed


def test_it_listens_to_this_machine_only(address, trained_run):
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", port))  # an address of this machine too, but not the one it listens on
    command = [sys.executable, "-m", "experiments.demo", f"--run={trained_run[0]}"]
    done = subprocess.run(
        [*command, f"--port={port}"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ") and str(port) in done.stderr
