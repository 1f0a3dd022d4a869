"""A local HTTP server that misbehaves as told, for the download tests."""

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer:
    """Serves `files` (path -> bytes). Each entry of `faults` (path -> list) spoils one request, first to last:

    "break" sends half of what is asked for and hangs up, "restart" ignores the range, "shift" answers with another
    range, an integer is a status without content.
    """

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.faults: dict[str, list] = {}
        self.requests: list[tuple[str, str | None]] = []  # path, Range header
        self.url = ""
        self.chunked = False  # no Content-Length, as where GitHub makes an archive on the fly


class _Handler(BaseHTTPRequestHandler):
    server_version = "test"

    def log_message(self, *_):
        pass

    def do_GET(self):
        state: WebServer = self.server.state
        path = self.path.partition("?")[0]
        asked = self.headers.get("Range")
        state.requests.append((path, asked))
        fault = state.faults[path].pop(0) if state.faults.get(path) else None
        if path in state.redirects:
            return self._head(302, {"Location": state.redirects[path], "Content-Length": "0"})
        if path not in state.files or isinstance(fault, int):
            return self._head(fault or 404, {"Content-Length": "0"})
        return self._send(state.files[path], asked, fault, state.chunked)

    def _send(self, content, asked, fault, chunked):
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and fault != "restart" else 0
        if start >= len(content) and start:
            return self._head(416, {"Content-Length": "0"})
        rest = content[start:]
        headers = {} if chunked else {"Content-Length": str(len(rest))}
        if asked and fault != "restart":
            shown = start + 1 if fault == "shift" else start
            headers["Content-Range"] = f"bytes {shown}-{len(content) - 1}/{len(content)}"
        self._head(206 if "Content-Range" in headers else 200, headers)
        self.wfile.write(rest[: len(rest) // 2] if fault == "break" else rest)
        self.close_connection = True
        return None

    def _head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextlib.contextmanager
def run_server() -> Iterator[WebServer]:
    """The server on a free port of this machine, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.state = WebServer()
    server.state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
