"""Several processes on one file, and processes that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Replace
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, WEATHER, hours, prices, weather

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

SPAWN = multiprocessing.get_context("spawn")
DEADLINE_S = 600

pytestmark = pytest.mark.server


def _write_all(path: Path, number: int, together: Barrier) -> None:
    """Write the same hundred slots as the others do, ten at a time, and note a call each."""
    store = SqliteStore(path)
    together.wait(DEADLINE_S)
    for first in range(0, 100, 10):
        batch = f"run/{number}"
        store.record_call("ree", PVPC.earliest, batch)
        store.write(PVPC, prices(range(first, first + 10), number), batch)
        assert store.missing(PVPC, hours(first, first + 10)) == []
    store.close()


def test_processes_that_write_the_same_slots_leave_one_store(tmp_path: Path) -> None:
    """The file does not exist when they begin; each slot is written by exactly one of them."""
    path = tmp_path / "store.db"
    together = SPAWN.Barrier(4)
    writers = [SPAWN.Process(target=_write_all, args=(path, n, together)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(DEADLINE_S)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    store = SqliteStore(path)
    assert store.missing(PVPC, hours(0, 100)) == []
    assert store.calls_of("run") == 40
    written = [store.batch_slots(f"run/{n}").get("pvpc", []) for n in range(4)]
    assert sum(len(slots) for slots in written) == 100
    assert len({slot for slots in written for slot in slots}) == 100
    store.close()
    assert [found.name for found in tmp_path.iterdir()] == ["store.db"]


def _write_for_ever(path: Path) -> None:
    store = SqliteStore(path)
    for n in range(1, 1_000_000):
        readings = [weather(slot, Grade.OBSERVED, temperature=float(n % 60)) for slot in range(300)]
        store.write(WEATHER, readings, f"run/{n}", replace=Replace.EQUAL)
        print(n, flush=True)  # noqa: T201 - tells the test that it is under way


def test_a_killed_writer_leaves_all_of_a_write_or_nothing(tmp_path: Path) -> None:
    """Killed at a dozen moments: every row of a write is there, its account too, and no more."""
    path = tmp_path / "store.db"
    SqliteStore(path).verify()
    for moment in range(12):
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            _write_for_ever(path)
        time.sleep(0.05 + 0.013 * moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store = SqliteStore(path)
        rows = store.read(WEATHER, hours(0, 400))
        batches = {row.batch for row in rows}
        assert len(rows) in (0, 300)
        assert len(batches) == min(1, len(rows))
        for batch in batches:
            assert len(store.batch_slots(batch or "")["weather_hourly"]) == 300
        store.verify()
        store.close()
    checker = sqlite3.connect(path)
    assert checker.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    checker.close()
