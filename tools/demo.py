"""``make demo``: the main job end to end, offline, on a real Airflow.

A simulated REE with a frozen clock, a store with two years of prices and holes of all
kinds, one run of ``gap_detection`` by a real scheduler; then every slot is compared with
the truth. Exits 0 only when all that can be healed is healed and nothing else happened.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import requests
import yaml

from tools import demo_world as world
from tools.airflow_api import ApiError
from tools.demo_check import Stored, compare
from tools.demo_show import Show
from tools.local_airflow import ROOT, LocalAirflow, inherited
from tools.processes import ProgramError, Programs, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tools.demo_check import Verdict

FOLDER = ROOT / ".gapfill" / "demo"
DAG = "gap_detection"

_INTERRUPTED = 130
_SANDBOX_S = 60.0
_RUN_S = 600.0
_REPLY_S = 30


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays.

    Attributes:
        folder: All its files.
        programs: Its programs besides Airflow.
        show: What people see.
    """

    folder: Path
    programs: Programs
    show: Show

    @property
    def store(self) -> Path:
        """The embedded store."""
        return self.folder / "store.db"

    @property
    def catalog(self) -> Path:
        """The demo's catalogue."""
        return self.folder / "catalog.yaml"


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
                yield f"The run's summary says {key} {self.summary[key]}, but it is {value}."


def main(folder: Path = FOLDER) -> int:
    """Play the demo and return the exit code: 0 only when all is well."""
    exit_on_signals()
    show = Show()
    try:
        with Programs(folder) as programs:
            programs.clear(keep=["airflow"])
            is_well = play(Stage(folder, programs, show))
    except (ApiError, DemoError, ProgramError) as exc:
        show.problem(str(exc))
        is_well = False
    except KeyboardInterrupt:
        show.end("Interrupted; everything is stopped.", is_well=False)
        return _INTERRUPTED
    if not is_well:
        show.end(f"The demo failed. Its files and logs are in {_short(folder)}.", is_well=False)
    return 0 if is_well else 1


def play(stage: Stage) -> bool:
    """Play the demo and tell whether all is well.

    Raises:
        DemoError: If it cannot go on.
        ProgramError: If a program cannot be started, or ends.
        ApiError: If Airflow refuses something, or the run does not end.
    """
    show, holes = stage.show, world.holes(world.NOW)
    show.title("Gapfill: hourly electricity prices that heal themselves")
    show.say(
        "A store with two years of Spanish electricity prices (PVPC) has holes. A real "
        "Airflow finds them, asks REE for what is missing, and writes it where it belongs. "
        "REE is simulated on this machine, so nothing here needs the internet."
    )
    _make_catalog(stage)
    url = _start_sandbox(stage)
    env = _environment(stage, url)
    truth = _truth(url)
    hidden = {slot for hole in holes for slot in hole.slots}
    show.title("Before")
    _seed(stage, env, truth, hidden)
    show.holes(holes)
    show.coverage(_status(env))
    show.say(
        f"[dim]Tomorrow's prices are pending: they come out at {world.DUE_AT:%H:%M} tonight.[/]"
    )
    show.title("The run")
    run = _run(stage, env, url)
    show.title("After")
    show.holes(holes, verdict := compare(_read_store(stage.store), truth, hidden))
    show.coverage(_status(env))
    show.units(run.certificates)
    calls, fewest = len(_requests(url)), world.fewest_requests(hidden)
    show.say(
        f"{calls} calls to REE. The fewest that could do, at {world.SPAN_DAYS} days a call: "
        f"[{'green' if calls == fewest else 'yellow'}]{fewest}[/]."
    )
    problems = [*run.problems(len(verdict.healed), calls), *verdict.sentences()]
    return _conclude(stage, len(truth), verdict, problems)


def _conclude(stage: Stage, due: int, verdict: Verdict, problems: Sequence[str]) -> bool:
    show, folder = stage.show, _short(stage.folder)
    show.title("What is where")
    show.files(
        [
            (f"{folder}/store.db", "the store, SQLite; table energy_prices"),
            (f"{folder}/catalog.yaml", "the shipped catalogue cut to pvpc and two years"),
            (f"{folder}/requests.jsonl", "what the simulated REE was asked"),
            (f"{folder}/airflow/", "Airflow's home; logs/ has the tasks' logs"),
            (f"{folder}/env", "settings to look at the store by hand:"),
        ]
    )
    show.say(
        f"  . {folder}/env\n"
        "  .venv/bin/python -m gapfill explain pvpc 2025-10-26T00:00Z\n"
        "[dim]Airflow in the browser, with the real APIs:[/] make up"
    )
    for problem in problems:
        show.problem(problem)
    if problems:
        return False
    show.end(
        f"All is well: {len(verdict.healed):,} slots healed, all {due:,} due slots equal "
        "to the truth, none twice, none made up.",
        is_well=True,
    )
    return True


def _make_catalog(stage: Stage) -> None:
    """Cut the shipped catalogue to the prices of two years; weather has no sources yet."""
    shipped = ROOT / "include" / "gapfill" / "catalog.yaml"
    document = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    document["series"] = {"pvpc": {**document["series"]["pvpc"], "earliest": world.EARLIEST}}
    stage.catalog.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def _start_sandbox(stage: Stage) -> str:
    """Start the simulated APIs and return their root URL."""
    log = stage.folder / "requests.jsonl"
    options = ["--now", world.NOW.isoformat(), "--port", "0", "--log", str(log)]
    env = {**inherited(), "PYTHONPATH": str(ROOT / "include")}
    command = [sys.executable, "-m", "gapfill.sandbox", *options]
    stage.programs.start("sandbox", command, env)
    found: list[str] = []

    def is_ready() -> bool:
        found.extend(re.findall(r"ready on (\S+)", stage.programs.tail("sandbox")))
        return bool(found)

    stage.programs.wait_until(is_ready, _SANDBOX_S, "sandbox", "sandbox")
    local = world.NOW.astimezone(world.MADRID)
    stage.show.step(f"REE is simulated at {found[0]}")
    stage.show.step(f"its clock stands at {local:%A %Y-%m-%d %H:%M}")
    return found[0]


