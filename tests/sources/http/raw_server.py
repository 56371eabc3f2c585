"""A server that sends whatever bytes a test wants, when it wants, and keeps what it received."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Script = Callable[[socket.socket], None]

_TLS = b"\x16"
_RST = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came.

    Attributes:
        path: Path and query.
        headers: By lower-case name.
        raw: All of it.
    """

    path: str
    headers: dict[str, str]
    raw: str


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of an HTTP answer; ``_`` in a header's name stands for ``-``."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def reset(connection: socket.socket) -> None:
    """Answer with a TCP RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)


@dataclass(slots=True)
class RawServer:
    """Serves on a free local port while its context lasts.

    Attributes:
        answers: Bytes, or a function of the connection, in turn; the last one stays.
        received: What came.
    """

    answers: list[bytes | Script] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Root URL without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port."""
        return int(self._listener.getsockname()[1])

    def connection(self, **more: object) -> str:
        """Return an Airflow connection to it, as an environment variable holds one."""
        return json.dumps({"conn_type": "http", "host": self.url, **more})

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            raw = b""
            while b"\r\n\r\n" not in raw:
                piece = connection.recv(65536)
                if not piece:
                    return
                raw += piece
                if raw.startswith(_TLS):
                    connection.sendall(reply(400))
                    return
            answer = self.answers[min(len(self.received), len(self.answers) - 1)]
            self.received.append(_parse(raw.decode("latin-1")))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)
                _close_gently(connection)


def _close_gently(connection: socket.socket) -> None:
    """Close when the client has: some systems reset a connection that is closed at once."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(1)
    while connection.recv(65536):
        pass


def _parse(raw: str) -> Received:
    first, *lines = raw.split("\r\n\r\n", maxsplit=1)[0].split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    return Received(first.split(" ")[1], {name.lower(): value for name, value in pairs}, raw)
