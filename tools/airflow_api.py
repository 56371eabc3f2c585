"""The few calls to Airflow's public REST API that the demo and the tests need."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMEOUT_S = 120
_POLL_S = 1.0
_PAGE = 100

_PARTS = ("metadatabase", "scheduler", "dag_processor")

ENDED = frozenset({"success", "failed"})
"""States in which a DAG run is over."""


class ApiError(Exception):
    """Airflow refused a request; the message says which and why."""


class DagRun(TypedDict):
    """A DAG run, as far as it is needed here."""

    dag_id: str
    dag_run_id: str
    run_type: str
    state: str
    queued_at: NotRequired[str | None]
    start_date: str | None
    end_date: str | None


class TaskInstance(TypedDict):
    """A task instance, as far as it is needed here.

    ``map_index`` is −1 where the task is not mapped; ``rendered_map_index`` is its label.
    """

    task_id: str
    map_index: int
    rendered_map_index: str | None
    state: str | None
    try_number: int
    duration: float | None
    hostname: NotRequired[str | None]


class ImportProblem(TypedDict):
    """A DAG file that cannot be read."""

    filename: str
    stack_trace: str


@dataclass(frozen=True, slots=True)
class Task:
    """What became of one task instance.

    Attributes:
        name: Task id.
        index: Map index, −1 where the task is not mapped.
        label: Name of the mapped instance, empty where it has none.
        state: As Airflow calls it; ``none`` before it is scheduled.
        tries: How often it was begun.
        seconds: How long it ran, ``None`` before its end.
        host: Where it runs or ran last, empty before it was begun.
    """

    name: str
    index: int
    label: str
    state: str
    tries: int
    seconds: float | None
    host: str = ""


class AirflowApi:
    """A client of one Airflow with the simple auth manager.

    Proxies of the environment are not used: the server is on this machine.

    Args:
        url: Root URL.
        user: Login name.
        password: Its password.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._user = user
        self._password = password
        self._session = requests.Session()
        self._session.trust_env = False

    def is_healthy(self) -> bool:
        """Tell whether tasks can run: database, scheduler and DAG processor all report in.

        The API that tasks speak to is built at its first request, which takes seconds:
        asking it here keeps the first task from waiting, or giving up.
        """
        tasks, parts = self._health("execution/health"), self._health("api/v2/monitor/health")
        return bool(tasks) and all(parts.get(part) == "healthy" for part in _PARTS)

    def _health(self, path: str) -> dict[str, str | None]:
        try:
            reply = self._session.get(f"{self.url}/{path}", timeout=_TIMEOUT_S)
            told: dict[str, str | dict[str, str | None]] = reply.json() if reply.ok else {}
        except (requests.RequestException, ValueError):
            return {}
        return {
            part: health["status"] if isinstance(health, dict) else health
            for part, health in told.items()
        }

    def import_problems(self) -> list[ImportProblem]:
        """Return the DAG files that cannot be read."""
        found = self._get("importErrors", limit=_PAGE)
        return cast("list[ImportProblem]", found["import_errors"])

    def dag_ids(self) -> set[str]:
        """Return the ids of all DAGs that can run."""
        found = self._get("dags", limit=_PAGE)
        dags = cast("list[dict[str, str]]", found["dags"])
        return {dag["dag_id"] for dag in dags}

    def trigger(self, dag_id: str, conf: Mapping[str, object] | None = None) -> str:
        """Start a run, and return its id.

        Args:
            dag_id: Which DAG.
            conf: Its params; those left out keep their defaults.

        Raises:
            ApiError: If Airflow refuses, for example a wrong param.
        """
        body = {"conf": dict(conf or {}), "logical_date": None}
        run = self._call("POST", f"dags/{dag_id}/dagRuns", body=body)
        return str(run["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return a DAG run as it is now."""
        return cast("DagRun", self._get(f"dags/{dag_id}/dagRuns/{quote(run_id)}"))

    def runs(self, state: str | None = None) -> list[DagRun]:
        """Return the newest runs of all DAGs, or those in one state, newest first."""
        only = {"state": state} if state else {}
        found = self._get("dags/~/dagRuns", limit=_PAGE, order_by="-run_after", **only)
        return cast("list[DagRun]", found["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """Return all task instances of a run, in the order they were begun."""
        found = self._get(
            f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances",
            limit=_PAGE,
            order_by="start_date",
        )
        given = cast("list[TaskInstance]", found["task_instances"])
        return [_task(task) for task in given]

    def tries(self, dag_id: str, run_id: str, task_id: str, index: int) -> list[Task]:
        """Return every try of a task instance, the first one first."""
        found = self._get(
            f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/{index}/tries"
        )
        given = cast("list[TaskInstance]", found["task_instances"])
        return sorted((_task(task) for task in given), key=lambda task: task.tries)

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, index: int = -1, key: str = "return_value"
    ) -> object:
        """Return what a task instance passed on, ``None`` where it passed on nothing."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries/{key}"
        try:
            return self._get(path, map_index=index, deserialize="false")["value"]
        except ApiError as exc:
            if str(HTTPStatus.NOT_FOUND.value) in str(exc):
                return None
            raise

    def follow(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout_s: float,
        tell: Callable[[Task], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> DagRun:
        """Wait for the end of a run.

        Args:
            dag_id: Which DAG.
            run_id: Which run.
            timeout_s: How long at most, in seconds.
            tell: Told of each task instance whose state has changed.
            check: Called while waiting; may raise to give up.

        Raises:
            ApiError: If it does not end in time.
        """
        deadline = time.monotonic() + timeout_s
        seen: dict[tuple[str, int], str] = {}
        while True:
            check()
            run = self.run(dag_id, run_id)
            for task in self.tasks(dag_id, run_id):
                if seen.get((task.name, task.index)) != task.state:
                    seen[task.name, task.index] = task.state
                    tell(task)
            if run["state"] in ENDED:
                return run
            if time.monotonic() > deadline:
                states = ", ".join(f"{name} {state}" for (name, _), state in seen.items())
                message = f"{dag_id} {run_id} has not ended after {timeout_s:.0f} s: {states}."
                raise ApiError(message)
            time.sleep(_POLL_S)

    def _get(self, path: str, **query: str | int) -> dict[str, object]:
        return self._call("GET", path, query=query)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        if "Authorization" not in self._session.headers:
            self._log_in()
        reply = self._send(method, f"api/v2/{path}", query=query, body=body)
        if reply.status_code == HTTPStatus.UNAUTHORIZED:
            self._log_in()
            reply = self._send(method, f"api/v2/{path}", query=query, body=body)
        return _read(reply)

    def _log_in(self) -> None:
        body = {"username": self._user, "password": self._password}
        token = _read(self._send("POST", "auth/token", body=body))["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self.url}/{path}", params=query, json=body, timeout=_TIMEOUT_S
            )
        except requests.RequestException as exc:
            message = f"Airflow does not answer at {self.url}: {exc}."
            raise ApiError(message) from exc


def _task(task: TaskInstance) -> Task:
    return Task(
        name=task["task_id"],
        index=task["map_index"],
        label=_label(task),
        state=task["state"] or "none",
        tries=task["try_number"],
        seconds=task["duration"],
        host=task.get("hostname") or "",
    )


def _label(task: TaskInstance) -> str:
    """Return a mapped instance's name; before it has one, Airflow gives its number."""
    label = task.get("rendered_map_index") or ""
    return "" if label == str(task["map_index"]) else label


def _read(reply: requests.Response) -> dict[str, object]:
    """Return the JSON object of an answer.

    Raises:
        ApiError: If it is a refusal.
    """
    if not reply.ok:
        request = reply.request
        message = f"Airflow answers {request.method} {request.url} with {reply.status_code}: "
        raise ApiError(message + reply.text[:500])
    return cast("dict[str, object]", reply.json())