def _environment(stage: Stage, url: str) -> dict[str, str]:
    """Return the settings of everything that runs here, and leave them for people in a file."""
    kept = {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps({"conn_type": "sqlite", "host": str(stage.store)}),
        "GAPFILL_CATALOG": str(stage.catalog),
        "PYTHONPATH": str(ROOT / "include"),
    }
    later = {**kept, "GAPFILL_NOW": world.NOW.isoformat()}
    lines = (f"export {name}='{value}'\n" for name, value in later.items())
    stage.folder.joinpath("env").write_text("".join(lines), encoding="utf-8")
    api = json.dumps({"conn_type": "http", "host": url})
    return {
        **kept,
        "AIRFLOW_CONN_REE_DEFAULT": api,
        "AIRFLOW_CONN_ESIOS_DEFAULT": api,
        "GAPFILL_LOCKS": str(stage.folder / "locks"),
        "GAPFILL_NOW": f"{url}/_sandbox/clock",
        "GAPFILL_RETRY_DELAY": "5",
    }


def _truth(url: str) -> dict[datetime, float]:
    """Return the true price in €/MWh of every due slot."""
    end = world.due_end(world.NOW) - timedelta(days=1)
    query = {"series": "pvpc", "start": f"{world.EARLIEST}", "end": f"{world.madrid_day(end)}"}
    lines = _ask(f"{url}/_sandbox/truth", query).text.splitlines()
    return {
        datetime.fromisoformat(row["slot"]): float(row["price_eur_mwh"])
        for row in csv.DictReader(lines)
    }


def _requests(url: str) -> list[tuple[datetime, datetime]]:
    """Return the bounds of every request to REE and ESIOS that the sandbox was sent."""
    entries = cast("list[dict[str, dict[str, list[str]]]]", _ask(f"{url}/_sandbox/requests").json())
    asked = []
    for entry in entries:
        query = entry["query"]
        first = query.get("start_date") or query["date"]
        last = query.get("end_date") or first
        asked.append((datetime.fromisoformat(first[0]), datetime.fromisoformat(last[0])))
    return asked


def _ask(url: str, query: Mapping[str, str] | None = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        reply = session.get(url, params=query, timeout=_REPLY_S)
    if not reply.ok:
        message = f"The sandbox answers {reply.url} with {reply.status_code}: {reply.text[:200]}"
        raise DemoError(message)
    return reply


def _seed(
    stage: Stage, env: Mapping[str, str], truth: Mapping[datetime, float], hidden: set[datetime]
) -> None:
    """Put the truth into the store, but for the holes, by the command that anyone can use."""
    file = stage.folder / "seed.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("slot", "price_eur_mwh", "price_eur_kwh"))
        for slot in sorted(truth.keys() - hidden):
            rows.writerow((f"{slot:%Y-%m-%dT%H:%M:%SZ}", truth[slot], truth[slot] / 1000))
    _gapfill(env, "import", "pvpc", str(file))
    known = len(truth) - len(hidden)
    stage.show.step(f"{known:,} of {len(truth):,} hours are in the store: gapfill import")


def _status(env: Mapping[str, str]) -> dict[str, object]:
    """Return the coverage as the command line reports it."""
    return cast("dict[str, object]", json.loads(_gapfill(env, "status", "--json", codes=(0, 3))))


def _gapfill(env: Mapping[str, str], *arguments: str, codes: Sequence[int] = (0,)) -> str:
    """Run the command line and return what it prints."""
    command = [sys.executable, "-m", "gapfill", *arguments]
    done = subprocess.run(
        command, env={**inherited(), **env}, capture_output=True, text=True, check=False
    )
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).strip()
        message = f"gapfill {arguments[0]} ended with {done.returncode}: {said}"
        raise DemoError(message)
    return done.stdout


def _run(stage: Stage, env: Mapping[str, str], url: str) -> Run:
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
        asked = _requests(url)
        for first, last in asked[told:]:
            show.request(first, last)
        told = len(asked)

    state = api.follow(DAG, run_id, timeout_s=_RUN_S, tell=show.task, check=check)["state"]
    tasks = api.tasks(DAG, run_id)
    skipped = sorted({task.name for task in tasks if task.state == "skipped"})
    show.step(f"the run ended: {state} [dim](skipped: {', '.join(skipped) or 'nothing'})[/]")
    for task in tasks:
        if task.state == "failed":
            where = _short(airflow.task_log(DAG, run_id, task.name, task.index))
            show.problem(f"{task.name} {task.label} failed; its log: {where}")
    units = [task for task in tasks if task.name.startswith("backfill_") and task.index >= 0]
    certificates = [api.xcom(DAG, run_id, unit.name, unit.index) for unit in units]
    summary = api.xcom(DAG, run_id, "summarize")
    return Run(
        state,
        [cast("Mapping[str, object]", c) for c in certificates if c],
        cast("Mapping[str, object] | None", summary),
    )


def _read_store(file: Path) -> list[Stored]:
    """Return every price in the store, straight from its table."""
    columns = "slot, price_eur_mwh, price_eur_kwh, gapfill_source"
    with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as store:
        rows = store.execute(f"SELECT {columns} FROM energy_prices").fetchall()  # noqa: S608 - constants
    return [Stored(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in rows]


def _short(path: Path) -> str:
    """Return a path as one would type it from the root of the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
