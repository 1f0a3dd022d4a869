"""A served page and a headless browser to visit it with."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from drl4ser.corpora.synthetic.espeak import speak
from tests.conftest import PATIENCE_S
from tests.demo.visitor import Visitor

ROOT = Path(__file__).parents[2]
MAX_SECONDS, MAX_MEGABYTES = 4, 1
# The server as a user starts it, but every address that it asks for or connects to beside its own is written down.
WATCHED_SERVER = """
import runpy, sys
import httpx
# Gradio gives its own server three seconds to answer, which a busy machine exceeds.
head = httpx.head
httpx.head = lambda url, **options: head(url, **{**options, "timeout": 300})
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        host = str(arguments[1][0] if event == "socket.connect" else arguments[0])
        if host not in ("127.0.0.1", "localhost"):
            print("reached out to", host, file=sys.stderr, flush=True)
sys.addaudithook(watch)
runpy.run_module("experiments.demo", run_name="__main__", alter_sys=True)
"""


@contextlib.contextmanager
def started(run, folder, *flags):
    """The address of a served page. In the end the server stops without complaint and leaves nothing behind.

    Args:
        run: directory of a finished run.
        folder: an empty one, which the server takes for that of temporary files.
        flags: of experiments.demo.
    """
    command = [sys.executable, "-c", WATCHED_SERVER, f"--run={run}"]
    with (folder / "errors.txt").open("w") as errors:
        server = subprocess.Popen(
            [*command, f"--max_megabytes={MAX_MEGABYTES}", *flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | {"TMPDIR": str(folder)},
        )
    try:
        line = server.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), (folder / "errors.txt").read_text(encoding="utf-8")
        yield line.split()[0]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=PATIENCE_S) == 0
        said = (folder / "errors.txt").read_text(encoding="utf-8")
        assert "Traceback" not in said and "reached out" not in said, said
        assert [path.name for path in folder.iterdir()] == ["errors.txt"]
    finally:
        server.kill()
        server.stdout.close()
        server.wait()


@pytest.fixture(scope="package")
def speech(tmp_path_factory) -> Path:
    """A sentence spoken by the default corpus's synthesiser."""
    spoken = speak(
        "<speak>I really did not expect that.</speak>",
        "en-us+m3",
        rate=170,
        pitch=50,
        pitch_range=50,
        volume=40,
        seed=1,
    )
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, spoken.samples, spoken.sample_rate)
    return path


@pytest.fixture(scope="package")
def address(trained_run, tmp_path_factory):
    """Of the page of `trained_run`."""
    with started(trained_run[0], tmp_path_factory.mktemp("server"), f"--max_seconds={MAX_SECONDS}") as found:
        yield found


@pytest.fixture(scope="package")
def browser(speech, tmp_path_factory):
    """Headless Chromium, whose microphone hears `speech` over and over."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        f"user-data-dir={tmp_path_factory.mktemp('browser')}",
        "window-size=1200,1500",
        "use-fake-device-for-media-stream",
        "use-fake-ui-for-media-stream",
        f"use-file-for-fake-audio-capture={speech}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()


@pytest.fixture
def visitor(browser, address) -> Visitor:
    """One who has just come to the page."""
    return Visitor(browser, address)
