"""The demo's DAG runs: a real Airflow around them, and what they left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tools.demo.calls import in_words
from tools.demo.stage import DemoError, local, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tools.demo.sandbox import Sandbox
    from tools.demo.stage import Stage
    from tools.local_airflow import LocalAirflow

DAG = "gap_detection"
HOURLY_DAG = "preventive_ingestion"

_RUN_S = 1800.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a DAG run left.

    Attributes:
        state: As Airflow calls it.
        certificates: What its units returned.
        summary: What ``summarize`` returned, ``None`` where it did not.
    """

    state: str
    certificates: Sequence[Mapping[str, object]]
    summary: Mapping[str, object] | None

    def problems(self, *, must_defer: bool) -> Iterator[str]:
        """Yield what is wrong with the run, a sentence each.

        Args:
            must_defer: Whether it has to leave units to a later run, or may leave none.
        """
        if self.state != "success":
            yield f"A run of {DAG} is {self.state}."
        if self.summary is None:
            yield f"A run of {DAG} left no summary."
            return
        failed, deferred = self.summary["units_failed"], self.summary["units_deferred"]
        if failed != 0:
            yield f"A run's summary says units_failed {failed}, expected was 0."
        if bool(deferred) is not must_defer:
            expected = "1 or more" if must_defer else "0"
            yield f"A run's summary says units_deferred {deferred}, expected was {expected}."


def problems_of(runs: Sequence[Run], *, prices: int, calls: int) -> Iterator[str]:
    """Yield what is wrong with the account of all runs, a sentence each.

    Args:
        runs: The runs, in order; the first has to leave something to the next.
        prices: Prices of holes that hold the truth now.
        calls: Requests that the sandbox was sent meanwhile.
    """
    for number, run in enumerate(runs):
        yield from run.problems(must_defer=number == 0)
    summaries = [run.summary for run in runs if run.summary is not None]
    if len(summaries) < len(runs):
        return
    for key, value in {"ree_records_recovered": prices, "calls": calls}.items():
        said = sum(cast("int", summary[key]) for summary in summaries)
        if said != value:
            yield f"The runs' summaries say {key} {said}, expected was {value}."


def run_dags(stage: Stage, airflow: LocalAirflow, sandbox: Sandbox, later: datetime) -> list[Run]:
    """Start Airflow, run the DAG, run it again later; return what the runs left."""
    show = stage.show
    show.step("Airflow starts: scheduler, DAG processor, API server")
    airflow.start(dags=[DAG, HOURLY_DAG])
    show.step(f"Airflow is healthy; look in as admin, {airflow.password}")
    show.step(f"    at {airflow.url}/dags/{DAG}")
    show.step(f"{HOURLY_DAG} is there as well; here nothing runs by schedule")
    runs = [_run(stage, airflow, sandbox)]
    show.title("Two hours later, as the schedule has it")
    sandbox.set_clock(later)
    show.step(f"the clock of everything is set to {local(later):%H:%M}")
    runs.append(_run(stage, airflow, sandbox))
    return runs


def stop(stage: Stage, airflow: LocalAirflow) -> None:
    """Stop Airflow.

    Raises:
        DemoError: If processes are left.
    """
    left = airflow.stop()
    if left:
        message = f"Processes of Airflow would not end: {left}"
        raise DemoError(message)
    stage.show.step("Airflow is stopped")


def _run(stage: Stage, airflow: LocalAirflow, sandbox: Sandbox) -> Run:
    """Trigger a run, tell of its tasks and calls until its end, and return what it left."""
    api, show, told = airflow.api, stage.show, len(sandbox.requests())
    run_id = api.trigger(DAG)
    show.step(f"a run of [bold]{DAG}[/] is triggered")

    def check() -> None:
        nonlocal told
        airflow.programs.check()
        asked = sandbox.requests()
        for entry in asked[told:]:
            words = in_words(entry)
            if words:
                show.request(words, is_refused=entry["status"] == 429)  # noqa: PLR2004 - HTTP
        told = len(asked)

    state = api.follow(DAG, run_id, timeout_s=_RUN_S, tell=show.task, check=check)["state"]
    tasks = api.tasks(DAG, run_id)
    for task in tasks:
        if task.state == "failed":
            where = short(airflow.task_log(DAG, run_id, task.name, task.index))
            show.problem(f"{task.name} {task.label} failed; its log: {where}")
    units = [task for task in tasks if task.name.startswith("backfill_") and task.index >= 0]
    certificates = [api.xcom(DAG, run_id, unit.name, unit.index) for unit in units]
    summary = cast("Mapping[str, object] | None", api.xcom(DAG, run_id, "summarize"))
    run = Run(state, [cast("Mapping[str, object]", c) for c in certificates if c], summary)
    show.ended(state, summary)
    show.units(run.certificates)
    return run
