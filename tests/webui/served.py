"""One real Airflow around the showcase, with a user of every role, for all tests that need it."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from tools.local_airflow import LocalAirflow
from tools.processes import members
from tools.showcase import showcase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.showcase import Showcase

ROLES = {"admin": "admin", "otto": "op", "uma": "user", "vera": "viewer"}
"""Who is there, and as what."""


@dataclass
class Served:
    """A running Airflow.

    Attributes:
        airflow: Itself.
        showcase: What its routes see.
        tokens: By user.
    """

    airflow: LocalAirflow
    showcase: Showcase
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, user: str) -> str:
        """Return a token, as a program gets one from Airflow's login."""
        if user not in self.tokens:
            password = self.airflow.password if user == "admin" else f"{user}-password"
            reply = requests.post(
                f"{self.airflow.url}/auth/token",
                json={"username": user, "password": password},
                timeout=300,
            )
            self.tokens[user] = reply.json()["access_token"]
        return self.tokens[user]

    def ask(self, method: str, path: str, user: str | None) -> requests.Response:
        """Send a request as somebody, or as nobody."""
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        url = f"{self.airflow.url}{path}"
        return requests.request(method, url, headers=headers, timeout=300, allow_redirects=False)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Let an Airflow run; afterwards none of its processes is left.

    Also where ``timeout`` ends the tests: SIGTERM is taken as Ctrl-C, after which pytest
    tears down.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    users = ",".join(f"{name}:{role}" for name, role in ROLES.items())
    with showcase(folder) as shown:
        env = {**shown.env, "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users}
        with LocalAirflow(folder / "airflow", env) as running:
            passwords = {name: f"{name}-password" for name in ROLES} | {"admin": running.password}
            running.home.joinpath("passwords.json").write_text(json.dumps(passwords))
            running.start(dags=["gap_detection"])
            sessions = running.programs.sessions
            yield Served(running, shown)
            assert running.stop() == []
    assert members(sessions) == []
    signal.signal(signal.SIGTERM, before)
