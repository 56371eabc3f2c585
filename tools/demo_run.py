"""The demo's one DAG run: a real Airflow around it, and what the run left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tools.demo_stage import DemoError, fetch_requests, short
from tools.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.demo_stage import Stage

DAG = "gap_detection"

_RUN_S = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the DAG run left.

    Attributes:
        state: As Airflow calls it.
        certificates: What its units returned.
        summary: What ``summarize`` returned, ``None`` where it did not.
    """

    state: str
    certificates: Sequence[Mapping[str, object]]
    summary: Mapping[str, object] | None

    def problems(self, healed: int, calls: int) -> Iterator[str]:
        """Yield what is wrong with the run, a sentence each.

        Args:
            healed: Slots of holes that hold the truth now.
            calls: Requests that the sandbox was sent.
        """
        if self.state != "success":
            yield f"The run of {DAG} is {self.state}."
        if self.summary is None:
            yield f"The run of {DAG} left no summary."
            return
        expected = {"status": "completed", "ree_records_recovered": healed, "calls": calls}
        for key, value in expected.items():
            if self.summary[key] != value:
                yield f"The run's summary says {key} {self.summary[key]}, expected was {value}."


def run_dag(stage: Stage, env: Mapping[str, str], url: str) -> Run:
    """Start Airflow, run the DAG once, stop Airflow, and return what the run left."""
    show = stage.show
    show.step("Airflow starts: scheduler, DAG processor, API server")
    with LocalAirflow(stage.folder / "airflow", env, is_fresh=True) as airflow:
        airflow.start(dags=[DAG])
        show.step(f"Airflow is healthy; look in as admin, {airflow.password}")
        show.step(f"    at {airflow.url}/dags/{DAG}")
        run_id = airflow.api.trigger(DAG)
        show.step(f"a run of [bold]{DAG}[/] is triggered")
        run = _follow(stage, airflow, run_id, url)
        left = airflow.stop()
    if left:
        message = f"Processes of Airflow would not end: {left}"
        raise DemoError(message)
    show.step("Airflow is stopped")
    return run


def _follow(stage: Stage, airflow: LocalAirflow, run_id: str, url: str) -> Run:
    """Tell of the run's tasks and calls until its end, and return what it left."""
    api, show, told = airflow.api, stage.show, 0

    def check() -> None:
        nonlocal told
        airflow.programs.check()
        asked = fetch_requests(url)
        for first, last in asked[told:]:
            show.request(first, last)
        told = len(asked)

    state = api.follow(DAG, run_id, timeout_s=_RUN_S, tell=show.task, check=check)["state"]
    tasks = api.tasks(DAG, run_id)
    skipped = {task.name for task in tasks if task.state == "skipped"}
    left_out = sorted(n.removeprefix("units_") for n in skipped if n.startswith("units_"))
    show.step(f"the run ended: {state}")
    if left_out:
        show.step(f"    [dim]nothing to ask of {', '.join(left_out)}[/]")
    for task in tasks:
        if task.state == "failed":
            where = short(airflow.task_log(DAG, run_id, task.name, task.index))
            show.problem(f"{task.name} {task.label} failed; its log: {where}")
    units = [task for task in tasks if task.name.startswith("backfill_") and task.index >= 0]
    certificates = [api.xcom(DAG, run_id, unit.name, unit.index) for unit in units]
    summary = api.xcom(DAG, run_id, "summarize")
    return Run(
        state,
        [cast("Mapping[str, object]", c) for c in certificates if c],
        cast("Mapping[str, object] | None", summary),
    )
