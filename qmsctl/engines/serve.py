"""Serves build/site on this machine and builds it anew when a file of the system, or a branch of Git, changes."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from qmsctl import saves

RELOAD = b'<script src="/__qms.js"></script></body>'
"""A file of its own, for the policy of the pages forbids scripts inside them."""
SCRIPT = b"(function(){var v=null;setInterval(function(){fetch('/__qms').then(function(r){return r.text()}).then(function(t){if(v===null){v=t}else if(v!==t){location.reload()}})['catch'](function(){})},400)})();"
PACKED = (".html", ".css", ".js", ".svg", ".csv", ".ics", ".bpmn", ".json")
TRIES = 20


class _Handler(http.server.SimpleHTTPRequestHandler):
    version: ClassVar[list[int]] = [0]

    def do_GET(self) -> None:
        if self.path == "/__qms":
            return self._send(str(self.version[0]).encode(), "text/plain")
        if self.path == "/__qms.js":
            return self._send(SCRIPT, "text/javascript")
        file = Path(self.translate_path(self.path.split("?")[0].split("#")[0]))
        if "\0" in str(file) or not file.resolve().is_relative_to(Path(self.directory).resolve()):
            return self.send_error(404)
        if file.is_dir():
            file = file / "index.html"
        if file.suffix == ".html" and file.is_file():
            return self._send(file.read_bytes().replace(b"</body>", RELOAD), "text/html; charset=utf-8")
        if file.suffix in PACKED and file.is_file():
            kind = self.guess_type(str(file))
            return self._send(file.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        return super().do_GET()

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(data) > 500:
            data = gzip.compress(data, 6, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the builds."""


def serve(
    root: Path,
    host: str,
    port: int,
    again: Callable[[], None],
    ready: Callable[[str], None],
    failed: Callable[[str], None],
) -> None:
    """Serve until interrupted; ``again`` builds, ``ready`` is told the address, ``failed`` why a build did not work."""
    site = root / "build" / "site"

    def handler(*arguments: Any, **options: Any) -> _Handler:
        return _Handler(*arguments, directory=str(site), **options)

    server = _open(host, port, handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    changes = saves.changes(root, measures=False)
    ready(f"http://{host}:{server.server_address[1]}/")
    try:
        for _ in changes:
            try:
                again()
            except RuntimeError as error:
                failed(str(error))
            else:
                _Handler.version[0] += 1
    except KeyboardInterrupt:
        server.shutdown()


def _open(host: str, port: int, handler: Any) -> http.server.ThreadingHTTPServer:
    for offset in range(TRIES):
        try:
            return http.server.ThreadingHTTPServer((host, port + offset), handler)
        except OSError:
            if offset == TRIES - 1:
                raise
    raise OSError("no free port")
