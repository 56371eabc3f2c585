"""A removal that was killed in a store that Gapfill remembers: each way that mends it goes on.

The store is guarded (``services.store_guard``), as every command has it, and its readings were
seen before. The killed processes are real ones.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from gapfill.domain.series import State
from gapfill.errors import StoreError
from gapfill.orchestration.store_memory import FileMemory
from gapfill.services import retype as service
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from gapfill.services.store_guard import GuardedStore
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.retype import convert, rehearsal
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import hour, hours, price
from tests.catalogs import frozen
from tests.services.conftest import Scripted
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.services.ports import Store
    from gapfill.stores.influxdb.retype.rehearsal import Way

pytestmark = pytest.mark.server

CATALOG = frozen()
DAY = hours(264, 288)
PLANT = {
    "pvpc": "energy_prices,geo=8741,market=pvpc price_eur_mwh={n}i,volume=5i",
    "weather_hourly": "weather_data,place=linares temperature={n}.5,humidity=70.5,pressure=950i",
    "weather_daily": "weather_daily,place=linares temperature_mean={n}i,cloud=3i",
}
"""What a plant writes in each hour of the day, by series: in the order of the catalogue."""


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxBackend]:
    """Return a bucket with a plant's day, in part whole numbers, which Gapfill has looked at."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    made = InfluxBackend(tmp_path)
    lines = [
        f"{line.format(n=n - 260)} {to_ns(hour(n))}"
        for line in PLANT.values()
        for n in range(264, 288)
    ]
    made.engine.write(made.bucket, lines)
    yield made
    made.close()


def look(bucket: InfluxBackend, folder: Path, some: Iterable[Series]) -> None:
    """Look at series as ``status`` does, which remembers that they have readings."""
    store = guarded(bucket, folder)
    for one in some:
        assert store.newest(one) is not None
    store.close()


def guarded(bucket: InfluxBackend, folder: Path) -> Store:
    """Return the store as the next command has it, with what earlier ones saw."""
    store = InfluxStore(bucket.engine.access(bucket.bucket))
    memory = FileMemory(folder / "state")
    return cast("Store", GuardedStore(store, memory, CATALOG.series.values(), lambda _: None))


def context(bucket: InfluxBackend, folder: Path) -> RunContext:
    """Return the installation, a day later."""
    return RunContext(CATALOG, guarded(bucket, folder), Scripted(), hour(300))


def stored(bucket: InfluxBackend) -> list[list[list[object]]]:
    """Return all that stands of every program, by measurement."""
    names = (series.measurement for series in CATALOG.series.values())
    return [bucket.engine.ask(bucket.bucket, influxql.select("*", name)) for name in names]


def retype(run: RunContext, series: Series, path: Path) -> int:
    """Do what ``retype SERIES --yes`` does; return how many points were written."""
    service.left_of(run, series)
    wrong = service.find(run, series, [])
    return service.carry_out(run, series, wrong, path) if wrong else 0


def killed(do: Callable[[], object], prepare: Callable[[], None]) -> None:
    """Do something in a process of its own, which must be killed by what was prepared."""
    child = os.fork()
    if child == 0:
        prepare()
        try:
            do()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _in_retype(*, is_after: bool) -> None:
    """In a child: be killed before or after the deletion of a ``retype``."""

    def rehearsed(server: InfluxClient, series: Series, shard: Interval) -> Way:
        way = rehearsal.rehearse(server, series, shard)

        def remove(measurement: str) -> None:
            if is_after:
                way.remove(measurement)
            _die()

        return way._replace(remove=remove)

    pytest.MonkeyPatch().setattr(convert, "rehearse", rehearsed)


def _in_deletion() -> None:
    """In a child: be killed after the first deletion of slots."""
    delete = InfluxClient.delete

    def deleted(
        server: InfluxClient, measurement: str, tags: Mapping[str, str], first: int, last: int
    ) -> None:
        delete(server, measurement, tags, first, last)
        if not measurement.startswith("gapfill_"):
            _die()

    pytest.MonkeyPatch().setattr(InfluxClient, "delete", deleted)


