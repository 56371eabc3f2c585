"""Receives what Apprise sends to ``json://``, or refuses it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Receiver:
    """A service that takes messages.

    Attributes:
        port: Its port on this machine.
        status: What it answers.
        taken: Messages that it took, in order.
        refused: Messages that it refused.
    """

    port: int = 0
    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        """Titles of the messages that it took."""
        return [message["title"] for message in self.taken]

    def connection(self, secret: str = "") -> str:
        """Return the Airflow connection that names it, with a password in its URL."""
        who = f"user:{secret}@" if secret else ""
        path = f"json://{who}127.0.0.1:{self.port}/"
        return json.dumps({"conn_type": "apprise", "extra": {"config": {"path": path}}})


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve on a free local port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            (receiver.taken if receiver.status == 200 else receiver.refused).append(message)
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join(5)
