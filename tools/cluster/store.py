"""The cluster's InfluxDB: a 2.x ``influxd`` where there is one, else Debian's with a forwarder.

It may be killed and started again on its data, which nothing but its disk holds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import requests

from tests.stores.influxdb.forwarder import ORG, TOKEN
from tools.cluster.check import Point
from tools.cluster.servers import find
from tools.cluster.world import MEASUREMENT
from tools.local_airflow import HERE, ROOT, free_port, inherited
from tools.processes import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tools.cluster.world import Market
    from tools.processes import Programs

SETTINGS = {"INFLUXDB_ORG": ORG, "INFLUXDB_TOKEN": TOKEN, "INFLUXDB_BUCKET": "prices"}
"""What ``.env`` would say: the forwarder knows one organization and one token."""

NAME = "influxdb"
_READY_S = 60.0
_REPLY_S = 60
_BATCH = 5000

_CONFIG = """
reporting-disabled = true
bind-address = "{here}:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[http]
bind-address = "{here}:{port}"
log-enabled = false
[monitor]
store-enabled = false
"""


class InfluxDb:
    """One server with one bucket.

    Args:
        programs: Runs it.
        folder: Its data.
        environment: Of the service ``influxdb`` in docker-compose.yaml.

    Attributes:
        place: ``host:port`` of what speaks 2.x.
    """

    def __init__(self, programs: Programs, folder: Path, environment: Mapping[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._environment = environment
        self._program = os.environ.get("GAPFILL_TEST_INFLUXD") or find("influxd", "influxdb")
        self._port = free_port()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Token {self._said('ADMIN_TOKEN')}"
        # A connection that was kept would be one to the server before its death.
        self._session.headers["Connection"] = "close"
        self.place = f"{HERE}:{self._port}"

    @cached_property
    def version(self) -> str:
        """What it says of itself."""
        said = subprocess.run(
            [self._program, "version"], capture_output=True, text=True, check=False
        )
        return " ".join(said.stdout.split()[:2])

    def set_up(self) -> None:
        """Start it for the first time and make organization, bucket and token."""
        self._folder.mkdir(mode=0o700)
        self.start()
        if self._is_2:
            document = {
                name: self._said(name.upper()) for name in ("username", "password", "org", "bucket")
            }
            document["token"] = self._said("ADMIN_TOKEN")
            self._call("POST", f"http://{self.place}/api/v2/setup", json=document)
            return
        query = {"q": f'CREATE DATABASE "{self._said("BUCKET")}"'}
        self._call("POST", f"http://{HERE}:{self._port}/query", params=query)
        self.place = self._forward()

    def _forward(self) -> str:
        """Start the forwarder, which stays when the server is killed; return its ``host:port``."""
        command = [sys.executable, "-m", "tools.cluster.forwarder", str(self._port)]
        env = {**inherited(), "PYTHONPATH": f"{ROOT / 'include'}:{ROOT}"}
        self._programs.start("forwarder", command, env, cwd=ROOT)
        found: list[str] = []

        def is_ready() -> bool:
            found.extend(re.findall(r"ready on http://(\S+)", self._programs.tail("forwarder")))
            return bool(found)

        self._programs.wait_until(is_ready, _READY_S, "forwarder", "forwarder")
        return found[0]

    def start(self) -> None:
        """Start it, on the data that are there."""
        self._programs.start(NAME, self._command(), inherited(), cwd=self._folder)
        self._programs.wait_until(self._answers, _READY_S, "InfluxDB", NAME)

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self._programs.kill(NAME)

    def seed(self, market: Market, truth: Mapping[datetime, float]) -> int:
        """Write a market's history but for its holes, as any other program would.

        Returns:
            How many points that are.
        """
        lines = [
            f"{MEASUREMENT},geo={market.geo},market=pvpc price_eur_mwh={truth[slot]!r},"
            f"price_eur_kwh={truth[slot] / 1000!r} {int(slot.timestamp())}"
            for slot in sorted(truth.keys() - market.hidden)
        ]
        where = {"org": self._said("ORG"), "bucket": self._said("BUCKET"), "precision": "s"}
        for start in range(0, len(lines), _BATCH):
            body = "\n".join(lines[start : start + _BATCH]).encode()
            self._call("POST", f"http://{self.place}/api/v2/write", params=where, data=body)
        return len(lines)

    def read(self, market: Market) -> list[Point]:
        """Return every point of a market, whatever other tags it has."""
        columns = "price_eur_mwh, price_eur_kwh, gapfill_source"
        query = {
            "db": self._said("BUCKET"),
            "epoch": "s",
            "q": f"SELECT {columns} FROM {MEASUREMENT} WHERE geo = '{market.geo}' GROUP BY *",  # noqa: S608 - constants
        }
        answer = self._call("GET", f"http://{self.place}/query", params=query).json()
        return list(_rows(answer["results"][0].get("series", ())))

    def _said(self, name: str) -> str:
        return self._environment[f"DOCKER_INFLUXDB_INIT_{name}"]

    @property
    def _is_2(self) -> bool:
        return "v2" in self.version

    def _answers(self) -> bool:
        try:
            return self._session.get(f"http://{HERE}:{self._port}/ping", timeout=5).ok
        except requests.RequestException:
            return False

    def _command(self) -> list[str]:
        folder = self._folder
        if self._is_2:
            return [
                self._program,
                f"--bolt-path={folder}/influxd.bolt",
                f"--engine-path={folder}/engine",
                f"--sqlite-path={folder}/influxd.sqlite",
                f"--http-bind-address={HERE}:{self._port}",
                "--reporting-disabled",
            ]
        config = folder / "influxdb.conf"
        if not config.exists():
            rpc = free_port()
            config.write_text(_CONFIG.format(here=HERE, folder=folder, port=self._port, rpc=rpc))
        return [self._program, "-config", str(config)]

    def _call(self, method: str, url: str, **more: Any) -> requests.Response:  # noqa: ANN401 - of requests
        reply = self._session.request(method, url, timeout=_REPLY_S, **more)
        if not reply.ok:
            message = (
                f"InfluxDB answers {method} {url} with {reply.status_code}: {reply.text[:300]}"
            )
            raise ProgramError(message)
        return reply


def _rows(series: Iterable[Mapping[str, Any]]) -> Iterable[Point]:
    for one in series:
        for at, mwh, kwh, source in one["values"]:
            yield Point(datetime.fromtimestamp(at, UTC), mwh, kwh, source)
