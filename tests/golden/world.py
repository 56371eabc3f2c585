"""The world of the golden files: a frozen catalogue and clock, the sandbox, and a store.

It is Wednesday 2026-04-01, 12:34 UTC. Series begin on 2026-03-28 in Madrid, so that their
history has the day of 23 hours and the border of a month. Real seconds stand still too, and a
pause passes at once: what was taken, waited and blocked is the same in each run.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.cli import main
from gapfill.services.context import RunContext
from gapfill_sandbox import serve, world
from tests.catalogs import write_catalog
from tests.golden.placeholders import forget_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pytest

    from gapfill_sandbox import Sandbox

NOW = datetime(2026, 4, 1, 12, 34, tzinfo=UTC)
FIRST = datetime(2026, 3, 27, 23, tzinfo=UTC)
"""The first hour of prices: 2026-03-28 00:00 in Madrid."""

EARLIEST = "2026-03-28"
APIS = ("ree", "esios", "openweathermap", "aemet", "siar", "open_meteo")
HOUR = timedelta(hours=1)


class Seconds:
    """Real seconds that stand still but for pauses, which pass at once."""

    def __init__(self) -> None:
        self._now = 1000.0

    def monotonic(self) -> float:
        """Return the seconds so far."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let a pause pass."""
        self._now += seconds


@dataclass
class World:
    """What stands around Gapfill.

    Attributes:
        folder: A temporary folder.
        store: The store's file in it.
        sandbox: All six APIs.
        patch: Sets the environment.
    """

    folder: Path
    store: Path
    sandbox: Sandbox
    patch: pytest.MonkeyPatch

    def connect(self, *sources: str, paused: Sequence[str] = ()) -> None:
        """Set up sources, each with a key; of all others those that need none.

        Args:
            sources: Their names.
            paused: Those of them that are not wanted.
        """
        secrets = {"login": "12345678Z", "password": "a-good-key"}
        for name in APIS:
            variable = f"AIRFLOW_CONN_{name.upper()}_DEFAULT"
            api: dict[str, object] = {"conn_type": "http", "host": self.sandbox.url}
            if name in sources:
                api |= secrets | {"extra": {"paused": name in paused}}
            self.patch.setenv(variable, json.dumps(api))

    def later(self, hours: float) -> None:
        """Set the clock so many hours after ``NOW``."""
        self.sandbox.clock.set(NOW + timedelta(hours=hours))

    def fail(self, *faults: dict[str, object]) -> None:
        """Let these faults be in force, and no others."""
        self.sandbox.faults.replace(*faults)

    def execute(self, statement: str, *values: object) -> None:
        """Change the store's file as another program could."""
        with closing(sqlite3.connect(self.store)) as connection, connection:
            connection.execute(statement, values)

    def prices(self, name: str, *holes: tuple[int, int]) -> Path:
        """Write the true prices of all due hours to a CSV file, but the holes.

        Args:
            name: The file's name.
            holes: First hour and the hour after the last, counted from ``FIRST``.
        """
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["slot", "price_eur_mwh"])
        for hour in range(119):
            if not any(start <= hour < end for start, end in holes):
                slot = FIRST + hour * HOUR
                lines.writerow([f"{slot:%Y-%m-%dT%H:%M:%SZ}", world.price(8741, slot)])
        path = self.folder / name
        path.write_text(text.getvalue(), encoding="utf-8")
        return path


def command(*argv: str) -> str:
    """Run a command line in this process, and return what a terminal would show."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    said = err.getvalue()
    head = [f"$ gapfill {' '.join(argv)}", f"exit {code}"]
    errors = ["--- stderr", said.rstrip("\n")] if said else []
    return "\n".join([*head, *errors, "--- stdout", out.getvalue()])


@contextmanager
def standing(
    folder: Path, patch: pytest.MonkeyPatch, sources: Sequence[str] = APIS
) -> Iterator[World]:
    """Let the world stand around an empty store, with these sources set up."""
    forget_folder(str(folder), "folder")
    _stop_seconds(patch)
    with serve(now=NOW, rates=dict.fromkeys(APIS, 0)) as sandbox:
        built = World(folder, folder / "store.db", sandbox, patch)
        store = {"conn_type": "sqlite", "host": str(built.store)}
        patch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))
        patch.setenv("GAPFILL_CATALOG", str(write_catalog(folder, earliest=EARLIEST)))
        patch.setenv("GAPFILL_NOW", f"{sandbox.url}/_sandbox/clock")
        patch.setenv("GAPFILL_LOCKS", str(folder / "locks"))
        patch.setenv("GAPFILL_STATE", str(folder / "state"))
        patch.setenv("GAPFILL_RETRY_DELAY", "0")
        patch.setenv("COLUMNS", "80")  # of the terminal, for --help
        patch.delenv("GAPFILL_SIAR_CSV", raising=False)
        built.connect(*sources)
        yield built


def _stop_seconds(patch: pytest.MonkeyPatch) -> None:
    """Give every installation opened from now on seconds that stand still."""
    seconds = Seconds()
    instead = {time.monotonic: seconds.monotonic, time.sleep: seconds.sleep}
    given = RunContext.__init__.__defaults__ or ()
    assert set(instead) <= set(given), "the installation takes its real seconds from elsewhere"
    patch.setattr(
        RunContext.__init__, "__defaults__", tuple(instead.get(one, one) for one in given)
    )
