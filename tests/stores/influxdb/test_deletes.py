"""What ``undo`` takes out of an InfluxDB, and what it must leave exactly as others wrote it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.ports import Undone
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, WEATHER, hour, hours, price, prices, row, weather
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server

WEEK = 168
MONDAY = 96
"""2026-01-05 00:00 UTC, where a shard begins, in hours."""
INTEGERS = range(MONDAY, MONDAY + WEEK)
PRICE = "energy_prices,geo=8741,market=pvpc price_eur_mwh"
ENTRY = 'SELECT "lines" FROM "gapfill_journal" WHERE "lines" != \'\''
NO_PATH = Fault(404, b'{"code":"not found","message":"path not found"}', path="/api/v2/delete")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


@pytest.fixture
def proxy(backend: InfluxBackend) -> Iterator[FaultProxy]:
    """Return a way to the bucket that can be spoiled."""
    made = FaultProxy(backend.engine.url)
    yield made
    made.close()


def through(backend: InfluxBackend, proxy: FaultProxy) -> InfluxStore:
    """Return a store on the bucket, reached through the proxy."""
    return InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))


def write(backend: InfluxBackend, *lines: tuple[str, float]) -> None:
    """Write lines at hours."""
    backend.engine.write(
        backend.bucket, [f"{line} {to_ns(hour(number))}" for line, number in lines]
    )


def whole_numbers(backend: InfluxBackend) -> list[list[object]]:
    """Return the points of the week, asked so that nothing but integers is told exactly.

    2**53 + 1 is no float: added to one, it is told as 2**53.
    """
    what = '"price_eur_mwh" * 0 + 9007199254740993'
    week = influxql.within(hours(MONDAY, MONDAY + WEEK))
    return backend.engine.ask(
        backend.bucket, influxql.select(what, "energy_prices", "\"unit\" = 'eur'", week)
    )


@pytest.mark.parametrize("beside", [True, False])
def test_whole_numbers_of_others_stay_whole_numbers(
    backend: InfluxBackend, *, beside: bool
) -> None:
    """In a week of integers among weeks of floats, at and between the instants removed."""
    gaps = [n for n in range(31 * 24) if n % 19 == 0]
    write(
        backend,
        *((f"{PRICE}=50.5", n) for n in range(31 * 24) if n not in gaps and n not in INTEGERS),
        *((f"{PRICE.replace(' ', ',unit=eur ')}=7i", n + 0.5) for n in INTEGERS),
        *((f"{PRICE.replace(' ', ',unit=eur ')}=8i", n) for n in INTEGERS if n % 2),
        *((f"{PRICE.replace('8741', '8743')}=9i", n) for n in INTEGERS if beside),
    )
    before = whole_numbers(backend)
    assert {row[1] for row in before} == {9007199254740993}
    assert len(before) == 168 + 84
    store = backend.open()
    outside = [n for n in gaps if n not in INTEGERS]
    assert store.write(PVPC, prices(outside), "run/a") == len(outside)
    assert store.undo("run/a", [PVPC]) == Undone(0, len(outside), 0)
    assert whole_numbers(backend) == before
    store.verify()
    assert store.write(PVPC, prices(outside), "run/b") == len(outside)


def test_a_week_that_is_all_integers_but_for_our_points_stays_so(backend: InfluxBackend) -> None:
    """Ours go by other fields; theirs stand in the same points, and fix the shard's type."""
    fields = 'load=7i,big=9007199254740993i,rate=1.5,word="7",is=true'
    write(
        backend,
        *((f"energy_prices,geo=8741,market=pvpc {fields}", n) for n in (MONDAY, MONDAY + 1)),
        ("energy_prices,geo=8741,market=pvpc load=7.5,big=1.5,word=8,is=2i", MONDAY + WEEK),
        ("energy_prices,geo=8741,market=pvpc load=7,big=3,word=8,is=2i", MONDAY + WEEK + 1),
    )

    def seen() -> list[list[list[object]]]:
        return [
            backend.engine.ask(
                backend.bucket,
                influxql.select(
                    '"load", "big", "rate", "word", "is"',
                    "energy_prices",
                    influxql.within(hours(first, first + WEEK)),
                ),
            )
            for first in (MONDAY, MONDAY + WEEK)
        ]

    before = seen()
    assert before[0][0][1:] == [7, 9007199254740993, 1.5, "7", True]
    store = backend.open()
    slots = [MONDAY, MONDAY + 1, MONDAY + WEEK, MONDAY + WEEK + 1]
    assert store.write(PVPC, prices(slots), "run/a") == 4
    assert store.undo("run/a", [PVPC]) == Undone(0, 4, 0)
    assert seen() == before
    write(backend, ("energy_prices,geo=8741,market=pvpc load=8i", MONDAY + 2))
    write(backend, ("energy_prices,geo=8741,market=pvpc load=8.5", MONDAY + WEEK + 2))


