"""``make up``: Airflow in the browser, with the real APIs and the embedded store.

Everything is kept in ``.gapfill/``: stop with Ctrl-C, start again, and it goes on.
Connections, variables and settings of the shell (``AIRFLOW_CONN_…``, ``AIRFLOW_VAR_…``,
``GAPFILL_…``) are passed on; its other Airflow settings are not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from gapfill.orchestration import story
from tools.airflow_api import ENDED, ApiError
from tools.local_airflow import HERE, ROOT, USER, LocalAirflow, is_free
from tools.processes import ProgramError, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.airflow_api import AirflowApi, DagRun, Task

FOLDER = ROOT / ".gapfill"
DAG = "gap_detection"
PORT = 8080
PORTS = 20
"""So many ports are tried, from the one asked for."""

_STORE = "AIRFLOW_CONN_GAPFILL_STORE"
_KEYED = {"OPENWEATHERMAP": "OpenWeatherMap", "AEMET": "AEMET", "SIAR": "SIAR"}
"""Sources that need a key, by what their variable is named for."""
_PASSED_ON = ("AIRFLOW_CONN_", "AIRFLOW_VAR_", "GAPFILL_")
_RETRY_S = "10"
"""Seconds before the first retry; each wait is twice the one before."""
_LOOK_S = 3.0
_TROUBLE = frozenset({"failed", "up_for_retry"})


def settings(shell: Mapping[str, str]) -> dict[str, str]:
    """Return what the shell sets, with the embedded store where it sets none.

    Connections may be tested from the UI: whoever can reach it here is their owner. Tasks
    are tried again sooner than elsewhere: somebody is watching, and without internet a run
    is over in some six minutes.
    """
    given = {name: value for name, value in shell.items() if name.startswith(_PASSED_ON)}
    store = {"conn_type": "sqlite", "host": str(FOLDER / "store.db")}
    return {
        _STORE: json.dumps(store),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "GAPFILL_RETRY_DELAY": _RETRY_S,
        **given,
    }


def place_of(connection: str) -> str:
    """Return where a store is, for people: a file, or the kind of database; never a secret."""
    try:
        store = json.loads(connection)
        return str(store["host"] if store["conn_type"] == "sqlite" else store["conn_type"])
    except (ValueError, KeyError, TypeError):
        return f"as {_STORE} says"


def sources_of(env: Mapping[str, str]) -> str:
    """Return which sources can be asked, and which lack a key; never a secret."""
    lacking = [title for name, title in _KEYED.items() if f"AIRFLOW_CONN_{name}_DEFAULT" not in env]
    given = sorted(
        name.removeprefix("AIRFLOW_CONN_").lower()
        for name in env
        if name.startswith("AIRFLOW_CONN_") and name != _STORE
    )
    said = ["REE, ESIOS and Open-Meteo need no key"]
    if given:
        said.append(f"connections of this shell: {', '.join(given)}")
    if lacking:
        said.append(f"not configured yet: {', '.join(lacking)}")
    return "; ".join(said)


def next_free(port: int, host: str = HERE) -> int:
    """Return the first free port from this one on.

    Raises:
        ProgramError: If none of the next few is free.
    """
    for candidate in range(port, port + PORTS):
        if is_free(candidate, host):
            return candidate
    message = f"None of the ports {port} to {port + PORTS - 1} is free: give another with --port."
    raise ProgramError(message)


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C and return the exit code."""
    given = _parser().parse_args(arguments)
    exit_on_signals()
    out = Console(highlight=False, soft_wrap=True)
    env = settings(os.environ)
    try:
        port = next_free(given.port, given.host)
        if port != given.port:
            out.print(f"Port {given.port} is taken; {port} is used instead.")
        home = FOLDER / "airflow"
        with LocalAirflow(home, env, host=given.host, port=port, has_schedule=True) as airflow:
            out.print("Airflow starts; that takes about half a minute …")
            airflow.start(dags=[DAG])
            _welcome(out, airflow, env)
            _follow(out, airflow)
    except (ApiError, ProgramError) as exc:
        out.print(str(exc), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        out.print("\nStopped: nothing is left running. The store, the runs and the logs are kept.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.up", description="Airflow in the browser, until Ctrl-C."
    )
    add = parser.add_argument
    add("--port", type=int, default=PORT, help="port, or the next free one (%(default)s)")
    add("--host", default=HERE, help="address to listen on (%(default)s)")
    return parser


def _welcome(out: Console, airflow: LocalAirflow, env: Mapping[str, str]) -> None:
    """Print where it is, how to get in and what to do there."""
    out.print(
        f"""
[bold green]Airflow is ready:[/] http://localhost:{airflow.port}/dags/{DAG}
  user      [bold]{USER}[/]
  password  [bold]{airflow.password}[/]
  store     {place_of(env[_STORE])}
  logs      {airflow.home / "logs"}
  sources   {sources_of(env)}

[bold]What to do next[/]
  · {DAG} runs every two hours, and once now: it looks for every price since 2021, every
    hour of weather since 2024 and every day since 2018. preventive_ingestion runs every hour.
  · Trigger (top right) opens the form: two dates, or none for the whole history.
  · Tick dry_run first to see the plan and its bill in the log of plan_backfill.
  · Keys and hosts: Admin, Connections; or AIRFLOW_CONN_… before make up (README).

Ctrl-C stops everything. Runs, as they come:"""
    )


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
        return story.trouble(found) or story.sentence(found)

    def _note(self, run: DagRun, task: Task) -> str:
        """Return why a unit failed, as its certificate says."""
        found = self._api.xcom(run["dag_id"], run["dag_run_id"], task.name, task.index)
        return str(found.get("note", "")) if isinstance(found, dict) else ""


def _follow(out: Console, airflow: LocalAirflow) -> None:
    """Tell of the runs until something stops.

    Raises:
        ProgramError: If one of Airflow's programs ends.
    """
    follower, is_first = _Follower(out, airflow.api), True
    while True:
        airflow.programs.check()
        # SQLite may be busy for a moment; the next look tells what this one could not.
        with suppress(ApiError):
            follower.look(is_first=is_first)
            is_first = False
        time.sleep(_LOOK_S)


if __name__ == "__main__":
    sys.exit(main())
