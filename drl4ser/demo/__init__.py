"""A page to try a trained run in the browser, served until it is told to stop; the only package that needs Gradio."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drl4ser.console import needing

_WAITING_VISITORS = 20
_SESSIONS = 100


@contextlib.contextmanager
def serve(
    predictor, limits=None, host: str = "127.0.0.1", port: int | None = None, example: tuple[Path, str] | None = None
) -> Iterator[str]:
    """Serve the page of a run for as long as the context lasts; nothing is left behind.

    Args:
        predictor: the run, a `Predictor`.
        limits: what a visitor may bring, a `Limits`; None for the defaults.
        host: address to listen on; "0.0.0.0" lets other machines in.
        port: of the address; None takes the first free one from 7860 on.
        example: a recording under the folder of temporary files and its words, for visitors who have none.

    Yields:
        The page's address.

    Raises:
        OSError: if the port is taken.
        ImportError: if Gradio is not installed.
    """
    # Uploads go to a folder of this server alone. Gradio reads its place from the environment when it is imported.
    with tempfile.TemporaryDirectory(prefix="drl4ser-demo-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        logging.getLogger("httpx").setLevel(logging.WARNING)  # launch() checks whether its own server is up
        from drl4ser.demo.listener import Limits, Listener
        from drl4ser.demo.markup import STYLE

        with needing("demo"):
            from drl4ser.demo.page import build_page

        limits = limits or Limits()
        page = build_page(Listener(predictor, limits), example).queue(max_size=_WAITING_VISITORS)
        try:
            # Every way out of this machine and every other page is turned off by name, whatever the environment sets.
            _, address, _ = page.launch(
                server_name=host,
                server_port=port,
                max_file_size=limits.max_megabytes * 2**20,
                state_session_capacity=_SESSIONS,
                css=STYLE,
                footer_links=[],
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                run_history=False,
                enable_monitoring=False,
                mcp_server=False,
                ssr_mode=False,
                pwa=False,
            )
            yield address
        finally:
            page.close(verbose=False)
