"""The file under the embedded store: faults in sentences, several processes, kills."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from gapfill.domain.series import Series

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Interval(START, START + 24 * HOUR)
INCLUDE = Path(__file__).parents[2] / "include"


def readings(hours: range, value: float = 1.0) -> list[Reading]:
    """Return official prices."""
    return [
        Reading(START + n * HOUR, {"price_eur_mwh": value}, Grade.OFFICIAL, "ree") for n in hours
    ]


def test_reading_a_file_that_is_not_there_does_not_make_it(tmp_path: Path, pvpc: Series) -> None:
    """An empty store, and still no file."""
    store = SqliteStore(tmp_path / "store.db")
    assert store.absent(pvpc, DAY) == [DAY]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, pvpc: Series) -> None:
    """Never "nothing stored"."""
    store = SqliteStore(tmp_path / "nowhere" / "store.db")
    with pytest.raises(StoreError, match=r"store\.db .* make the folder"):
        store.absent(pvpc, DAY)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path, pvpc: Series) -> None:
    """And is left as it was."""
    path = tmp_path / "store.db"
    path.write_bytes(b"Dear diary, " * 200)
    with pytest.raises(StoreError, match=r"not a database.*point the connection gapfill_store"):
        SqliteStore(path).read(pvpc, DAY)
    assert path.read_bytes() == b"Dear diary, " * 200


def test_a_file_that_another_process_holds_is_an_error_after_a_while(
    tmp_path: Path, pvpc: Series
) -> None:
    """The sentence names the file and how to find who holds it; nothing is lost."""
    path = tmp_path / "store.db"
    store = SqliteStore(path, wait_s=0.1)
    store.write(pvpc, readings(range(3)), "seed")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=r"database is locked.*fuser"):
        store.write(pvpc, readings(range(5)), "late")
    holder.close()
    assert store.write(pvpc, readings(range(5)), "late") == 2


def test_a_database_of_somebody_else_is_a_store_without_readings(
    tmp_path: Path, pvpc: Series
) -> None:
    """Its tables are left alone."""
    path = tmp_path / "store.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    store = SqliteStore(path)
    assert store.absent(pvpc, DAY) == [DAY]
    store.write(pvpc, readings(range(2)), "b")
    assert other.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_a_field_that_the_catalogue_gains_is_added(tmp_path: Path, pvpc: Series) -> None:
    """An older file takes the new column with its next write."""
    store = SqliteStore(tmp_path / "store.db")
    store.write(pvpc, readings(range(1)), "b")
    store.close()
    raw = sqlite3.connect(tmp_path / "store.db")
    raw.execute("ALTER TABLE energy_prices DROP COLUMN price_eur_kwh")
    raw.commit()
    raw.close()
    store = SqliteStore(tmp_path / "store.db")
    values = {"price_eur_mwh": 1.0, "price_eur_kwh": 0.001}
    store.write(pvpc, [Reading(START + HOUR, values, Grade.OFFICIAL, "ree")], "c")
    assert [row.values for row in store.read(pvpc, DAY)] == [{"price_eur_mwh": 1.0}, values]


def _write_all(path: str, number: int) -> None:
    pvpc = catalog.load().series["pvpc"]
    store = SqliteStore(Path(path))
    for first in range(0, 240, 24):
        store.write(pvpc, readings(range(first, first + 24), float(number)), f"run{number}/unit")
        store.record_call("ree", START, f"run{number}/unit")


def test_several_processes_write_the_same_slots_once(tmp_path: Path, pvpc: Series) -> None:
    """Four writers, ten days: each slot is there once, and every call is counted."""
    path = tmp_path / "store.db"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_all, args=(str(path), n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    store = SqliteStore(path)
    window = Interval(START, START + 240 * HOUR)
    assert len(store.read(pvpc, window)) == 240
    written = [len(store.batch_slots(f"run{n}/unit").get("pvpc", [])) for n in range(4)]
    assert sum(written) == 240
    assert store.calls_since("ree", START) == 40


_WRITER = """
import sys
from pathlib import Path
from tests.stores.test_sqlite import SqliteStore, catalog, readings
store, pvpc = SqliteStore(Path(sys.argv[1])), catalog.load().series["pvpc"]
print("ready", flush=True)
for first in range(0, 24000, 240):
    store.write(pvpc, readings(range(first, first + 240)), f"run/{first}")
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.2])
def test_a_killed_writer_leaves_whole_batches(tmp_path: Path, pvpc: Series, delay_s: float) -> None:
    """Each batch is there with its account, or not at all; the next writer goes on."""
    path = tmp_path / "store.db"
    env = os.environ | {"PYTHONPATH": f"{INCLUDE}:{INCLUDE.parent}"}
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], env=env, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    time.sleep(delay_s)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    store = SqliteStore(path)
    window = Interval(START, START + 24000 * HOUR)
    rows = len(store.read(pvpc, window))
    batches = [len(store.batch_slots(f"run/{n}").get("pvpc", [])) for n in range(0, 24000, 240)]
    assert set(batches) <= {0, 240}
    assert rows == sum(batches)
    store.write(pvpc, readings(range(24000)), "next")
    assert len(store.read(pvpc, window)) == 24000
