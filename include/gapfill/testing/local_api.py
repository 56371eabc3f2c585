"""A local API for the tests of a source: it returns recorded bytes, or fails."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self

_AT_ONCE = struct.pack("ii", 1, 0)
_LONGEST_S = 60


class Recorded(NamedTuple):
    """An HTTP answer.

    Attributes:
        status: HTTP status.
        body: Its body.
        headers: Its headers, besides ``Content-Length``.
        echoes: Whether the request, with its headers, follows the body, as some servers do.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    echoes: bool = False


class Failure(Enum):
    """A call without a complete answer.

    Attributes:
        SILENCE: The connection stays open, without any byte.
        RESET: The connection is reset.
        CUT: The answer ends after its first bytes.
    """

    SILENCE = auto()
    RESET = auto()
    CUT = auto()


@dataclass(slots=True)
class LocalApi:
    """Serves on a free local port while its context lasts.

    Attributes:
        steps: Answers of the calls, in turn; the last one repeats.
        received: Path and query of each call.
        sent: The body of each answer.
    """

    steps: Sequence[Recorded | Failure] = ()
    received: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Root URL without a slash at its end."""
        if self._server is None:
            raise RuntimeError("The local API does not run: use it in a with statement.")
        return f"http://127.0.0.1:{self._server.server_port}"

    def connection(self, **more: object) -> str:
        """Return an Airflow connection to it, in the form of an environment variable."""
        return json.dumps({"conn_type": "http", "host": self.url, **more})

    def answer_with(self, *steps: Recorded | Failure) -> None:
        """Set the answers of the next calls, and forget the calls so far."""
        self.steps = steps
        self.received.clear()
        self.sent.clear()

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.handle(self)

            def log_message(self, *_: object) -> None:
                """Log nothing, because the test searches the log of the source for keys."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def handle(self, call: BaseHTTPRequestHandler) -> None:
        """Answer one call."""
        step = self.steps[min(len(self.received), len(self.steps) - 1)]
        self.received.append(call.path)
        if step is Failure.SILENCE:
            self._over.wait(_LONGEST_S)
        elif step is Failure.RESET:
            call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            call.connection.close()
        elif step is Failure.CUT:
            self._send(call, Recorded(200, b'{"rows": ['), length=1_000)
        elif isinstance(step, Recorded):
            self._send(call, step)

    def _send(
        self, call: BaseHTTPRequestHandler, answer: Recorded, length: int | None = None
    ) -> None:
        body = answer.body
        if answer.echoes:
            body += f"\n{call.path}\n{call.headers}".encode()
        self.sent.append(body)
        call.send_response(answer.status)
        for name, value in answer.headers.items():
            call.send_header(name, value)
        call.send_header("Content-Length", str(len(body) if length is None else length))
        call.end_headers()
        call.wfile.write(body)
