"""A small HTTP server that answers as a test says: as other databases do, or other versions."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from tests.stores.influxdb.forwarder import QuietServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Answer = Callable[[str, dict[str, str], bytes], tuple[int, object]]


class SmallServer:
    """Serves on a free local port while its context lasts.

    Attributes:
        url: Its root.
    """

    def __init__(self, answer: Answer, version: str = "") -> None:
        class Handler(_Handler):
            answer_of = staticmethod(answer)
            influx_version = version

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer_of: Answer
    influx_version = ""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, document = type(self).answer_of(parts.path, query, body)
        said = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        if said:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
        if self.influx_version:
            self.send_header("X-Influxdb-Version", self.influx_version)
        self.end_headers()
        self.wfile.write(said)
