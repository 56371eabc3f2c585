"""A real HTTP server before the sandbox, which enforces a limit that it tells nobody."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.domain.limiters import Limiter

TOO_MANY = (
    '{"descripcion":"Límite de peticiones o caudal por minuto excedido para este usuario. '
    'Espere al siguiente minuto.","estado":429}'
).encode("iso-8859-15")
"""As AEMET says it; the other APIs' hooks look at the status alone."""


@dataclass
class Gatekeeper:
    """What came, and what was refused.

    Attributes:
        limiter: Counts the requests.
        clock: Seconds of the test's own time.
        url: Where it serves.
        accepted: When requests were let through.
        refused: When requests were refused.
    """

    limiter: Limiter
    clock: Callable[[], float]
    url: str = ""
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def accepts(self) -> bool:
        """Count a request."""
        now = self.clock()
        is_accepted = self.limiter.accepts(now)
        (self.accepted if is_accepted else self.refused).append(now)
        return is_accepted

    def per_minute(self, minutes: float) -> float:
        """Return the rate of the requests that were let through in the last minutes."""
        since = self.accepted[-1] - 60 * minutes
        return sum(at > since for at in self.accepted) / minutes


@contextmanager
def guarding(behind: str, gatekeeper: Gatekeeper) -> Iterator[Gatekeeper]:
    """Serve before another server while the context lasts."""
    host = urlsplit(behind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not gatekeeper.accepts():
                self._answer(429, TOO_MANY, "text/plain;charset=ISO-8859-15")
                return
            there = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
            there.request("GET", self.path, headers=dict(self.headers.items()))
            reply = there.getresponse()
            self._answer(reply.status, reply.read(), reply.headers["Content-Type"])
            there.close()

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:  # noqa: ANN401 - as the base has it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        gatekeeper.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield gatekeeper
        finally:
            server.shutdown()
            thread.join()