@pytest.fixture(params=["before", "after"])
def kill(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Return what kills a ``retype`` before or after its deletion."""
    return lambda: _in_retype(is_after=request.param == "after")


@pytest.fixture(params=PLANT)
def series(request: pytest.FixtureRequest) -> Series:
    """Return each series of the catalogue, the first one and the last one among them."""
    return CATALOG.series[request.param]


@pytest.fixture(params=["alone", "with the others"])
def half_done(
    bucket: InfluxBackend,
    tmp_path: Path,
    series: Series,
    kill: Callable[[], None],
    request: pytest.FixtureRequest,
) -> list[list[list[object]]]:
    """Look at the series, alone or with all others, kill a ``retype``; return what stood before."""
    look(bucket, tmp_path, [series] if request.param == "alone" else CATALOG.series.values())
    before = stored(bucket)
    killed(lambda: retype(context(bucket, tmp_path), series, tmp_path / "killed.lp"), kill)
    return before


def test_a_killed_retype_is_carried_on_by_itself(
    bucket: InfluxBackend, tmp_path: Path, series: Series, half_done: list[list[list[object]]]
) -> None:
    """Whether it was killed before or after its deletion, and wherever in the catalogue it is."""
    run = context(bucket, tmp_path)
    (left,) = service.left_of(run, series)
    assert left.series == series.name
    assert retype(run, series, tmp_path / "again.lp") in (0, 24)
    assert stored(bucket) == half_done
    assert run.store.unfinished() == []
    assert service.find(run, series, []) == []


def test_the_file_of_a_killed_retype_is_restored(
    bucket: InfluxBackend, tmp_path: Path, half_done: list[list[list[object]]]
) -> None:
    """Without anything that was seen of the store in this process."""
    run = context(bucket, tmp_path)
    assert service.restore(run, tmp_path / "killed.lp").points == 24
    assert stored(bucket) == half_done
    assert run.store.unfinished() == []


def test_a_heal_carries_on_a_retype_that_was_killed_a_quarter_of_an_hour_ago(
    bucket: InfluxBackend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    half_done: list[list[list[object]]],
) -> None:
    """It begins with ``verify``; a younger one it leaves alone."""
    context(bucket, tmp_path).store.verify()
    assert len(context(bucket, tmp_path).store.unfinished()) == 1
    monkeypatch.setattr("gapfill.stores.influxdb.undo.recovery.PATIENCE", timedelta(0))
    run = context(bucket, tmp_path)
    run.store.verify()
    assert stored(bucket) == half_done
    assert run.store.unfinished() == []


@pytest.mark.usefixtures("half_done")
def test_only_the_series_of_a_killed_retype_cannot_be_read(
    bucket: InfluxBackend, tmp_path: Path, series: Series
) -> None:
    """Its error names the command that carries it on; all others are found as they are."""
    run = context(bucket, tmp_path)
    selection = Selection(tuple(CATALOG.series.values()), DAY.start, DAY.end)
    reports = {one.series: one for one in detect(run, selection, closely=True)}
    failed = reports.pop(series.name)
    assert failed.error is not None
    assert f"run `gapfill retype {series.name} --yes`" in failed.error
    assert [one.error for one in reports.values()] == [None, None]
    assert all(one.coverage.counts[State.MISSING] == 0 for one in reports.values())


def test_a_batch_is_undone_beside_a_killed_retype(
    bucket: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another measurement at once, of the same one as soon as it may be carried on."""
    first, *_, last = CATALOG.series.values()
    look(bucket, tmp_path, CATALOG.series.values())
    store = guarded(bucket, tmp_path)
    store.write(first, [price(500)], "run/a")
    store.close()
    before = stored(bucket)
    path = tmp_path / "killed.lp"
    killed(lambda: retype(context(bucket, tmp_path), last, path), lambda: _in_retype(is_after=True))
    assert guarded(bucket, tmp_path).undo("run/a", CATALOG.series.values()).removed == 1
    retype(context(bucket, tmp_path), last, tmp_path / "again.lp")
    guarded(bucket, tmp_path).write(first, [price(500)], "run/b")
    path = tmp_path / "another.lp"
    killed(
        lambda: retype(context(bucket, tmp_path), first, path), lambda: _in_retype(is_after=True)
    )
    with pytest.raises(StoreError, match="run `gapfill retype pvpc --yes`"):
        guarded(bucket, tmp_path).undo("run/b", CATALOG.series.values())
    monkeypatch.setattr("gapfill.stores.influxdb.undo.recovery.PATIENCE", timedelta(0))
    assert guarded(bucket, tmp_path).undo("run/b", CATALOG.series.values()).removed == 1
    assert [len(rows) for rows in stored(bucket)] == [
        len(rows) - n for rows, n in zip(before, (1, 0, 0), strict=True)
    ]


def test_an_undo_that_was_killed_after_it_emptied_the_store_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books show that the store is the one that held readings."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    made = InfluxBackend(tmp_path)
    first = CATALOG.series["pvpc"]
    store = guarded(made, tmp_path)
    store.write(first, [price(500)], "run/a")
    store.close()
    killed(lambda: guarded(made, tmp_path).undo("run/a", [first]), _in_deletion)
    with pytest.raises(StoreError, match="empty: no series has a reading"):
        guarded(made, tmp_path).verify()
    store = guarded(made, tmp_path)
    assert [one.id for one in store.batches()] == ["run/a"]
    assert store.undo("run/a", [first]).removed == 1
    store.verify()
    guarded(made, tmp_path).verify()
    made.close()


def drop(bucket: InfluxBackend) -> None:
    """Delete all points of every program, as a person may by mistake."""
    client = InfluxClient(bucket.engine.access(bucket.bucket))
    for one in CATALOG.series.values():
        client.delete(one.measurement, {}, to_ns(hour(0)), to_ns(hour(1000)))


def test_points_that_were_dropped_are_restored_from_a_file(
    bucket: InfluxBackend, tmp_path: Path
) -> None:
    """Whoever gives a file of points back may do so into a store without readings."""
    look(bucket, tmp_path, CATALOG.series.values())
    before = stored(bucket)
    for one in CATALOG.series.values():
        retype(context(bucket, tmp_path), one, tmp_path / f"{one.name}.lp")
    drop(bucket)
    with pytest.raises(StoreError, match="empty: no series has a reading"):
        guarded(bucket, tmp_path).verify()
    for one in CATALOG.series.values():
        service.restore(context(bucket, tmp_path), tmp_path / f"{one.name}.lp")
    assert stored(bucket) == before
    guarded(bucket, tmp_path).verify()


def test_the_undo_of_a_batch_whose_points_were_dropped_is_refused(
    bucket: InfluxBackend, tmp_path: Path
) -> None:
    """It would find nothing to undo, and a store that is empty after an undo is no loss."""
    guarded(bucket, tmp_path).write(CATALOG.series["pvpc"], [price(500)], "run/a")
    drop(bucket)
    with pytest.raises(StoreError, match="empty: no series has a reading"):
        guarded(bucket, tmp_path).undo("run/a", CATALOG.series.values())
    with pytest.raises(StoreError, match="empty: no series has a reading"):
        guarded(bucket, tmp_path).verify()
