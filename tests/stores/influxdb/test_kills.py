"""Writers and servers that are killed, and what the next one finds."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import resource
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Replace, Row
from gapfill.domain.series import Grade, State
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.ports import Undone
from gapfill.services.selection import Selection
from gapfill.services.tidy import tidy
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, WEATHER, hour, hours, point, price, prices, row, weather
from tests.catalogs import frozen
from tests.services.conftest import Scripted
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.engine import Engine, find_influxd
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from gapfill.stores.influxdb.config import InfluxConfig

pytestmark = pytest.mark.server

SPAWN = multiprocessing.get_context("spawn")
DEADLINE_S = 600
BOTH = {"temperature": 20.0, "humidity": 50.0}
OTHERS = [
    'weather_data,place=linares cloud=3i,note="a\nb"',
    "weather_data,place=linares,sensor=b rain=4",
]
"""What other programs have at the same instant: in the same point, and in one with more tags."""


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def dies(backend: InfluxBackend, do: Callable[[InfluxStore, int], object]) -> Iterator[int]:
    """Yield after each request at which ``do`` can be cut off, as by a kill.

    The requests before that one are carried out by the server, the others never reach it.
    """
    for number in range(60):
        proxy = FaultProxy(backend.engine.url)
        proxy.fault = Fault(500, b"killed", after=number)
        store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
        try:
            do(store, number)
        except StoreError:
            yield number
        else:
            return
        finally:
            store.close()
            proxy.close()
    pytest.fail("it never came to its end")


def test_a_write_that_dies_anywhere_is_carried_on_by_a_retry(backend: InfluxBackend) -> None:
    """Its account and its undo are those of a write that did not die."""
    store = backend.open()
    died = 0

    def write(one: InfluxStore, batch: str) -> int:
        return one.write(WEATHER, [weather(n, Grade.OBSERVED) for n in (0, 1)], batch)

    for number in dies(backend, lambda one, n: write(one, f"run/{n}")):
        died += 1
        batch = f"run/{number}"
        rows = store.read(WEATHER, hours(0, 2))
        assert store.batch_slots(batch).get("weather_hourly", []) == [r.slot for r in rows]
        write(store, batch)
        assert store.batch_slots(batch) == {"weather_hourly": [hour(0), hour(1)]}
        assert store.undo(batch, [WEATHER]) == Undone(0, 2, 0)
        assert store.read(WEATHER, hours(0, 2)) == []
    assert died >= 2


def test_a_note_of_a_write_that_died_takes_nothing_from_another(backend: InfluxBackend) -> None:
    """Noted by one batch, written by another: undoing the first leaves the second alone."""
    store = backend.open()
    proxy = FaultProxy(backend.engine.url)
    proxy.sent = []
    proxy.fault = Fault(500, path="/api/v2/write")
    with pytest.raises(StoreError):
        InfluxStore(backend.engine.access(backend.bucket, url=proxy.url)).write(
            PVPC, [price(0, 1.0)], "run/a"
        )
    proxy.close()
    ((_, body),) = proxy.sent
    note, point = gzip.decompress(body).decode().split("\n")
    assert note.startswith("gapfill_replaced,")
    assert point.startswith("energy_prices,")
    backend.engine.write(backend.bucket, [note], "s")
    store.write(PVPC, [price(0, 2.0)], "run/b")
    assert store.batch_slots("run/a") == {}
    assert store.undo("run/a", [PVPC]) == Undone(0, 0, 0)
    assert store.write(PVPC, [price(0, 3.0)], "run/a", replace=Replace.EQUAL) == 1
    assert store.undo("run/a", [PVPC]) == Undone(1, 0, 0)
    assert store.read(PVPC, hours(0, 1)) == [row(0, 2.0, "run/b")]


def test_notes_of_a_write_that_died_are_withdrawn_by_an_undo(backend: InfluxBackend) -> None:
    """Listed until then, as nobody knows; a retry of the batch counts again all the same."""
    store = backend.open()
    proxy = FaultProxy(backend.engine.url)
    proxy.sent = []
    proxy.fault = Fault(500, path="/api/v2/write")
    with pytest.raises(StoreError):
        InfluxStore(backend.engine.access(backend.bucket, url=proxy.url)).write(
            PVPC, prices([0, 1, 2]), "run/a"
        )
    proxy.close()
    lines = gzip.decompress(proxy.sent[0][1]).decode().split("\n")
    (note,) = (line for line in lines if line.startswith("gapfill_replaced,"))
    backend.engine.write(backend.bucket, [note], "s")
    store.write(PVPC, prices([0]), "run/b")
    assert [(one.id, one.slots) for one in store.batches()] == [("run/a", 3), ("run/b", 1)]
    assert store.undo("run/a", [PVPC]) == Undone(0, 0, 0)
    assert [(one.id, one.slots) for one in store.batches()] == [("run/b", 1)]
    assert store.undone_batches() == set()
    assert store.write(PVPC, prices([1, 2]), "run/a") == 2
    assert store.batch_slots("run/a") == {"pvpc": [hour(1), hour(2)]}
    assert store.undo("run/a", [PVPC]) == Undone(0, 2, 0)
    assert store.undone_batches() == {"run/a"}
    assert store.read(PVPC, hours(0, 3)) == [row(0, 50.0, "run/b")]


def test_an_undo_that_dies_anywhere_is_carried_on(backend: InfluxBackend) -> None:
    """Whatever stood there before, and whatever others have in the same points, is there again."""
    store = backend.open()
    died = 0

    def seen() -> tuple[list[Row], list[list[object]]]:
        return store.read(WEATHER, hours(0, 3)), backend.engine.ask(
            backend.bucket, 'SELECT "cloud", "note", "rain", "temperature" FROM "weather_data"'
        )

    backend.engine.write(backend.bucket, [line + f" {to_ns(hour(0))}" for line in OTHERS])
    backend.seed(WEATHER, point(hour(0), WEATHER.tags, BOTH, grade=10, source="open_meteo"))
    before = seen()
    assert sorted((row[1:] for row in before[1]), key=str) == [
        [3, "a\nb", None, 20],
        [None, None, 4, None],
    ]

    def spoil(batch: str) -> None:
        readings = [weather(n, Grade.OBSERVED, pressure=970.0) for n in (0, 1)]
        assert store.write(WEATHER, readings, batch) == 2

    spoil("run/0")
    for number in dies(backend, lambda one, n: one.undo(f"run/{n}", [WEATHER])):
        died += 1
        store.undo(f"run/{number}", [WEATHER])
        store.verify()
        assert seen() == before
        assert store.batch_slots(f"run/{number}") == {}
        spoil(f"run/{died}")
    assert died >= 8
    assert seen() == before


def test_a_put_that_drops_a_value_survives_as_well(backend: InfluxBackend) -> None:
    """The one write that must remove points: killed anywhere, a retry ends as it should."""
    store = backend.open()
    whole = Row(hour(0), {"price_eur_mwh": 1.0, "price_eur_kwh": 0.1}, Grade.OFFICIAL, "ree", "a/b")
    died = 0
    for _ in dies(
        backend,
        lambda one, _: (store.import_rows(PVPC, [whole]), one.import_rows(PVPC, [row(0, 2.0)])),
    ):
        died += 1
        store.import_rows(PVPC, [row(0, 2.0)])
        assert store.read(PVPC, hours(0, 1)) == [row(0, 2.0)]
        assert store.undo("run/a", [PVPC]) == Undone(1, 0, 0)
        assert store.read(PVPC, hours(0, 1)) == [whole]
    assert died >= 6


def _write_all(access: InfluxConfig, number: int, together: Barrier) -> None:
    """Write the same hundred slots as the others do, ten at a time, and note a call each."""
    store = InfluxStore(access)
    together.wait(DEADLINE_S)
    for first in range(0, 100, 10):
        store.record_call("ree", PVPC.earliest, f"run/{number}")
        store.write(PVPC, prices(range(first, first + 10), number), f"run/{number}")
        assert store.missing(PVPC, hours(first, first + 10)) == []
    store.close()


def test_processes_that_write_the_same_slots_leave_one_store(backend: InfluxBackend) -> None:
    """Of a race a row is left that says truthfully who wrote it; every call is counted."""
    together = SPAWN.Barrier(3)
    access = backend.engine.access(backend.bucket)
    writers = [SPAWN.Process(target=_write_all, args=(access, n, together)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(DEADLINE_S)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    store = backend.open()
    assert store.missing(PVPC, hours(0, 100)) == []
    assert store.calls_of("run") == 30
    rows = store.read(PVPC, hours(0, 100))
    assert {f"run/{r.values['price_eur_mwh']:.0f}" == r.batch for r in rows} == {True}


def _write_for_ever(access: InfluxConfig) -> None:
    store = InfluxStore(access)
    for n in range(1, 1_000_000):
        readings = [weather(slot, Grade.OBSERVED, temperature=float(n % 60)) for slot in range(300)]
        store.write(WEATHER, readings, f"run/{n}", replace=Replace.EQUAL)


def test_a_killed_writer_leaves_whole_rows_and_a_true_account(backend: InfluxBackend) -> None:
    """Killed at some moments: every row is of one batch, and each batch counts its rows."""
    access = backend.engine.access(backend.bucket)
    for moment in range(6):
        child = os.fork()
        if child == 0:
            _write_for_ever(access)
        time.sleep(0.15 + 0.037 * moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store = backend.open()
        store.verify()
        rows = store.read(WEATHER, hours(0, 400))
        assert len(rows) in (0, 300)
        for batch in {r.batch or "" for r in rows}:
            slots = [r.slot for r in rows if r.batch == batch]
            assert set(slots) <= set(store.batch_slots(batch)["weather_hourly"])
            assert len({r.values["temperature"] for r in rows if r.batch == batch}) == 1


def test_a_killed_database_loses_nothing_that_it_has_confirmed() -> None:
    """While it is away every use is an error; when it is back all is there."""
    program = find_influxd()
    if program is None:
        pytest.skip("no influxd: apt-get install influxdb, or set GAPFILL_TEST_INFLUXD")
    server = Engine(program)
    try:
        server.make_bucket("b")
        store = InfluxStore(server.access("b"))
        store.write(PVPC, prices(range(500)), "run/a")
        server.kill()
        with pytest.raises(StoreError):
            store.missing(PVPC, hours(0, 500))
        with pytest.raises(StoreError):
            store.write(PVPC, [price(500)], "run/b")
        server.start()
        assert store.missing(PVPC, hours(0, 501)) == [hours(500, 501)]
        assert len(store.batch_slots("run/a")["pvpc"]) == 500
        assert store.write(PVPC, [price(500)], "run/b") == 1
        store.close()
    finally:
        server.close()


def test_a_full_disk_is_an_error_and_only_what_lasts_is_counted() -> None:
    """The server's files may grow no further; once there is room and it is back, all goes on."""
    program = find_influxd()
    if program is None:
        pytest.skip("no influxd: apt-get install influxdb, or set GAPFILL_TEST_INFLUXD")
    server = Engine(program)
    try:
        server.make_bucket("b")
        store = InfluxStore(server.access("b"))
        store.write(PVPC, prices(range(100)), "run/a")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
        with pytest.raises(StoreError, match="free some space on the server's disk"):
            store.write(PVPC, prices(range(200, 4000), 1), "run/b")
        assert store.missing(PVPC, hours(0, 200)) == [hours(100, 200)]
        server.kill()  # what it has in memory and did not confirm is gone after that
        server.start()
        rows = store.read(PVPC, hours(200, 4000))
        assert store.batch_slots("run/b").get("pvpc", []) == [row.slot for row in rows]
        assert store.write(PVPC, prices(range(100, 200)), "run/c") == 100
        assert store.missing(PVPC, hours(0, 200)) == []
        store.close()
    finally:
        server.close()


