"""Runs of ``gap_detection`` in the API server; only this module starts one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.exceptions import DagNotFound, DagRunAlreadyExists
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from filelock import FileLock, Timeout

from gapfill import settings
from gapfill.errors import RequestError
from gapfill.services.run_params import DEFAULTS
from gapfill.webui.problems import Conflict, NoDag

DAG = "gap_detection"

_LOCK_S = 20.0


@dataclass(frozen=True, slots=True)
class DagState:
    """The state of the DAG in Airflow.

    Attributes:
        is_known: Whether Airflow can start it at all.
        is_paused: Whether its runs stay queued for now.
    """

    is_known: bool
    is_paused: bool


def dag_state() -> DagState:
    """Return the state of the DAG in Airflow."""
    found = DagModel.get_current(DAG)
    if found is None or found.is_stale:
        return DagState(is_known=False, is_paused=False)
    return DagState(is_known=True, is_paused=bool(found.is_paused))


def start_run(conf: Mapping[str, object], user: str, note: str) -> tuple[str, bool]:
    """Start a run, unless an equal run is in progress.

    Args:
        conf: Parameters of the run; omitted ones have their defaults.
        user: Name of the user who starts it.
        note: Shown with the run.

    Returns:
        The id of the run, and whether the DAG is paused; a run of a paused DAG stays queued.

    Raises:
        Conflict: If a run with the same parameters is queued or running.
        NoDag: If Airflow does not know the DAG, or is too busy.
        RequestError: If Airflow refuses the parameters.
    """
    state = dag_state()
    if not state.is_known:
        message = f"Airflow does not know the DAG {DAG} (yet): is the DAG processor running?"
        raise NoDag(message)
    with _turn():
        same = find_same(conf)
        if same:
            message = f"The run {same} does the same and is still in progress: wait for it."
            raise Conflict(message, same)
        try:
            run: Any = trigger_dag(
                DAG,
                triggered_by=DagRunTriggeredByType.REST_API,
                triggering_user_name=user,
                conf=dict(conf),
                note=note,
            )
        except (ValueError, DagNotFound, DagRunAlreadyExists) as exc:
            first = str(exc).partition("\n")[0]  # the next lines are the schema of the parameter
            message = f"Airflow refuses the run: {first}"
            raise RequestError(message) from exc
    return str(run.run_id), state.is_paused


def find_same(conf: Mapping[str, object]) -> str | None:
    """Return the id of a queued or running run with the same parameters."""
    wanted = {**DEFAULTS, **conf}
    for state in (DagRunState.RUNNING, DagRunState.QUEUED):
        for run in DagRun.find(dag_id=DAG, state=state):
            if {**DEFAULTS, **(run.conf or {})} == wanted:
                return str(run.run_id)
    return None


@contextmanager
def _turn() -> Iterator[None]:
    """Prevent two workers of this machine's API server from starting the same run at once.

    Raises:
        NoDag: If the other worker does not finish in time.
    """
    folder = settings.lock_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "start-run.lock", timeout=_LOCK_S)
    try:
        lock.acquire()
    except Timeout as exc:
        message = "Another run is starting, which takes long: try again in a minute."
        raise NoDag(message) from exc
    try:
        yield
    finally:
        lock.release()
