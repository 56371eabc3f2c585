"""Stands between the store and a real InfluxDB, and spoils what passes when it is told to."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.stores.influxdb.forwarder import QuietServer

if TYPE_CHECKING:
    from collections.abc import Mapping

HTML = b"<html><body><h1>Welcome to the proxy</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to a request.

    Attributes:
        status: Answer this instead of asking the server; 0 asks it.
        body: With this body.
        headers: And these headers.
        slow_s: Wait so long before anything.
        cut: Send half of the server's answer, and close.
        path: Only requests whose path starts so.
        after: Only after so many of those.
    """

    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    slow_s: float = 0
    cut: bool = False
    path: str = "/"
    after: int = 0


class FaultProxy:
    """Serves on a free local port until it is closed.

    Attributes:
        fault: What is done, ``None`` for nothing.
        paths: Paths that were asked for.
        received: Bytes of the bodies that were answered, as they crossed the wire.
        sent: Bodies that came, with the paths and queries they came to, while that is a list.
    """

    def __init__(self, target: str) -> None:
        self.fault: Fault | None = None
        self.paths: list[str] = []
        self.received = 0
        self.sent: list[tuple[str, bytes]] | None = None
        outer = self

        class Handler(_Handler):
            proxy = outer
            place = urlsplit(target).netloc

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def fault_for(self, path: str) -> Fault | None:
        """Return what is to be done to a request, and remember that it came."""
        self.paths.append(path)
        fault = self.fault
        if fault is None or not path.startswith(fault.path):
            return None
        seen = sum(one.startswith(fault.path) for one in self.paths)
        return fault if seen > fault.after else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultProxy
    place: str

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.proxy.sent is not None and body:
            self.proxy.sent.append((self.path, body))
        fault = self.proxy.fault_for(urlsplit(self.path).path) or Fault()
        time.sleep(fault.slow_s)
        status, said, headers = fault.status, fault.body, dict(fault.headers)
        if not status:
            status, said, headers = self._ask(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.proxy.received += len(said)
        self.wfile.write(said[: len(said) // 2] if fault.cut else said)
        if fault.cut:
            self.close_connection = True

    def _ask(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        skip = ("host", "content-length", "connection")
        headers = {name: text for name, text in self.headers.items() if name.lower() not in skip}
        engine = http.client.HTTPConnection(self.place)
        engine.request(self.command, self.path, body or None, headers)
        answer = engine.getresponse()
        said = answer.read()
        engine.close()
        kept = ("Content-Type", "Content-Encoding", "Retry-After")
        return answer.status, said, {n: answer.headers[n] for n in kept if n in answer.headers}
