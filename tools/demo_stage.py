"""Where the demo plays: the simulated APIs, the seeded store, and the settings of both."""

from __future__ import annotations

import csv
import json
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import requests
import yaml

from tools import demo_world as world
from tools.demo_check import Stored
from tools.local_airflow import ROOT, inherited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from tools.demo_show import Show
    from tools.processes import Programs

_SANDBOX_S = 60.0
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


def make_catalog(stage: Stage) -> None:
    """Cut the shipped catalogue to the prices of two years; weather has no sources yet."""
    shipped = ROOT / "include" / "gapfill" / "catalog.yaml"
    document = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    document["series"] = {"pvpc": {**document["series"]["pvpc"], "earliest": world.EARLIEST}}
    stage.catalog.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def start_sandbox(stage: Stage) -> str:
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


def environment(stage: Stage, url: str) -> dict[str, str]:
    """Return the settings of everything that runs here, and leave them for people in a file."""
    kept = {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps({"conn_type": "sqlite", "host": str(stage.store)}),
        "GAPFILL_CATALOG": str(stage.catalog),
        "PYTHONPATH": str(ROOT / "include"),
    }
    later = {**kept, "GAPFILL_NOW": world.NOW.isoformat()}
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in later.items())
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


def fetch_truth(url: str) -> dict[datetime, float]:
    """Return the true price in €/MWh of every due slot."""
    return truth_of(url, world.EARLIEST)


def truth_of(url: str, earliest: date, geo: str = "8741") -> dict[datetime, float]:
    """Return the true price in €/MWh of every due slot of a place."""
    end = world.due_end(world.NOW) - timedelta(days=1)
    query = {"series": "pvpc", "start": f"{earliest}", "end": f"{world.madrid_day(end)}"}
    lines = ask(f"{url}/_sandbox/truth", {**query, "geo": geo}).text.splitlines()
    return {
        datetime.fromisoformat(row["slot"]): float(row["price_eur_mwh"])
        for row in csv.DictReader(lines)
    }


def fetch_requests(url: str) -> list[tuple[datetime, datetime]]:
    """Return the bounds of every request to REE and ESIOS that the sandbox was sent."""
    entries = cast("list[dict[str, dict[str, list[str]]]]", ask(f"{url}/_sandbox/requests").json())
    asked = []
    for entry in entries:
        query = entry["query"]
        first = query.get("start_date") or query["date"]
        last = query.get("end_date") or first
        asked.append((datetime.fromisoformat(first[0]), datetime.fromisoformat(last[0])))
    return asked


def ask(url: str, query: Mapping[str, str] | None = None) -> requests.Response:
    """Return what the sandbox answers.

    Raises:
        DemoError: If it does not, or refuses.
    """
    try:
        with requests.Session() as session:
            session.trust_env = False
            reply = session.get(url, params=query, timeout=_REPLY_S)
    except requests.RequestException as exc:
        message = f"The sandbox does not answer at {url}: {exc}"
        raise DemoError(message) from exc
    if not reply.ok:
        message = f"The sandbox answers {reply.url} with {reply.status_code}: {reply.text[:200]}"
        raise DemoError(message)
    return reply


def seed(
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


def status(env: Mapping[str, str]) -> dict[str, object]:
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


def read_store(file: Path) -> list[Stored]:
    """Return every price in the store, straight from its table."""
    columns = "slot, price_eur_mwh, price_eur_kwh, gapfill_source"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as store:
            rows = store.execute(f"SELECT {columns} FROM energy_prices").fetchall()  # noqa: S608 - constants
    except sqlite3.Error as exc:
        message = f"The store {file} cannot be read: {exc}"
        raise DemoError(message) from exc
    return [Stored(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in rows]


def short(path: Path) -> str:
    """Return a path as one would type it from the root of the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
