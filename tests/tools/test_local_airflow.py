"""A real Airflow starts, runs a DAG and leaves no process behind."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tools.airflow_api import ApiError
from tools.local_airflow import LocalAirflow, free_port, inherited, is_free
from tools.processes import members

if TYPE_CHECKING:
    from pathlib import Path

    from tools.airflow_api import Task

DAG = """
from datetime import UTC, datetime
from airflow.sdk import dag, task


@dag(schedule="* * * * *", start_date=datetime(2025, 1, 1, tzinfo=UTC), catchup=False)
def probe():
    @task
    def names(params):
        return [params["name"], "b"]

    @task(map_index_template="{{ task.op_kwargs['name'] }}")
    def greet(name):
        import os
        return {"name": name, "home": os.environ["AIRFLOW_HOME"], "given": os.environ["GIVEN"]}

    greet.expand(name=names())


probe().params["name"] = "a"
"""


def test_settings_of_another_airflow_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its home, its connections, its database, and what Gapfill is told elsewhere."""
    others = ("AIRFLOW_HOME", "AIRFLOW__CORE__EXECUTOR", "AIRFLOW_CONN_X", "GAPFILL_NOW")
    for name in others:
        monkeypatch.setenv(name, "another's")
    monkeypatch.setenv("UNRELATED", "stays")
    known = inherited()
    assert not set(others) & set(known)
    assert known["UNRELATED"] == "stays"


def test_a_free_port_is_free_until_somebody_listens() -> None:
    """And a taken one is not."""
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_a_home_keeps_its_password_and_its_environment_wins(tmp_path: Path) -> None:
    """A second start finds the same keys; what is given beats what is set."""
    with LocalAirflow(tmp_path, {"AIRFLOW__CORE__PARALLELISM": "2"}) as first:
        password = first.password
        assert first.env["AIRFLOW__CORE__PARALLELISM"] == "2"
        assert first.env["AIRFLOW_HOME"] == str(tmp_path)
    with LocalAirflow(tmp_path, {}) as second:
        assert second.password == password
    with LocalAirflow(tmp_path, {}, is_fresh=True) as third:
        assert third.password != password
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_airflow_runs_a_dag_and_leaves_no_process_behind(tmp_path: Path) -> None:
    """Healthy means that a triggered run ends; one that is not triggered does not begin."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "probe.py").write_text(DAG)
    env = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "GIVEN": "passed on"}
    told: list[Task] = []
    with LocalAirflow(tmp_path / "a home", env) as airflow:
        airflow.start(dags=["probe"])
        sessions, api = airflow.programs.sessions, airflow.api
        run = api.trigger("probe", {"name": "first"})
        ended = api.follow("probe", run, timeout_s=1200, tell=told.append)
        assert ended["state"] == "success"
        assert [r["dag_run_id"] for r in api.runs()] == [run]
        greeted = sorted((t.index, t.label, t.state) for t in api.tasks("probe", run))[1:]
        assert greeted == [(0, "first", "success"), (1, "b", "success")]
        assert {("names", "success"), ("greet", "success")} <= {(t.name, t.state) for t in told}
        home = str(tmp_path / "a home")
        assert api.xcom("probe", run, "greet", 0) == {
            "name": "first",
            "home": home,
            "given": "passed on",
        }
        assert api.xcom("probe", run, "greet", key="absent") is None
        assert list(airflow.task_log("probe", run, "greet", 1).glob("*.log"))
        with pytest.raises(ApiError, match="404"):
            api.trigger("absent")
        assert len(members(sessions)) > 3
        assert airflow.stop() == []
    assert members(sessions) == []
