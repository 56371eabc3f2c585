"""Where the demo plays: the catalogue, the settings, the store and the command line."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import yaml

from tools.demo import weather, world
from tools.demo.check import Stored
from tools.demo.sandbox import start_sandbox
from tools.local_airflow import ROOT, inherited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tools.demo.sandbox import Sandbox
    from tools.demo.show import Show
    from tools.processes import Programs

PRICES = "pvpc"
SERIES = (PRICES, weather.HOURLY, weather.DAILY)
TABLES = {PRICES: "energy_prices", weather.HOURLY: "weather_data", weather.DAILY: "weather_daily"}

_KEY = "demo-key-of-the-free-tier"


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
    """Cut the shipped catalogue to two years of prices and the neighbour's dates.

    Everything else stays as it is.
    """
    shipped = ROOT / "include" / "gapfill" / "catalog.yaml"
    document = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    document["series"][PRICES]["earliest"] = world.EARLIEST
    for station in document["places"]["linares"]["stations"]:
        if f"{station['source']}/{station['id']}" == weather.NEIGHBOUR:
            station["from"] = weather.NEIGHBOUR_SINCE
    stage.catalog.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def open_sandbox(stage: Stage) -> Sandbox:
    """Start the simulated APIs."""
    sandbox = start_sandbox(
        stage.programs,
        stage.folder / "requests.jsonl",
        world.NOW,
        weather.FAULTS,
        weather.SIAR_PER_MINUTE,
    )
    stage.show.step(f"six APIs are simulated at {sandbox.url}")
    stage.show.step(f"the clock of everything stands at {local(world.NOW):%A %Y-%m-%d %H:%M}")
    return sandbox


def local(instant: datetime) -> datetime:
    """Return an instant as clocks in Madrid show it."""
    return instant.astimezone(world.MADRID)


def environment(stage: Stage, url: str) -> dict[str, str]:
    """Return the settings of everything that runs here, and leave them for people in a file."""
    kept = {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps({"conn_type": "sqlite", "host": str(stage.store)}),
        "GAPFILL_CATALOG": str(stage.catalog),
        "PYTHONPATH": str(ROOT / "include"),
    }
    keys = {
        "REE": {},
        "ESIOS": {},
        "OPENWEATHERMAP": {"password": _KEY},
        "AEMET": {"password": _KEY},
        "SIAR": {"login": "demo", "password": _KEY},
        "OPEN_METEO": {},
    }
    connections = {
        f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps({"conn_type": "http", "host": url, **more})
        for name, more in keys.items()
    }
    later = {**kept, **connections, "GAPFILL_NOW": world.LATER.isoformat()}
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in later.items())
    stage.folder.joinpath("env").write_text("".join(lines), encoding="utf-8")
    return {
        **inherited(),
        **kept,
        **connections,
        "GAPFILL_LOCKS": str(stage.folder / "locks"),
        "GAPFILL_STATE": str(stage.folder / "state"),
        "GAPFILL_NOW": f"{url}/_sandbox/clock",
        "GAPFILL_RETRY_DELAY": "5",
    }


def gapfill_command(*arguments: str) -> list[str]:
    """Return the command line with these arguments."""
    return [sys.executable, "-m", "gapfill", *arguments]


def gapfill(env: Mapping[str, str], *arguments: str, codes: Sequence[int] = (0,)) -> str:
    """Run the command line and return what it prints.

    Raises:
        DemoError: If it ends with another exit code.
    """
    return _output(gapfill_command(*arguments), env, codes)


def _output(command: Sequence[str], env: Mapping[str, str], codes: Sequence[int] = (0,)) -> str:
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).strip()
        message = f"{' '.join(command[1:4])} ended with {done.returncode}: {said}"
        raise DemoError(message)
    return done.stdout


_ONE_AFTER_ANOTHER = (
    "import json, sys; from gapfill.cli.main import main; "
    "sys.exit(max(main(arguments) for arguments in json.loads(sys.argv[1])))"
)


def each_command(commands: Sequence[Sequence[str]]) -> list[str]:
    """Return the command line that runs others, one after another, by one process for all.

    It ends with the greatest of their exit codes.
    """
    return [sys.executable, "-c", _ONE_AFTER_ANOTHER, json.dumps(commands)]


def gapfill_each(env: Mapping[str, str], commands: Sequence[Sequence[str]]) -> str:
    """Run command lines, one after another, by one process for all; return what they print.

    Raises:
        DemoError: If one of them ends with another exit code than 0.
    """
    return _output(each_command(commands), env)


def explain(env: Mapping[str, str], slots: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the documents of ``explain --json`` for some slots."""
    text = gapfill_each(env, [("explain", *slot, "--json") for slot in slots]).lstrip()
    found: list[dict[str, Any]] = []
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found


def status(env: Mapping[str, str]) -> dict[str, object]:
    """Return the coverage as the command line reports it."""
    return cast("dict[str, object]", json.loads(gapfill(env, "status", "--json", codes=(0, 3))))


def read_store(file: Path, series: str) -> list[Stored]:
    """Return every row of a series, straight from its table."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as store:
            store.row_factory = sqlite3.Row
            rows = store.execute(f"SELECT * FROM {TABLES[series]}").fetchall()  # noqa: S608 - constants
    except sqlite3.Error as exc:
        message = f"The store {file} cannot be read: {exc}"
        raise DemoError(message) from exc
    return [_stored(row) for row in rows]


def _stored(row: sqlite3.Row) -> Stored:
    values = {
        name: row[name]
        for name in row.keys()  # noqa: SIM118 - a row iterates over its values
        if name not in {"tags", "slot"}
        and not name.startswith("gapfill_")
        and row[name] is not None
    }
    kept = _kept((row["gapfill_kept"] or "").split(";"))
    instant = datetime.fromtimestamp(row["slot"], UTC)
    return Stored(instant, values, row["gapfill_grade"], row["gapfill_source"], kept)


def _kept(entries: Iterable[str]) -> dict[str, str]:
    """Return the source of each field of ``field:source:grade`` entries."""
    parts = (entry.split(":") for entry in entries if entry)
    return {field: source for field, source, _ in parts}


def short(path: Path) -> str:
    """Return a path as one would type it from the root of the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
