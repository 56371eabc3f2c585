"""A real InfluxDB for the tests: Debian's 1.6 behind a thin forwarder, or a 2.x where there is one.

A 2.x ``influxd`` on ``PATH`` or in ``GAPFILL_TEST_INFLUXD`` is used as it is.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from gapfill.stores.influxdb.config import InfluxConfig
from tests.stores.influxdb.forwarder import ORG, READ_ONLY, TOKEN, Forwarder

DEADLINE_S = 300

_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
[logging]
level = "error"
"""


def find_influxd() -> str | None:
    """Return the program, ``None`` where there is none."""
    return os.environ.get("GAPFILL_TEST_INFLUXD") or shutil.which("influxd")


def is_2(program: str) -> bool:
    """Tell whether a program is a 2.x, by what it says of itself."""
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    return " v2" in said.stdout or "InfluxDB 2" in said.stdout


class Engine:
    """One server, which a test may kill and start again on the same data.

    Attributes:
        url: Root of what speaks 2.x.
        port: Port of the engine itself.
        process: The running server.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="gapfill-influxdb-"))
        self.port = _free_port()
        self._forwarder: Forwarder | None = None
        self.process = self._launch()
        self.url = f"http://127.0.0.1:{self.port}"
        if self.is_2:
            self._set_up()
        else:
            self._forwarder = Forwarder(self.port)
            self.url = self._forwarder.url

    @cached_property
    def is_2(self) -> bool:
        """Whether the program is a 2.x."""
        return is_2(self.program)

    def access(self, bucket: str, **more: Any) -> InfluxConfig:  # noqa: ANN401 - of several types
        """Return how the store reaches a bucket."""
        known = {"url": self.url, "org": ORG, "bucket": bucket, "token": TOKEN}
        return InfluxConfig("gapfill_store", **{**known, **more})

    def read_only_token(self, bucket: str) -> str:
        """Return a token that may read a bucket and not write it."""
        return self.token_of_2(bucket, "read") if self.is_2 else READ_ONLY

    def token_of_2(self, bucket: str, *actions: str) -> str:
        """Return a token of a 2.x that may do these things with a bucket, and nothing else."""
        resource = {"type": "buckets", "id": self.bucket_id(bucket), "orgID": self._org_id}
        document = {
            "orgID": self._org_id,
            "permissions": [{"action": action, "resource": resource} for action in actions],
        }
        token: str = self._call("POST", "/api/v2/authorizations", document)["token"]
        return token

    def map_as_upgraded(self, database: str, bucket: str) -> str:
        """Map a database of a 2.x to a bucket, as its upgrade from 1.x does; return the id."""
        document = {
            "orgID": self._org_id,
            "bucketID": self.bucket_id(bucket),
            "database": database,
            "retention_policy": "autogen",
            "default": True,
        }
        number: str = self._call("POST", "/api/v2/dbrps", document)["id"]
        return number

    def make_bucket(self, bucket: str, keep_days: int = 0, shard_weeks: int = 0) -> None:
        """Make an empty bucket.

        Args:
            bucket: Its name.
            keep_days: It keeps its points for so long, or for ever.
            shard_weeks: A shard holds so much; the server's default is a week.
        """
        if self.is_2:
            rule = {"type": "expire", "everySeconds": 86_400 * keep_days}
            if shard_weeks:
                rule["shardGroupDurationSeconds"] = 7 * 86_400 * shard_weeks
            document = {"orgID": self._org_id, "name": bucket, "retentionRules": [rule]}
            self._call("POST", "/api/v2/buckets", document)
        else:
            keep = f"{keep_days}d" if keep_days else "INF"
            shard = f" SHARD DURATION {shard_weeks}w" if shard_weeks else ""
            self.ask("_", f'CREATE DATABASE "{bucket}" WITH DURATION {keep}{shard}')

    def keep(self, bucket: str, days: int) -> None:
        """Let a bucket keep its points for so long from now on."""
        if self.is_2:
            document = {"retentionRules": [{"type": "expire", "everySeconds": 86_400 * days}]}
            self._call("PATCH", f"/api/v2/buckets/{self.bucket_id(bucket)}", document)
        else:
            self.ask("_", f'ALTER RETENTION POLICY "autogen" ON "{bucket}" DURATION {days}d')

    def bucket_id(self, bucket: str) -> str:
        """Return the id that a 2.x gave a bucket."""
        found = self._call("GET", f"/api/v2/buckets?{urlencode({'name': bucket})}")
        number: str = found["buckets"][0]["id"]
        return number

    def drop_bucket(self, bucket: str) -> None:
        """Drop a bucket and all that is in it; one that is not there is not an error."""
        if self.is_2:
            found = self._call("GET", f"/api/v2/buckets?{urlencode({'name': bucket})}")
            for one in found["buckets"]:
                self._call("DELETE", f"/api/v2/buckets/{one['id']}")
        else:
            self.ask("_", f'DROP DATABASE "{bucket}"')

    def ask(self, bucket: str, statement: str) -> list[list[Any]]:
        """Return the rows that InfluxQL answers, asked of the engine itself."""
        return [row for one in self.tables(bucket, statement) for row in one["values"]]

    def tables(self, bucket: str, statement: str) -> list[dict[str, Any]]:
        """Return what InfluxQL answers, each series with its tags, columns and rows."""
        query = urlencode({"db": bucket, "epoch": "s", "q": statement})
        said = self._call("GET", f"/query?{query}")
        assert "error" not in said["results"][0], said
        found: list[dict[str, Any]] = said["results"][0].get("series", [])
        return found

    def write(self, bucket: str, lines: list[str], precision: str = "ns") -> None:
        """Write lines as any program could."""
        query = {"bucket": bucket, "db": bucket, "org": ORG, "precision": precision}
        path = "/api/v2/write" if self.is_2 else "/write"
        self._call("POST", f"{path}?{urlencode(query)}", "\n".join(lines))

    def kill(self) -> None:
        """Kill the server, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def start(self) -> None:
        """Start it again on its data."""
        self.process = self._launch()

    def close(self) -> None:
        """Stop it and remove its data."""
        if self._forwarder:
            self._forwarder.close()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=5):
                    return process
            except (URLError, OSError):
                if process.poll() is not None or time.monotonic() > until:
                    process.kill()
                    raise
            time.sleep(0.02)

    def _command(self) -> list[str]:
        if self.is_2:
            folder = self.folder
            return [
                self.program,
                f"--bolt-path={folder}/influxd.bolt",
                f"--engine-path={folder}/engine",
                f"--sqlite-path={folder}/influxd.sqlite",
                f"--http-bind-address=127.0.0.1:{self.port}",
                "--reporting-disabled",
            ]
        config = self.folder / "influxdb.conf"
        if not config.exists():
            config.write_text(_CONFIG.format(folder=self.folder, port=self.port, rpc=_free_port()))
        return [self.program, "-config", str(config)]

    def _set_up(self) -> None:
        document = {
            "username": "tests",
            "password": "tests-of-gapfill",
            "org": ORG,
            "bucket": "first",
            "token": TOKEN,
        }
        self._call("POST", "/api/v2/setup", document)

    @cached_property
    def _org_id(self) -> str:
        found: str = self._call("GET", "/api/v2/orgs")["orgs"][0]["id"]
        return found

    def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        data = body.encode() if isinstance(body, str) else body and json.dumps(body).encode()
        request = Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=data or None,  # type: ignore[arg-type]
            method=method,
            headers={"Authorization": f"Token {TOKEN}"},
        )
        with urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310 - our own server
            said = answer.read()
        return json.loads(said) if said else None


_engines: list[Engine] = []


def engine() -> Engine:
    """Return the one server of this session, started when it is first needed."""
    if not _engines:
        program = find_influxd()
        if program is None:
            pytest.skip("no influxd: apt-get install influxdb, or set GAPFILL_TEST_INFLUXD")
        _engines.append(Engine(program))
        atexit.register(_stop, os.getpid())
    return _engines[0]


def _stop(process: int) -> None:
    """Stop the server with the process that started it, not with its children."""
    if process == os.getpid():
        _engines[0].close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
