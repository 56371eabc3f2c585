"""Tells of the runs of an Airflow as they come, until something stops."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape

from gapfill.reporting import log_lines
from tools.airflow_api import ENDED, ApiError

if TYPE_CHECKING:
    from rich.console import Console

    from tools.airflow_api import AirflowApi, DagRun, Task
    from tools.local_airflow import LocalAirflow
    from tools.processes import Programs

_LOOK_S = 3.0
_TROUBLE = frozenset({"failed", "up_for_retry"})


class _Follower:
    """Prints a line when a run begins, when one of its tasks fails, and when it ends."""

    def __init__(self, out: Console, api: AirflowApi) -> None:
        self._out = out
        self._api = api
        self._told: set[tuple[object, ...]] = set()

    def look(self, *, is_first: bool) -> None:
        """Print what has changed since the last look; of what ended before the first, nothing."""
        for run in reversed(self._api.runs()):
            has_ended = run["state"] in ENDED
            if not self._is_new(run["dag_run_id"], run["state"]) or (is_first and has_ended):
                continue
            self._say(run["state"], run["dag_id"], self._result(run) if has_ended else "")
        for run in self._api.runs("running"):
            for task in self._api.tasks(run["dag_id"], run["dag_run_id"]):
                place = (run["dag_run_id"], task.name, task.index, task.state)
                if task.state in _TROUBLE and self._is_new(*place):
                    self._say(task.state, f"{task.name} {task.label}", self._note(run, task))

    def _is_new(self, *key: object) -> bool:
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _say(self, state: str, what: str, why: str) -> None:
        colour = {"success": "green", "failed": "red", "up_for_retry": "yellow"}.get(state, "cyan")
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        words = f"{what.strip()}: {why}" if why else what.strip()
        self._out.print(f"  {clock} [{colour}]{state.replace('_', ' ')}[/] {escape(words)}")

    def _result(self, run: DagRun) -> str:
        """Return what a run has come to, in a sentence."""
        found = self._api.xcom(run["dag_id"], run["dag_run_id"], "summarize")
        if not isinstance(found, dict):
            return ""
        return log_lines.trouble(found) or log_lines.sentence(found)

    def _note(self, run: DagRun, task: Task) -> str:
        """Return why a unit failed, as its certificate says."""
        found = self._api.xcom(run["dag_id"], run["dag_run_id"], task.name, task.index)
        return str(found.get("note", "")) if isinstance(found, dict) else ""


def follow(out: Console, airflow: LocalAirflow, *others: Programs) -> None:
    """Tell of the runs until something stops.

    Args:
        out: Where to.
        airflow: Whose runs.
        others: What must go on running besides Airflow.

    Raises:
        ProgramError: If one of the programs ends.
    """
    follower, is_first = _Follower(out, airflow.api), True
    while True:
        for programs in (airflow.programs, *others):
            programs.check()
        # SQLite may be busy for a moment; the next look tells what this one could not.
        with suppress(ApiError):
            follower.look(is_first=is_first)
            is_first = False
        time.sleep(_LOOK_S)
