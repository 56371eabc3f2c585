"""``gap_detection`` under a real scheduler: pools, runs, two at once, and gates that are killed."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tests.alerts.receiver import receiving
from tests.dags.conftest import NOW, standing
from tests.dags.test_gap_detection import truth
from tools.local_airflow import LocalAirflow
from tools.processes import members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.alerts.receiver import Receiver
    from tests.dags.conftest import Plant

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(500)]

DAG = "gap_detection"
OWN = ("GAPFILL_", "AIRFLOW_CONN_")
PATIENCE_S = 1800


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Let one plant stand for all tests of this file."""
    folder = tmp_path_factory.mktemp("plant")
    with pytest.MonkeyPatch.context() as monkeypatch, standing(folder, monkeypatch) as built:
        yield built


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Receive what is sent to people."""
    with receiving() as built:
        yield built


@pytest.fixture(scope="module")
def airflow(plant: Plant, receiver: Receiver) -> Iterator[LocalAirflow]:
    """Run one Airflow around it; afterwards none of its processes is left.

    Also where ``timeout`` ends the tests: SIGTERM is taken as Ctrl-C, after which pytest
    tears down.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    env = {name: value for name, value in os.environ.items() if name.startswith(OWN)}
    env["AIRFLOW_CONN_GAPFILL_ALERTS"] = receiver.connection()
    with LocalAirflow(plant.store_file.parent / "airflow", env) as running:
        running.start(dags=[DAG])
        sessions = running.programs.sessions
        yield running
        assert running.stop() == []
    assert members(sessions) == []
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(autouse=True)
def _healthy(plant: Plant) -> None:
    """Begin each test without faults and with an empty log of requests."""
    plant.sandbox.faults.clear()
    plant.sandbox.requests.clear()


def wait_for(airflow: LocalAirflow, run: str, task: str, state: str) -> None:
    """Wait until a task instance of a run is in a state."""

    def is_there() -> bool:
        return any(t.name == task and t.state == state for t in airflow.api.tasks(DAG, run))

    airflow.programs.wait_until(is_there, PATIENCE_S, f"{task} {state}", "scheduler")


def summary(airflow: LocalAirflow, run: str) -> dict[str, Any]:
    """Return what ``summarize`` of a run returned."""
    found = airflow.api.xcom(DAG, run, "summarize")
    assert isinstance(found, dict)
    return found


def test_runs_heal_under_a_real_scheduler_also_two_at_once(
    airflow: LocalAirflow, plant: Plant
) -> None:
    """Nothing is asked or written twice, and the store ends equal to what was published."""
    pools: Any = airflow.api._get("pools", limit=100)
    slots = {pool["name"]: pool["slots"] for pool in pools["pools"]}
    assert [slots[f"gapfill_{name}"] for name in ("ree", "esios", "gates")] == [1, 1, 1]

    first = airflow.api.trigger(DAG, {"start_date": "2026-02-15", "end_date": "2026-02-20"})
    assert airflow.api.follow(DAG, first, timeout_s=PATIENCE_S)["state"] == "success"
    assert (summary(airflow, first)["status"], summary(airflow, first)["calls"]) == ("completed", 1)
    assert plant.prices() == dict(list(truth().items())[: 6 * 24])
    labels = {task.name: task.label for task in airflow.api.tasks(DAG, first)}
    assert labels["backfill_ree"] == "pvpc 2026-02-14T23:00Z–2026-02-20T23:00Z"

    plant.sandbox.faults.add({"api": "ree", "kind": "slow", "seconds": 8, "times": 2})
    second = airflow.api.trigger(DAG)
    wait_for(airflow, second, "backfill_ree", "running")
    third = airflow.api.trigger(DAG)
    for run in (second, third):
        assert airflow.api.follow(DAG, run, timeout_s=PATIENCE_S)["state"] == "success"
    assert plant.prices() == truth()
    assert [summary(airflow, run)["calls"] for run in (second, third)] == [2, 0]
    assert [summary(airflow, run)["ree_records_recovered"] for run in (second, third)] == [672, 0]
    assert len(plant.sandbox.requests.of("ree")) == 3
    assert {row.batch for row in plant.rows()} == {
        f"{DAG}/{first}/pvpc:ree.pvpc:20260214T2300Z-20260220T2300Z",
        f"{DAG}/{second}/pvpc:ree.pvpc:20260220T2300Z-20260320T2300Z",
    }