def test_between_what_is_removed_nothing_of_others_is_deleted(
    backend: InfluxBackend, proxy: FaultProxy
) -> None:
    """Sixty deletions of one instant each, however many points there are between."""
    others = "energy_prices,geo=8741,market=pvpc,unit=eur other=1"
    write(backend, *((others, n + 0.5) for n in range(120)))
    backend.open().write(PVPC, prices(range(0, 120, 2)), "run/a")
    proxy.sent = []
    store = through(backend, proxy)
    assert store.undo("run/a", [PVPC]) == Undone(0, 60, 0)
    asked = [json.loads(body) for path, body in proxy.sent if path.startswith("/api/v2/delete")]
    assert [(one["start"], one["stop"]) for one in asked[:2]] == [
        ("2026-01-01T00:00:00.000000000Z", "2026-01-01T00:00:00.000000001Z"),
        ("2026-01-01T02:00:00.000000000Z", "2026-01-01T02:00:00.000000001Z"),
    ]
    assert len(asked) == 60
    store.close()


def test_an_undo_that_lives_keeps_its_journal(backend: InfluxBackend, proxy: FaultProxy) -> None:
    """Another writer at work does not take from it what it needs when it is killed after."""
    write(backend, ("weather_data,place=linares cloud=3i", 0))
    backend.open().write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a")
    proxy.fault = Fault(slow_s=2, path="/api/v2/delete")
    failures: list[StoreError] = []

    def undo() -> None:
        try:
            through(backend, proxy).undo("run/a", [WEATHER])
        except StoreError as exc:
            failures.append(exc)

    living = threading.Thread(target=undo)
    living.start()
    while "/api/v2/delete" not in proxy.paths:
        time.sleep(0.01)
    proxy.fault = Fault(500, b"killed")
    other = backend.open()
    other.verify()
    other.write(PVPC, [price(0)], "run/b")
    living.join()
    assert len(failures) == 1
    clouds = 'SELECT "cloud" FROM "weather_data"'
    assert backend.engine.ask(backend.bucket, clouds) == []
    other.undo("run/a", [WEATHER])
    assert [row[1] for row in backend.engine.ask(backend.bucket, clouds)] == [3]
    assert other.unfinished() == []


def leave_an_entry(
    backend: InfluxBackend, proxy: FaultProxy, age_s: int, cloud: str = "3i"
) -> None:
    """Kill an undo of ``run/a`` after its deletion, so long ago, when a cloud was this."""
    proxy.fault = Fault(500, b"killed", path="/api/v2/write", after=3)
    with pytest.raises(StoreError):
        through(backend, proxy).undo("run/a", [WEATHER])
    (((number, said),),) = [
        table.rows
        for table in InfluxClient(backend.engine.access(backend.bucket)).ask([ENTRY], "ns")[0]
    ]
    entry = line_protocol.field("lines", said.replace("cloud=3i", f"cloud={cloud}"))
    lines = [
        f'gapfill_journal lines="" {number}',
        f"gapfill_journal {entry} {number - age_s * 10**9}",
    ]
    backend.engine.write(backend.bucket, lines)


@pytest.mark.parametrize(
    "folder, age_s, cloud",
    [("here", 0, 3), ("there", 14 * 60, None), ("there", 16 * 60, 3)],
    ids=["this machine", "another machine", "another machine, later"],
)
def test_what_a_killed_undo_left_is_written_back(
    backend: InfluxBackend,
    proxy: FaultProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    age_s: int,
    cloud: int | None,
) -> None:
    """At once where the lock shows that its process is gone, elsewhere after 15 minutes.

    Nothing that was written since is written over.
    """
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    write(backend, ("weather_data,place=linares cloud=3i,rain=1", 0))
    store = backend.open()
    store.write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a")
    leave_an_entry(backend, proxy, age_s)
    write(backend, ("weather_data,place=linares rain=2", 0))
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / folder))
    store.verify()
    found = backend.engine.ask(backend.bucket, 'SELECT "cloud", "rain" FROM "weather_data"')
    assert [row[1:] for row in found] == [[cloud, 2]]


