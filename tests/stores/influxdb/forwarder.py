"""Makes an InfluxDB 1.x speak as much of 2.x as the store asks for: a thin forwarder, no mock.

``/api/v2/write`` becomes ``/write``, ``/api/v2/delete`` an InfluxQL ``DELETE`` with the
limits of 2.x (a predicate on what is no tag answers 204 and deletes nothing), ``/query``
stays. The token is checked, and refusals have the form and status of 2.x.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gapfill.stores.influxdb import influxql

TOKEN = "the-token-of-the-tests"
READ_ONLY = "the-read-only-token"
ORG = "tests"

_PAIR = re.compile(r'"?((?:[^"\\=]|\\.)+)"?="((?:[^"\\]|\\.)*)"(?: AND |$)')


def plain(quoted: str) -> str:
    """Return a text of a predicate without its escapes."""
    return re.sub(r"\\(.)", r"\1", quoted)


class Forwarder:
    """Serves on a free local port until it is closed.

    Attributes:
        url: Its root.
        engine_port: Port of the 1.x behind it.
    """

    def __init__(self, engine_port: int) -> None:
        self.engine_port = engine_port
        outer = self

        class Handler(_Handler):
            engine_port = outer.engine_port

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class QuietServer(ThreadingHTTPServer):
    """A server that prints nothing about connections that break."""

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever asked sees that the connection is closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine_port = 0

    def setup(self) -> None:
        super().setup()
        self._engine = http.client.HTTPConnection("127.0.0.1", self.engine_port)

    def finish(self) -> None:
        self._engine.close()
        super().finish()

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        database, _, policy = query.get("bucket", "").partition("/")
        token = self.headers.get("Authorization", "").removeprefix("Token ")
        if token not in (TOKEN, READ_ONLY):
            self._refuse(401, "unauthorized", "unauthorized access")
        elif parts.path == "/query":
            self._pass_on(self.command, self.path, body)
        elif token == READ_ONLY:
            self._refuse(403, "forbidden", "insufficient permissions for write")
        elif query.get("org") != ORG:
            self._refuse(404, "not found", f'organization name "{query.get("org")}" not found')
        elif parts.path == "/api/v2/write":
            target = {"db": database, "rp": policy, "precision": query.get("precision", "ns")}
            self._pass_on("POST", f"/write?{urlencode(target)}", body)
        elif parts.path == "/api/v2/delete":
            self._delete(database, json.loads(body))
        else:
            self._refuse(404, "not found", "path not found")

    def _delete(self, bucket: str, asked: dict[str, str]) -> None:
        pairs = {plain(key): plain(value) for key, value in _PAIR.findall(asked["predicate"])}
        measurement = pairs.pop("_measurement")
        tags = self._ask(bucket, f'SHOW TAG KEYS FROM "{measurement}"')
        known = {row[0] for series in tags.get("series", ()) for row in series["values"]}
        if "error" in tags:
            self._refuse(404, "not found", f'bucket "{bucket}" not found')
        elif pairs.keys() <= known:
            conditions = [f"time >= '{asked['start']}'", f"time <= '{asked['stop']}'"]
            conditions += [f"{influxql.name(key)} = {influxql.value(pairs[key])}" for key in pairs]
            chosen = influxql.select("*", measurement, *conditions)
            done = self._ask(bucket, chosen.replace("SELECT *", "DELETE", 1))
            if "error" in done:
                self._refuse(400, "invalid", done["error"])
            else:
                self._answer(204, b"")
        else:
            self._answer(204, b"")

    def _ask(self, database: str, statement: str) -> dict[str, Any]:
        target = urlencode({"db": database, "q": statement})
        _, said, _ = self._send("POST", f"/query?{target}", b"", {})
        result: dict[str, Any] = json.loads(said)["results"][0]
        return result

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, str | None]:
        """Ask the engine, anew where it has been started again since the last request."""
        for is_last in (False, True):
            try:
                self._engine.request(method, path, body or None, headers)
                answer = self._engine.getresponse()
                return answer.status, answer.read(), answer.headers.get("Content-Encoding")
            except (http.client.HTTPException, OSError):
                self._engine.close()
                if is_last:
                    raise
        raise AssertionError

    def _pass_on(self, method: str, path: str, body: bytes) -> None:
        headers = {
            name: self.headers[name]
            for name in ("Content-Encoding", "Accept-Encoding", "Content-Type")
            if name in self.headers
        }
        status, said, encoding = self._send(method, path, body, headers)
        if status < 300 or path.startswith("/query"):
            self._answer(status, said, encoding)
            return
        error = json.loads(said)["error"]
        if "database not found" in error:
            bucket = parse_qs(urlsplit(path).query)["db"][0]
            self._refuse(404, "not found", f'bucket "{bucket}" not found')
        elif "partial write" in error:
            message = f"failure writing points to database: {error}"
            self._refuse(422, "unprocessable entity", message)
        else:
            self._refuse(status, "invalid", error)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._answer(status, json.dumps({"code": code, "message": message}).encode())

    def _answer(self, status: int, body: bytes, encoding: str | None = None) -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
