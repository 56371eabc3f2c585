"""``gapfill status`` with a ledger of 100,000 lines, against the same store with an empty one.

The command runs as a person runs it, in a process of its own. Stores with and without the ledger
take turns, and the fastest quarter of each counts.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from benchmarks.conftest import END, HOUR, Ratio, holes, prices
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.services.clean_up import KEEP, LINES
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.sqlite.store import SqliteStore
from tests.stores.influxdb.connection import document
from tests.stores.influxdb.engine import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.services.ports import Store

LEDGER, OTHERS = 100_000, 50
"""The lines of the ledger; one of so many is not of filled slots."""

ROUNDS = 12
KINDS = ("SQLite", "InfluxDB")
BATCH = "gap_detection/scheduled__2024-01-01T00:00:00+00:00/pvpc:ree.pvpc"


def ledger() -> Iterator[LedgerEntry]:
    """Yield an answer for each of the last hours, for prices and for the weather of a place."""
    rng = random.Random(13)
    for n in range(LEDGER):
        slot = END - (LEDGER - n) // 2 * HOUR
        line = LedgerEntry(
            series="pvpc" if n % 2 else "weather_hourly",
            product="ree.pvpc" if n % 2 else "aemet.observations",
            station=None if n % 2 else "5279X",
            interval=Interval(slot, slot + HOUR),
            outcome=Outcome.FILLED,
            asked_at=slot + timedelta(hours=1, minutes=rng.randrange(60)),
            evidence="",
            batch=f"{BATCH}:{n}",
        )
        if n % OTHERS:
            yield line
        else:
            others = (Outcome.NO_DATA, Outcome.NO_DATA, Outcome.NOT_YET, Outcome.UNREACHED)
            said = "HTTP 200: there are no data that meet the criteria"
            yield replace(line, outcome=rng.choice(others), evidence=said)


def fold(store: Store) -> None:
    """Fold the ledger as so many cycles do."""
    while store.fold_old(END - KEEP, LINES).lines:
        pass


class World:
    """Three stores of one kind: without a ledger, with one, and with one that is folded."""

    def __init__(self, kind: str, folder: Path, series: Series) -> None:
        self._environment: dict[str, dict[str, str]] = {}
        for name in ("empty", "whole", "folded"):
            store, connection = self._open(kind, folder, name)
            readings = prices(holes(random.Random(724)))
            for first in range(0, len(readings), 5000):
                store.write(series, readings[first : first + 5000], "seed")
            if name != "empty":
                lines = list(ledger())
                for first in range(0, LEDGER, 5000):
                    store.append_ledger(lines[first : first + 5000])
            if name == "folded":
                fold(store)
            store.close()
            self._environment[name] = {
                "AIRFLOW_CONN_GAPFILL_STORE": connection,
                "GAPFILL_LOCKS": str(folder / "locks"),
                "GAPFILL_STATE": str(folder / f"{kind} {name} state"),
                "GAPFILL_NOW": END.isoformat(),
            }

    def seconds(self, name: str) -> float:
        """Run the command on a store, and return its real time."""
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "gapfill", "status"],
            env={**os.environ, **self._environment[name]},
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start

    @staticmethod
    def _open(kind: str, folder: Path, name: str) -> tuple[Store, str]:
        if kind == "SQLite":
            path = folder / f"{name}.db"
            return SqliteStore(path), json.dumps({"conn_type": "sqlite", "host": str(path)})
        bucket = f"ledger_{name}"
        engine().make_bucket(bucket, shard_weeks=52)
        connection = document(urlsplit(engine().url), bucket, timeout=60)
        return InfluxStore(engine().access(bucket)), connection


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_status_does_not_read_the_ledger_of_filled_slots(
    kind: str, tmp_path: Path, pvpc: Series, ratio: Callable[[Ratio], None]
) -> None:
    """Whether or not a clean-up has folded it."""
    world = World(kind, tmp_path, pvpc)
    took: dict[str, list[float]] = {"empty": [], "whole": [], "folded": []}
    for _ in range(ROUNDS):
        for name, seconds in took.items():
            seconds.append(world.seconds(name))
    fast = {name: sum(sorted(all_of)[: ROUNDS // 4]) for name, all_of in took.items()}
    what = f"`status` with a ledger of {LEDGER:,} lines ÷ with none, {kind}"
    ratio(Ratio(what, fast["whole"] / fast["empty"], 1.2, at_least=False))
    folded = f"the same, folded, {kind}"
    ratio(Ratio(folded, fast["folded"] / fast["empty"], 1.2, at_least=False))
