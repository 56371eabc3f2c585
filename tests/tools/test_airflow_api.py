"""The client of Airflow's API, against a local server that answers as Airflow does."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tools import airflow_api
from tools.airflow_api import AirflowApi, ApiError
from tools.local_airflow import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Reply = tuple[int, object]

HEALTHY = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-03-20T12:00:00Z"},
    "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": None},
    "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
}
RUN = {"dag_id": "d", "dag_run_id": "r", "run_type": "manual"}
TASK = {"task_id": "t", "try_number": 1, "duration": None}


@contextmanager
def serving(replies: Mapping[str, list[Reply]]) -> Iterator[tuple[AirflowApi, list[str]]]:
    """Serve replies by path, the last of each again and again; log what was asked, and by whom."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix("/api/v2/")
            asked.append(f"{path} {self.headers.get('Authorization')}")
            queue = replies[path]
            status, body = queue.pop(0) if len(queue) > 1 else queue[0]
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield AirflowApi(f"http://127.0.0.1:{server.server_port}", "admin", "secret"), asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_airflow_is_healthy_when_all_parts_report_in() -> None:
    """A triggerer is not needed; the API that tasks speak to is."""
    with serving(
        {"/execution/health": [(200, {"status": "healthy"})], "monitor/health": [(200, HEALTHY)]}
    ) as (api, _):
        assert api.is_healthy()


@pytest.mark.parametrize(
    "tasks,parts",
    [
        ((500, {}), (200, HEALTHY)),
        ((200, {"status": "healthy"}), (503, HEALTHY)),
        ((200, {"status": "healthy"}), (200, {**HEALTHY, "scheduler": {"status": "unhealthy"}})),
        ((200, {"status": "healthy"}), (200, {"metadatabase": {"status": "healthy"}})),
    ],
)
def test_airflow_is_not_healthy_when_a_part_is_not(tasks: Reply, parts: Reply) -> None:
    """Nor when it has never reported in."""
    with serving({"/execution/health": [tasks], "monitor/health": [parts]}) as (api, _):
        assert not api.is_healthy()


def test_nobody_listening_is_not_healthy_and_a_sentence() -> None:
    """Waiting goes on; asking for anything else is an error that names the address."""
    api = AirflowApi(f"http://127.0.0.1:{free_port()}", "admin", "secret")
    assert not api.is_healthy()
    with pytest.raises(ApiError, match=r"Airflow does not answer at http://127\.0\.0\.1"):
        api.dag_ids()


def test_a_token_that_is_out_of_date_is_renewed() -> None:
    """Once; the request is then made again."""
    replies: dict[str, list[Reply]] = {
        "/auth/token": [(201, {"access_token": "old"}), (201, {"access_token": "new"})],
        "dags": [(401, {}), (200, {"dags": [{"dag_id": "gap_detection"}]})],
    }
    with serving(replies) as (api, asked):
        assert api.dag_ids() == {"gap_detection"}
    assert [line for line in asked if line.startswith("dags")] == [
        "dags Bearer old",
        "dags Bearer new",
    ]


def test_a_refusal_is_told_with_its_reason() -> None:
    """Such as a param of the wrong form."""
    replies: dict[str, list[Reply]] = {
        "/auth/token": [(201, {"access_token": "x"})],
        "dags/d/dagRuns": [(400, {"detail": "'x' is not a 'date'"})],
    }
    with (
        serving(replies) as (api, _),
        pytest.raises(ApiError, match=r"with 400: .*is not a 'date'"),
    ):
        api.trigger("d", {"start_date": "x"})


def test_a_run_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change of a task is told once; a mapped task has its name when Airflow knows it."""
    began = {**TASK, "map_index": 0, "rendered_map_index": "0", "state": "running"}
    ended = {**TASK, "map_index": 0, "rendered_map_index": "pvpc", "state": "success"}
    goes_on: Reply = (200, {**RUN, "state": "running"})
    has_begun: Reply = (200, {"task_instances": [began]})
    replies: dict[str, list[Reply]] = {
        "/auth/token": [(201, {"access_token": "x"})],
        "dags/d/dagRuns/r": [goes_on, goes_on, (200, {**RUN, "state": "success"})],
        "dags/d/dagRuns/r/taskInstances": [
            has_begun,
            has_begun,
            (200, {"task_instances": [ended]}),
        ],
    }
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(airflow_api, "_POLL_S", 0.01)
    with serving(replies) as (api, _):
        run = api.follow(
            "d", "r", timeout_s=300, tell=lambda task: told.append((task.label, task.state))
        )
    assert run["state"] == "success"
    assert told == [("", "running"), ("pvpc", "success")]


def test_a_run_that_does_not_end_is_told_with_its_tasks() -> None:
    """After the time it was given."""
    stuck = {**TASK, "map_index": -1, "rendered_map_index": None, "state": None}
    replies: dict[str, list[Reply]] = {
        "/auth/token": [(201, {"access_token": "x"})],
        "dags/d/dagRuns/r": [(200, {**RUN, "state": "running"})],
        "dags/d/dagRuns/r/taskInstances": [(200, {"task_instances": [stuck]})],
    }
    with serving(replies) as (api, _), pytest.raises(ApiError, match=r"has not ended .*: t none"):
        api.follow("d", "r", timeout_s=0)