def test_an_entry_that_is_refused_stops_no_writer(
    backend: InfluxBackend, proxy: FaultProxy
) -> None:
    """It is kept, and undo tells of it."""
    write(backend, *(("weather_data,place=linares cloud=3i", n) for n in (0, 1)))
    store = backend.open()
    store.write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a")
    leave_an_entry(backend, proxy, 3600, cloud="3.5")
    store.verify()
    assert store.write(PVPC, [price(0)], "run/b") == 1
    assert store.read(PVPC, hours(0, 1)) == [row(0, 50.0, "run/b")]
    with pytest.raises(
        StoreError, match=r"run/b is undone\. But .*weather_data from 2026-01-01T00"
    ):
        store.undo("run/b", [PVPC])
    assert store.read(PVPC, hours(0, 1)) == []
    assert len(backend.engine.ask(backend.bucket, ENTRY)) == 1


def test_what_cannot_be_written_back_is_not_deleted(
    backend: InfluxBackend, proxy: FaultProxy
) -> None:
    """The proof comes before the deletion."""
    write(backend, ("weather_data,place=linares cloud=3i", 0))
    backend.open().write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a")
    refusal = b'{"code":"unprocessable entity","message":"partial write: points beyond retention"}'
    proxy.fault = Fault(422, refusal, path="/api/v2/write", after=1)
    with pytest.raises(StoreError, match="none of these were removed"):
        through(backend, proxy).undo("run/a", [WEATHER])
    assert "/api/v2/delete" not in proxy.paths
    assert backend.open().undo("run/a", [WEATHER]) == Undone(0, 1, 0)


def test_an_undo_reads_only_near_what_it_removes(backend: InfluxBackend, proxy: FaultProxy) -> None:
    """Two slots half a year apart, with fifty thousand points of others between them."""
    start = to_ns(hour(0))
    lines = [f"{PRICE}=1 {start + 300 * 10**9 * n}" for n in range(1, 50_000)]
    for first in range(0, len(lines), 10_000):
        backend.engine.write(backend.bucket, lines[first : first + 10_000])
    last = 4200
    backend.open().import_rows(PVPC, [row(0), row(last)])
    store = through(backend, proxy)
    assert store.undo("run/a", [PVPC]) == Undone(0, 2, 0)
    assert proxy.received < 20_000
    store.close()


def test_a_server_that_removes_nothing_is_told_as_such(
    backend: InfluxBackend, proxy: FaultProxy
) -> None:
    """What was replaced is put back, what was added remains and is named; again and again."""
    store = backend.open()
    store.write(PVPC, [price(0, 1.0)], "run/a")
    store.write(PVPC, prices([0, 2, 5], 2.0), "run/b")
    store.import_rows(PVPC, [row(0, 3.0, "run/b")])
    proxy.fault = NO_PATH
    for restored in (1, 0):
        with pytest.raises(StoreError) as caught:
            through(backend, proxy).undo("run/b", [PVPC])
        said = str(caught.value)
        assert "cannot remove points" in said
        assert "names of bucket and organization" not in said
        assert "2 slots of pvpc remain as it wrote them, from 2026-01-01T02:00" in said
        assert f"and {restored} are put back" in said
        assert store.batch_slots("run/b") == {"pvpc": [hour(2), hour(5)]}
    assert store.read(PVPC, hours(0, 1)) == [row(0, 1.0)]
    assert store.undo("run/b", [PVPC]) == Undone(0, 2, 0)


def test_an_undo_that_died_at_its_last_step_is_still_known(
    backend: InfluxBackend, proxy: FaultProxy
) -> None:
    """All is removed and put back, and only that was not noted."""
    store = backend.open()
    store.write(PVPC, [price(0, 1.0)], "run/a")
    store.import_rows(PVPC, [row(0, 2.0, "run/b"), row(1, 2.0, "run/b")])
    proxy.fault = Fault(500, b"killed", path="/api/v2/write", after=4)
    with pytest.raises(StoreError, match="killed"):
        through(backend, proxy).undo("run/b", [PVPC])
    assert store.read(PVPC, hours(0, 2)) == [row(0, 1.0)]
    assert store.batch_slots("run/b") == {"pvpc": [hour(0), hour(1)]}
    assert store.undo("run/b", [PVPC]) == Undone(1, 1, 0)
    assert store.batch_slots("run/b") == {}
