"""The notebooks run from top to bottom, and are stored with outputs that a code host shows."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq.asyncio
from jupyter_client.session import Session

from notebooks.kernel import AttentiveChannel

ROOT = Path(__file__).parents[1]
PICTURE = re.compile(r'<img[^>]+src="data:image/png;base64')
STALE = "run python -m notebooks.store_outputs"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_what_a_code_host_shows(path):
    """Executed once from top to bottom; text and pictures only; small."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), STALE
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    for output in outputs:
        assert output["output_type"] != "error" and output.get("name") != "stderr"
        assert set(output.get("data", {})) <= {"text/plain", "text/markdown", "image/png"}
        text = json.dumps([output.get("text", ""), output.get("data", {}).get("text/plain", "")])
        assert str(ROOT) not in text and "/tmp/" not in text
    assert path.stat().st_size < 1_000_000
    assert "widgets" not in notebook["metadata"]


def test_a_reply_that_arrives_during_a_send_is_noticed():
    async def exchange():
        with zmq.Context() as elsewhere, elsewhere.socket(zmq.ROUTER) as kernel, zmq.asyncio.Context() as context:
            kernel.linger = 0
            session = Session(key=b"")
            with context.socket(zmq.DEALER) as socket:
                socket.identity, socket.linger = b"client", 0
                socket.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
                channel = AttentiveChannel(socket, session)
                channel.send(session.msg("kernel_info_request"))
                session.recv(kernel, mode=0)
                waiting = asyncio.ensure_future(channel.get_msg())
                await asyncio.sleep(0.1)
                session.send(kernel, "kernel_info_reply", ident=b"client")
                time.sleep(0.5)  # the reply arrives while the loop is busy
                channel.send(session.msg("comm_msg"))
                return await asyncio.wait_for(waiting, 30)

    assert asyncio.run(exchange())["msg_type"] == "kernel_info_reply"


def test_all_notebooks_run(trained_run, records_dir, tmp_path):
    run = tmp_path / "experiment" / "s3-acoustic+lexical" / "fold-00-seed-0"
    shutil.copytree(trained_run[0], run)
    settings = (  # a cell that takes longer is named by the error
        "timeout=900",
        "startup_timeout=900",
        "kernel_manager_class=notebooks.kernel.AttentiveKernelManager",
    )
    options = [f"--ExecutePreprocessor.{setting}" for setting in settings]
    options += ["--execute", "--to=html", f"--output-dir={tmp_path / 'pages'}"]
    environment = {
        "DRL4SER_ROOT": str(ROOT),
        "DRL4SER_RUN": str(run),
        "DRL4SER_RECORDS": str(records_dir),
        "DRL4SER_NUM_UTTERANCES": "40",
        "DRL4SER_EPOCHS": "2",
        "IPYTHONDIR": str(tmp_path / "ipython"),  # nothing of the user's own
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", *options, *NOTEBOOKS],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    attention, results, own = (
        (tmp_path / "pages" / f"{name}.html").read_text(encoding="utf-8")
        for name in ("02_attention_and_informativeness", "03_results", "04_your_own_system")
    )
    assert "30 utterances to train on, 10 held out" in own and "differs by less than 1e-4: True" in own
    assert len(PICTURE.findall(own)) == 2
    assert "jupyter.widget-view" in attention and len(PICTURE.findall(attention)) >= 2
    assert len(PICTURE.findall(results)) == 3
    record = trained_run[1]
    assert f"UA {record.ua:.1%}" in results and "S3" in results
    errors = sum(label != found for label, found in zip(record.labels, record.predictions, strict=True))
    assert len(re.findall(r"taken for \w+ \(\d+%\)", results)) == min(errors, 5)


def run_cells(name, monkeypatch, folder, **environment):
    """Run the cells in this process, without controls, in a folder that holds nothing; what they display."""
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.chdir(folder)
    for variable in ("RUN", "RECORDS", "AUDIO"):
        monkeypatch.delenv(f"DRL4SER_{variable}", raising=False)
    for variable, value in {"DRL4SER_ROOT": str(folder), **environment}.items():
        monkeypatch.setenv(variable, value)
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    exec("\n".join(code).replace("%matplotlib inline\n", "").split("\ninteract(")[0], {})
    return shown


def test_a_notebook_without_run_and_records_shows_what_comes_with_the_package(monkeypatch, tmp_path, capsys):
    """A trained system, and a sentence that espeak-ng speaks."""
    player, _ = run_cells("01_from_wav_to_llds", monkeypatch, tmp_path)
    assert "example.wav" in capsys.readouterr().out and type(player).__name__ == "Audio"
    player, attention, _ = run_cells("02_attention_and_informativeness", monkeypatch, tmp_path)
    assert type(player).__name__ == "Audio" and "group 4" in attention.get_suptitle()
    table, *_ = run_cells("03_results", monkeypatch, tmp_path)
    assert "| S3 " in table.data


def test_results_of_a_trained_system_need_no_records(monkeypatch, tmp_path, capsys):
    """What needs recordings is left out."""
    shown = run_cells("03_results", monkeypatch, tmp_path, DRL4SER_RUN="ravdess-small")
    assert len(shown) == 3 and "Poria et al. 2016, softmax" in shown[0].data
    assert re.search(r"UA \d\d\.\d%, .* on 671 utterances", capsys.readouterr().out)