@pytest.mark.parametrize("tags", [{"station": "5279X"}, {"place": "linares", "station": "5279X"}])
def test_a_tidy_that_dies_anywhere_is_carried_on_by_the_next(
    backend: InfluxBackend, tags: dict[str, str]
) -> None:
    """Nothing that is read is lost meanwhile, and each batch can be undone."""
    mine = BOTH | {"solar_radiation": 400.0}
    kept = "solar_radiation:siar/J17:30"
    for n in range(3):
        backend.seed(WEATHER, point(hour(n), tags, {"temperature": 13.5, "humidity": 50.0}))
        backend.seed(WEATHER, point(hour(n), WEATHER.tags, mine, 30, None, "old/a", kept))
    store, window = backend.open(), hours(0, 24)
    before, copies = store.read(WEATHER, window), store.copies(WEATHER, window)
    died = -1
    for died in dies(backend, lambda one, n: one.remove_copies(WEATHER, window, f"tidy/{n}")):
        store.verify()
        rows = store.read(WEATHER, window)
        assert [r.values for r in rows] == [r.values for r in before]
        for number in range(died, -1, -1):
            store.undo(f"tidy/{number}", [WEATHER])
        assert store.read(WEATHER, window) == before
        assert store.copies(WEATHER, window) == copies
    assert died > 3
    assert store.copies(WEATHER, window).values == 0
    store.undo(f"tidy/{died + 1}", [WEATHER])
    assert store.read(WEATHER, window) == before