def test_a_run_that_fails_is_red_and_says_so_once(airflow: LocalAirflow, plant: Plant) -> None:
    """By the gate's callback, in the gate's log; the run's own callback stays silent."""
    before = plant.rows()
    plant.sandbox.faults.add({"api": "ree", "kind": "500"})
    range_ = {"start_date": "2026-03-01", "end_date": "2026-03-01", "refresh": True}
    run = airflow.api.trigger(DAG, range_)
    assert airflow.api.follow(DAG, run, timeout_s=PATIENCE_S)["state"] == "failed"
    states = {task.name: task.state for task in airflow.api.tasks(DAG, run)}
    assert (states["summarize"], states["gate"]) == ("success", "failed")
    wait_for_callback(airflow)
    said = [line for line in logged(airflow) if "ALERT" in line]
    assert len(said) == 1
    assert f"{DAG}, {run}: 1 unit failed: pvpc 2026-02-28T23:00Z–2026-03-01T23:00Z" in said[0]
    assert plant.rows() == before
    assert list(kept(airflow)["incidents"]) == ["source:ree"]


def test_a_gate_that_is_killed_is_told_once_and_closed_once_across_a_restart(
    airflow: LocalAirflow, plant: Plant, receiver: Receiver
) -> None:
    """By the DAG processor; a day of it is one reminder, whatever was restarted meanwhile."""
    told = len(receiver.taken)
    killed = [kill_a_gate(airflow, plant)]
    assert airflow.stop() == []
    again = LocalAirflow(airflow.home, airflow.env, port=airflow.port).start(dags=[DAG])
    try:
        for hours in (12, 24):
            plant.sandbox.clock.set(NOW + timedelta(hours=hours))
            killed.append(kill_a_gate(again, plant))
        plant.sandbox.clock.set(NOW + timedelta(hours=26))
        run = again.api.trigger(DAG)
        assert again.api.follow(DAG, run, timeout_s=PATIENCE_S)["state"] == "success"
        assert f"run:{DAG}" not in kept(again)["incidents"]
    finally:
        assert again.stop() == []
    bodies = [message["message"] for message in receiver.taken[told:]]
    assert receiver.titles[told:] == [
        "Gapfill: a run failed: gap_detection",
        "Gapfill: still: a run failed: gap_detection",
        "Gapfill: a run succeeded again: gap_detection",
    ]
    assert bodies[0].startswith(f"gap_detection: {killed[0]}: its gate was killed before it could")
    assert killed[2] in bodies[1]
    assert "Open for 1 d, since 2026-03-20T12:00:00Z." in bodies[1]
    assert "over after 1 d 2 h (since 2026-03-20T12:00:00Z)" in bodies[2]


def kill_a_gate(airflow: LocalAirflow, plant: Plant) -> str:
    """Kill -9 the process of a run's gate, and wait until the run's own callback has told it.

    Returns:
        The run's id.
    """
    lock = FileLock(plant.store_file.parent / "locks" / "incidents.lock")
    with lock:  # the gate waits for it
        run = airflow.api.trigger(DAG)
        wait_for(airflow, run, "gate", "running")
        found: Any = airflow.api._get(f"dags/{DAG}/dagRuns/{run}/taskInstances/gate")
        os.kill(found["pid"], signal.SIGKILL)
        assert airflow.api.follow(DAG, run, timeout_s=PATIENCE_S)["state"] == "failed"

    def is_told() -> bool:
        state = kept(airflow)
        return (
            run in state["incidents"].get(f"run:{DAG}", {}).get("what", "") and not state["outbox"]
        )

    airflow.programs.wait_until(is_told, PATIENCE_S, "incident of the run", "dag-processor")
    return run


def kept(airflow: LocalAirflow) -> dict[str, Any]:
    """Return the state of the incidents between runs."""
    found: Any = airflow.api._get("variables")
    values = {v["key"]: v["value"] for v in found["variables"]}
    state: dict[str, Any] = json.loads(values.get("gapfill_incidents", '{"incidents": {}}'))
    return state


def wait_for_callback(airflow: LocalAirflow) -> None:
    """Wait until the DAG processor has carried out the run's callback."""
    airflow.programs.wait_until(
        lambda: any("on_failure dag callback" in line for line in logged(airflow)),
        PATIENCE_S,
        "callback of the run",
        "dag-processor",
    )


def logged(airflow: LocalAirflow) -> list[str]:
    """Return every line that tasks and callbacks have logged; the scheduler echoes tasks."""
    logs = [log for log in airflow.home.rglob("*.log") if log.name != "scheduler.log"]
    texts = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
    return [line for text in texts for line in text.splitlines()]
