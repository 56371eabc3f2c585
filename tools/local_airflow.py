"""A real Airflow on this machine: scheduler, DAG processor and API server, natively.

SQLite for its metadata, LocalExecutor, a home of its own. It neither reads nor touches
another Airflow's home, whatever the environment it is started from says.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tools.airflow_api import AirflowApi
from tools.processes import ProgramError, Programs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
USER = "admin"

_OWN = ("AIRFLOW_", "_AIRFLOW_", "GAPFILL_")
"""What in an inherited environment could make it another's Airflow."""

HERE = "127.0.0.1"
"""The address of this machine for itself."""

_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - somebody else's wish, see --host
_PARALLELISM = 4
"""Task processes at once: SQLite stands no more, and each takes some 150 MB."""

_MIGRATE_S = 600.0
_HEALTHY_S = 900.0
"""On two idle cores it takes 20 s; this is for a busy machine, and the first start."""

_SECRET_BYTES = 64
_QUICK = {
    # An eighth of a core for seconds less of waiting between tasks: not for a long stay.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
}


class LocalAirflow:
    """An Airflow that runs while the context lasts.

    Args:
        home: Its AIRFLOW_HOME; made when absent, kept afterwards.
        env: Variables for its processes: connections, ``GAPFILL_…``, settings.
        host: Address that the API server listens on.
        port: Its port, ``None`` for a free one.
        has_schedule: Whether DAGs run on their schedules, or by hand only.
        is_fresh: Whether what an earlier Airflow left in this home is removed first.

    Raises:
        ProgramError: If another one runs in this home.
    """

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        *,
        host: str = HERE,
        port: int | None = None,
        has_schedule: bool = False,
        is_fresh: bool = False,
    ) -> None:
        self.home = home.resolve()
        self.programs = Programs(self.home)
        if is_fresh:
            self.programs.clear()
        self._keys = _keys(self.home / "keys.json")
        self.port = port or free_port()
        self.url = f"http://{HERE if host in _EVERYWHERE else host}:{self.port}"
        self.password = self._keys["password"]
        self.api = AirflowApi(self.url, USER, self.password)
        self.env = {**self._environment(host, has_schedule=has_schedule), **env}

    def start(self, *, dags: Collection[str] = ()) -> Self:
        """Start everything and wait until it is healthy.

        Args:
            dags: Ids of DAGs to wait for as well.

        Raises:
            ProgramError: If it does not become healthy, or a DAG file cannot be read.
        """
        try:
            # The API server needs no database before its first request, and is the
            # slowest to start: let the tables be made meanwhile.
            self._start("api-server", "api-server")
            self._start("migrate", "db", "migrate")
            if self.programs.wait("migrate", _MIGRATE_S):
                message = f"Airflow's database cannot be made: \n{self.programs.tail('migrate')}"
                raise ProgramError(message)  # noqa: TRY301 - whatever the failure, all is stopped
            self._start("scheduler", "scheduler", "--skip-serve-logs")
            self._start("dag-processor", "dag-processor")
            self.programs.wait_until(
                self.api.is_healthy, _HEALTHY_S, "healthy Airflow", "scheduler"
            )
            self.programs.wait_until(
                lambda: self._has(dags), _HEALTHY_S, f"DAG {', '.join(dags)}", "dag-processor"
            )
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> list[int]:
        """Stop everything and return the ids of processes that would not end."""
        return self.programs.stop()

    def task_log(self, dag_id: str, run_id: str, task_id: str, index: int = -1) -> Path:
        """Return the folder or file of a task instance's logs."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        return folder / f"map_index={index}" if index >= 0 else folder

    def __enter__(self) -> Self:
        """Return it, started or not."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _start(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "airflow", *arguments]
        self.programs.start(name, command, self.env, cwd=ROOT)

    def _has(self, dags: Collection[str]) -> bool:
        """Tell whether the DAGs are there.

        Raises:
            ProgramError: If a DAG file cannot be read.
        """
        for problem in self.api.import_problems():
            message = f"Airflow cannot read {problem['filename']}:\n{problem['stack_trace']}"
            raise ProgramError(message)
        return set(dags) <= self.api.dag_ids()

    def _environment(self, host: str, *, has_schedule: bool) -> dict[str, str]:
        """Return the environment of its processes."""
        passwords = self.home / "passwords.json"
        _write_private(passwords, json.dumps({USER: self.password}))
        # An empty file keeps Airflow from writing one, which three processes would do at once.
        (self.home / "airflow.cfg").touch()
        return {
            **inherited(),
            **({} if has_schedule else _QUICK),
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(ROOT / "include"),
            "NO_PROXY": ",".join(filter(None, (HERE, "localhost", os.environ.get("NO_PROXY")))),
            # On a Mac, forked processes that have touched the network would be killed.
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(_PARALLELISM),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": self._keys["fernet"],
            # The name servers of a laptop in a train may take long to answer.
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
            # They are made at every start, before anything asks for them.
            "AIRFLOW__DATABASE__CHECK_MIGRATIONS": "False",
            "AIRFLOW__API__HOST": host,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self._keys["api"],
            "AIRFLOW__API_AUTH__JWT_SECRET": self._keys["jwt"],
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(has_schedule),
        }


def inherited() -> dict[str, str]:
    """Return this process's environment without what belongs to another Airflow."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OWN) and name not in {"PYTHONPATH", "no_proxy"}
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HERE, 0))
        return int(listener.getsockname()[1])


def is_free(port: int, host: str = HERE) -> bool:
    """Tell whether a port can be listened on."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True


def _keys(file: Path) -> dict[str, str]:
    """Return this home's password and keys, the same at each start."""
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())
        return known
    made = {
        "password": secrets.token_urlsafe(12),
        "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "api": secrets.token_urlsafe(_SECRET_BYTES),
        "jwt": secrets.token_urlsafe(_SECRET_BYTES),
    }
    _write_private(file, json.dumps(made))
    return made


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    file.touch(mode=0o600)
    file.write_text(text)