def test_a_killed_tidy_is_told_and_named_when_it_is_carried_on(backend: InfluxBackend) -> None:
    """``status`` cannot read beside it; the next one has nothing else to do and names it."""
    known = frozen()
    series = known.series["weather_hourly"]
    mine = BOTH | {"solar_radiation": 400.0}
    kept = "solar_radiation:siar/J17:30"
    tags = {"place": "linares", "station": "5279X"}
    for n in range(3):
        backend.seed(WEATHER, point(hour(n), tags, {"temperature": 13.5, "humidity": 50.0}))
        backend.seed(WEATHER, point(hour(n), WEATHER.tags, mine, 30, None, "old/a", kept))
    store, told, named = backend.open(), 0, 0
    context = RunContext(replace(known, series={series.name: series}), store, Scripted(), hour(24))
    selection = Selection((series,), hour(0), hour(24))

    def run(one: InfluxStore, number: int) -> None:
        tidy(replace(context, store=one), [series], f"tidy__{number}")

    assert detect(context, selection, closely=True)[0].warnings == ()
    for number in dies(backend, run):
        left = store.unfinished()
        (report,) = detect(context, selection, closely=True)
        told += bool(left)
        assert [one.batch for one in left] == [f"tidy__{number}"] * len(left)
        assert report.warnings == ()
        assert report.error == (
            (
                f"A removal of the batch tidy__{number} is running or was interrupted, and points "
                "of weather_data from 2026-01-01T00:00:00Z to 2026-01-01T02:00:00Z may be "
                "missing, also of other programs: `gapfill tidy --yes` writes them back."
            )
            if left
            else None
        )
        if left:
            assert report.coverage.counts[State.MISSING] == 0
            with pytest.raises(StoreError, match="`gapfill tidy --yes` writes them back"):
                tidy(context, [series], None)
        done = tidy(context, [series], f"tidy__again{number}")
        # One that died before its deletion has removed nothing that could be taken back.
        is_named = bool(left) and not done.series[0].removed
        assert done.carried_on == ({f"tidy__{number}": 3} if is_named else {})
        named += is_named
        assert store.unfinished() == []
        assert store.copies(WEATHER, hours(0, 24)).values == 0
        for batch in (f"tidy__again{number}", f"tidy__{number}"):
            store.undo(batch, [WEATHER])
        assert store.copies(WEATHER, hours(0, 24)).values == 6
    assert told > named >= 2
