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
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.markup import escape

from gapfill.orchestration import story
from tools.airflow_api import ENDED, ApiError
from tools.local_airflow import HERE, ROOT, USER, LocalAirflow, is_free
from tools.processes import ProgramError, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.airflow_api import DagRun

FOLDER = ROOT / ".gapfill"
DAG = "gap_detection"
PORT = 8080
PORTS = 20
"""So many ports are tried, from the one asked for."""

_STORE = "AIRFLOW_CONN_GAPFILL_STORE"
_PASSED_ON = ("AIRFLOW_CONN_", "AIRFLOW_VAR_", "GAPFILL_")
_LOOK_S = 3.0


def settings(shell: Mapping[str, str]) -> dict[str, str]:
    """Return what the shell sets, with the embedded store where it sets none."""
    given = {name: value for name, value in shell.items() if name.startswith(_PASSED_ON)}
    store = {"conn_type": "sqlite", "host": str(FOLDER / "store.db")}
    return {_STORE: json.dumps(store), **given}


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
    store = json.loads(env[_STORE]) if env[_STORE].startswith("{") else {"conn_type": "its URI"}
    place = store["host"] if store["conn_type"] == "sqlite" else store["conn_type"]
    names = sorted(
        name.removeprefix("AIRFLOW_CONN_").lower()
        for name in env
        if name.startswith("AIRFLOW_CONN_") and name != _STORE
    )
    out.print(
        f"""
[bold green]Airflow is ready:[/] http://localhost:{airflow.port}/dags/{DAG}
  user      [bold]{USER}[/]
  password  [bold]{airflow.password}[/]
  store     {place}
  logs      {airflow.home / "logs"}
  sources   {"connections of this shell: " + ", ".join(names) if names else "public hosts, no keys"}

[bold]What to do next[/]
  · {DAG} runs every two hours, and once now: it looks for every hour since 2021.
  · Trigger (top right) opens the form: two dates, or none for the whole history.
  · Tick dry_run first to see the plan and its bill in the log of plan_backfill.
  · Keys and hosts: Admin, Connections; or AIRFLOW_CONN_… before make up (README).

Ctrl-C stops everything. Runs, as they come:"""
    )


def _follow(out: Console, airflow: LocalAirflow) -> None:
    """Print a line when a run begins and when it ends, until something stops.

    Raises:
        ProgramError: If one of Airflow's programs ends.
    """
    told: dict[tuple[str, str], str] = {}
    is_first = True
    while True:
        airflow.programs.check()
        # SQLite may be busy for a moment; the next look tells what this one could not.
        with suppress(ApiError):
            for run in reversed(airflow.api.runs()):
                key = run["dag_id"], run["dag_run_id"]
                if told.get(key) != run["state"]:
                    told[key] = run["state"]
                    if not (is_first and run["state"] in ENDED):
                        out.print(_line(airflow, run))
            is_first = False
        time.sleep(_LOOK_S)


def _line(airflow: LocalAirflow, run: DagRun) -> str:
    """Return what a run has come to, in a line."""
    colour = {"success": "green", "failed": "red"}.get(run["state"], "cyan")
    head = f"  {datetime.now().astimezone():%H:%M:%S} [{colour}]{run['state']}[/] {run['dag_id']}"
    if run["state"] not in ENDED:
        return f"{head} ({run['run_type']})"
    found = airflow.api.xcom(run["dag_id"], run["dag_run_id"], "summarize")
    if not isinstance(found, dict):
        return head
    document = cast("dict[str, object]", found)
    return f"{head}: {escape(story.trouble(document) or story.sentence(document))}"


if __name__ == "__main__":
    sys.exit(main())
