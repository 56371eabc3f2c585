"""``make demo KEEP=1``: the demo's world stays, with its holes open again, to be healed by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tools.demo import world
from tools.demo.stage import PRICES, gapfill_each, local, status
from tools.follow import follow
from tools.local_airflow import USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.demo.run import Run
    from tools.demo.stage import Stage
    from tools.local_airflow import LocalAirflow

ONE_DAY = "one day"
"""The hole of prices that is named to begin with: it takes a single call."""

_TOKEN = 'import json, sys; print(json.load(sys.stdin)["access_token"])'  # noqa: S105 - how to read one


def keep(stage: Stage, env: Mapping[str, str], airflow: LocalAirflow, runs: Sequence[Run]) -> None:
    """Open the holes again, say what to do with them, and tell of the runs until Ctrl-C.

    Raises:
        DemoError: If the holes cannot be opened again.
        ProgramError: If one of the programs ends.
    """
    show = stage.show
    show.title("It stays: heal a hole yourself")
    try:
        gapfill_each(env, [("undo", batch) for batch in batches(runs)])
        show.say(
            "Both runs are taken back, by [bold]gapfill undo[/]: the holes are there again. What "
            "sources have said they do not have is still known. Nothing runs by schedule here, "
            "and the clock of everything stands at "
            f"{local(world.LATER):%Y-%m-%d %H:%M}: they wait for you."
        )
        show.coverage(status(env))
        show.as_is(welcome(airflow.port, airflow.password))
        follow(show.console, airflow, stage.programs)
    except KeyboardInterrupt:
        show.end("Stopped: nothing is left running. The store and the logs are kept.", is_well=True)


def batches(runs: Sequence[Run]) -> list[str]:
    """Return what the runs wrote, the last first, as ``undo`` wants it."""
    wrote = [str(c["batch"]) for run in runs for c in run.certificates if c["slots_filled"]]
    return wrote[::-1]


def welcome(port: int, password: str) -> str:
    """Return where the page is, how to get in, and how to heal by click and by program."""
    url = f"http://localhost:{port}"
    hole = next(hole for hole in world.holes(world.NOW) if hole.name == ONE_DAY)
    first = f"{local(hole.start):%Y-%m-%d}"
    last = f"{local(hole.end - timedelta(seconds=1)):%Y-%m-%d}"
    login = json.dumps({"username": USER, "password": password})
    order = json.dumps({"start_date": first, "end_date": last, "data_source": f"series:{PRICES}"})
    bearer = '-H "Authorization: Bearer $TOKEN"'
    return f"""
The page  {url}/plugin/gaps
user      {USER}
password  {password}

By click: the red days of the calendar are holes. Click {first} in the band of {PRICES}, or any
other, and once more: the form opens with its dates. "Show the bill", "Start the run", and watch
the day turn. Or "Heal …" beside a gap in the list, or "Heal gaps …" for the whole of it.

By program, with a token from Airflow's login:

TOKEN=$(curl -s {url}/auth/token -H 'Content-Type: application/json' \\
    -d '{login}' | python3 -c '{_TOKEN}')
curl -s {bearer} {url}/gaps/summary | python3 -m json.tool
curl -s {bearer} {url}/gaps/backfill/range \\
    -d '{order}' | python3 -m json.tool

Ctrl-C stops everything. Runs, as they come:"""
