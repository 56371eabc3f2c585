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
from typing import TYPE_CHECKING

from rich.console import Console

from tools.airflow_api import ApiError
from tools.follow import follow
from tools.local_airflow import HERE, ROOT, USER, LocalAirflow, is_free
from tools.processes import ProgramError, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        "GAPFILL_STATE": str(FOLDER / "state"),  # who removes the folder begins anew
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
            follow(out, airflow)
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
[bold green]Airflow is ready:[/] http://localhost:{airflow.port}/plugin/gaps
  user      [bold]{USER}[/]
  password  [bold]{airflow.password}[/]
  store     {place_of(env[_STORE])}
  logs      {airflow.home / "logs"}
  sources   {sources_of(env)}

[bold]What to do next[/]
  · That is the page Gaps, in the menu too: a calendar of every series. Click a day, then that
    or another one: the form has both dates; show the bill, start the run, see the days turn.
  · {DAG} runs every two hours, and once now: it looks for every price since 2021, every
    hour of weather since 2024 and every day since 2018. preventive_ingestion runs every hour.
  · /dags/{DAG}, Trigger: the same with all its fields; tick dry_run first to see the
    plan and its bill in the log of plan_backfill.
  · Keys and hosts: Admin, Connections; or AIRFLOW_CONN_… before make up (README).
  · Programs do the same over HTTP: docs/reference/webui.md.

Ctrl-C stops everything. Runs, as they come:"""
    )


if __name__ == "__main__":
    sys.exit(main())
