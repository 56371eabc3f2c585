"""``make up``: Airflow in the browser, with the real APIs and the embedded store.

Everything is kept in ``.gapfill/``: stop with Ctrl-C, start again, and it goes on.
Connections and settings of the shell (``AIRFLOW_CONN_…``, ``GAPFILL_…``) are passed on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from rich.console import Console

from tools.airflow_api import ApiError
from tools.local_airflow import ROOT, USER, LocalAirflow, free_port, is_free
from tools.processes import ProgramError, exit_on_signals

FOLDER = ROOT / ".gapfill"
DAG = "gap_detection"
PORT = 8080
LOOK_S = 2.0


def settings_of_shell() -> dict[str, str]:
    """Return the connections and settings that the shell has set, and a store where it has none."""
    given = {k: v for k, v in os.environ.items() if k.startswith(("AIRFLOW_CONN_", "GAPFILL_"))}
    store = {"conn_type": "sqlite", "host": str(FOLDER / "store.db")}
    given.setdefault("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))
    given.setdefault("GAPFILL_LOCKS", str(FOLDER / "locks"))
    return given


def main() -> int:
    """Serve until Ctrl-C and return the exit code."""
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="port of the UI, else a free one")
    port = parser.parse_args().port
    exit_on_signals()
    console = Console(highlight=False)
    try:
        with LocalAirflow(
            FOLDER / "airflow",
            settings_of_shell(),
            port=port if is_free(port) else free_port(),
            has_schedule=True,
        ) as airflow:
            console.print("Starting Airflow; the first start takes half a minute …")
            airflow.start(dags=[DAG])
            _welcome(console, airflow)
            while True:
                airflow.programs.check()
                time.sleep(LOOK_S)
    except (ProgramError, ApiError) as exc:
        console.print(str(exc), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running. The store and the logs are kept.")
        return 0


def _welcome(console: Console, airflow: LocalAirflow) -> None:
    lines = (
        f"Airflow is at {airflow.url}",
        f"  user {USER}, password {airflow.password}",
        f"  the store is {FOLDER / 'store.db'}, logs are in {airflow.home / 'logs'}",
        f"{DAG} runs every two hours. To start it now: open it, press Trigger, and give",
        "dates, or tick dry_run first to see the plan and its bill. Ctrl-C stops everything.",
    )
    for line in lines:
        console.print(line, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
