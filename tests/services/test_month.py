"""Ten simulated days and the weeks after them, with outages: the store ends as the world is.

Real hooks ask a real sandbox, the embedded store keeps what they answer, and the services are
driven as the DAGs drive them: ``gap_detection`` every two hours over the whole history,
``preventive_ingestion`` hourly at :05. Only the pauses between calls are not waited for.
Retries of tasks are left out: the next cycle asks again.
"""

from __future__ import annotations

import csv
import io
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Grade, State
from gapfill.errors import SourceError
from gapfill.orchestration.run_request import current_request
from gapfill.orchestration.source_factory import AirflowSources
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import Sandbox, serve
from tests.catalogs import frozen
from tests.connections import connect
from tests.filling import fill
from tests.services import oracle
from tests.services.oracle import DAY, HOUR, PRODUCTS, SERIES, Said, World, source_of
from tests.services.scenes import with_one_station_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gapfill.domain.reading import Row
    from gapfill.domain.series import Series
    from tests.services.conftest import FakeTime

EARLIEST = datetime(2026, 3, 15, 23, tzinfo=UTC)
"""Midnight of 16 March in Madrid."""
START = datetime(2026, 3, 22, tzinfo=UTC)
END = datetime(2026, 4, 21, 12, tzinfo=UTC)
"""A month with the clock change of 29 March and the border of the month in it."""
LATER = END + timedelta(days=40)
BY_DAY = range(5, 22, 3)
"""Hours of the hourly run: a third of them by day and none at night, which halves the time."""
PREVENTIVE = ("ree", "openweathermap", "aemet")
NAMES = ("ree", "esios", "aemet", "siar", "openweathermap", "open_meteo")
WANTED = {"weather_hourly": ("solar_radiation",), "weather_daily": ("solar_radiation", "et0")}


class Trouble(NamedTuple):
    """A fault of the sandbox, and when it is in force."""

    start: datetime
    end: datetime
    fault: Mapping[str, object]


def _at(day: int, hour: int = 0) -> datetime:
    """Return an hour of March 2026; 32 is 1 April."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


OFF = (_at(24, 3), _at(25, 9))
"""The machine is off for thirty hours."""
STATION_OUT = ("2026-03-23", "2026-03-24")
"""AEMET's station measures nothing on these two local days, and SIAR's on the second."""
SILENT = Interval(_at(24), _at(24, 23))
"""24 March, local, without its first hour, which is of SIAR's day before: nobody observes it."""
OUTAGES = (
    Trouble(
        START,
        LATER + 9 * DAY,
        {
            "api": "aemet",
            "kind": "outage",
            "from": STATION_OUT[0],
            "to": STATION_OUT[1],
        },
    ),
    Trouble(
        START,
        LATER + 9 * DAY,
        {
            "api": "siar",
            "kind": "outage",
            "from": STATION_OUT[1],
            "to": STATION_OUT[1],
        },
    ),
)
"""These are of the world, and no fault of a call."""
TROUBLES = (
    Trouble(_at(22, 18), _at(22, 22), {"api": "ree", "kind": "timeout"}),
    Trouble(_at(25, 9), _at(25, 21), {"api": "siar", "kind": "empty"}),
    Trouble(_at(26, 4), _at(26, 9), {"api": "aemet", "kind": "429", "retry_after": 7200}),
    Trouble(_at(27, 0), _at(27, 7), {"api": "openweathermap", "kind": "429", "retry_after": 30}),
    Trouble(_at(28, 12), _at(29, 12), {"api": "aemet", "kind": "500"}),
    Trouble(_at(28, 20), _at(29, 6), {"api": "siar", "kind": "reset"}),
    Trouble(_at(30, 2), _at(31, 2), {"api": "open_meteo", "kind": "html"}),
    Trouble(_at(31, 18), _at(32, 8), {"api": "siar", "kind": "403_quota"}),
)


@dataclass
class Month:
    """What happens.

    Attributes:
        context: The installation, at any time.
        sandbox: The APIs.
        ran: When the cycles began.
        floors: Clock, sources, data calls and their floor, of each cycle without trouble.
    """

    context: RunContext
    sandbox: Sandbox
    ran: list[datetime]
    floors: list[tuple[datetime, str, Counter[str], Counter[str]]]

    def cycle(self, now: datetime, sources: Sequence[str] | None = None) -> None:
        """Plan and carry out, as a run of a DAG does."""
        is_healthy = self._set(now)
        context = replace(self.context, now=now)
        every = tuple(context.catalog.series.values())
        order = RunRequest(Selection(every))
        if sources is not None:
            order = current_request(context.catalog, now, sources)
        plan = make_plan(context, order, detect_all(context, order))
        floor = _floor(context, order)
        for unit in plan.units:
            with suppress(SourceError):
                fill(context, unit, f"{'two' if sources is None else 'one'}/{iso(now)}")
        if is_healthy:
            self.floors.append((now, str(sources), _data_calls(self.sandbox), floor))
        self.ran.append(now)

    def _set(self, now: datetime) -> bool:
        """Set clock and faults; tell whether calls go well."""
        self.sandbox.clock.set(now)
        self.sandbox.requests.clear()
        self.sandbox.faults.clear()
        active = [t for t in TROUBLES if t.start <= now < t.end]
        for trouble in (*active, *OUTAGES):
            self.sandbox.faults.add(trouble.fault)
        return not active


@pytest.fixture
def month(tmp_path: Path, time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Month]:
    """Return an installation with every source, and nothing in its store."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    with serve(now=START, rates=dict.fromkeys(NAMES, 0), stations="full") as sandbox:
        for name in NAMES:
            connect(
                monkeypatch,
                f"{name}_default",
                conn_type="http",
                host=sandbox.url,
                login="somebody",
                password="something",
                extra={"timeout": 0.3 if name == "ree" else 20},
            )
        known = frozen()
        begins = {name: EARLIEST + HOUR * (name != "pvpc") for name in known.series}
        series = {
            n: with_one_station_each(replace(s, earliest=begins[n]))
            for n, s in known.series.items()
        }
        known = replace(known, series=series)
        store = SqliteStore(tmp_path / "store.db")
        context = RunContext(known, store, AirflowSources(known), START, time.sleep, time.monotonic)
        yield Month(context, sandbox, [], [])
        store.close()


def _floor(context: RunContext, order: RunRequest) -> Counter[str]:
    """Return the fewest requests, by source, of the slots that the design gives to its products.

    The floor of a cycle: for each product, walk over the slots that the oracle gives it (gaps,
    upgrades, the slot of now, wanted fields), and count a request whenever a slot no longer
    fits the one before.
    """
    floor: Counter[str] = Counter()
    for series in order.selection.series:
        world = _world(context, series, order)
        given: dict[str, list[datetime]] = {}
        for slot, product in _wishes(context, series, world, order):
            given.setdefault(product, []).append(slot)
        for product, slots in given.items():
            floor[source_of(product)] += _windows(world, product, slots)
    return floor


def _windows(world: World, product: str, slots: Sequence[datetime]) -> int:
    span, first, count = world.span(product), None, 0
    zone = {"ree": "Europe/Madrid", "esios": "Europe/Madrid", "siar": "UTC"}.get(source_of(product))
    for slot in slots:
        end = slot + world.step
        if first is not None and end - first <= span:
            days = 0
            if zone:
                last = (end - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
                days = (last - first.astimezone(ZoneInfo(zone)).date()).days + 1
            if days <= PRODUCTS[product].days:
                continue
        first, count = slot, count + 1
    return count


def _world(context: RunContext, series: Series, order: RunRequest) -> World:
    """Return how things stand in the oracle's words."""
    known = SERIES[series.name]
    off = {p for p in known if order.sources and source_of(p) not in order.sources}
    said = [
        Said(e.product, e.interval.start, e.interval.end, e.outcome.value, e.asked_at)
        for e in context.store.entries(series.name)
        if e.outcome.value != "filled"
    ]
    return World(
        series.name,
        context.now,
        off | {"openweathermap.timeline", "openweathermap.timemachine", "siar_csv.daily"},
        {block.source: block.until for block in context.store.blocks(context.now)},
        said=said,
    )


def _wishes(
    context: RunContext, series: Series, world: World, order: RunRequest
) -> Iterator[tuple[datetime, str]]:
    """Yield the slots that somebody can be asked for, with the product."""
    end = context.now.replace(minute=0) + HOUR
    if series.name == "pvpc":
        end = context.now.replace(hour=0, minute=0) + 2 * DAY
    rows = {r.slot: r for r in context.store.read(series, Interval(series.earliest, end))}
    slot = series.earliest
    while slot < end:
        row = rows.get(slot)
        above = int(row.grade) if row else 0
        asked: set[str] = set()
        if order.selection.start is None or slot >= order.selection.start:
            if above < oracle.TARGET[series.name]:
                chosen = oracle.choose(world, slot, above=above)
                asked |= {chosen} if isinstance(chosen, str) else set()
            for name in WANTED.get(series.name, ()):
                is_asked = any(name in PRODUCTS[p].gives for p in asked)
                if row and not is_asked and name not in row.values:
                    asked |= {oracle.enrich(world, slot, name) or ""} - {""}
        yield from ((slot, product) for product in asked)
        slot += world.step


_SECOND_HOPS = ("/opendata/sh/", "/Autenticacion/", "/Info/ACCESOS")


def _data_calls(sandbox: Sandbox) -> Counter[str]:
    """Count the requests for data: no login, and of AEMET's two hops the first."""
    return Counter(
        str(entry["api"])
        for entry in sandbox.requests.all()
        if not any(part in entry["path"] for part in _SECOND_HOPS)
        and entry["path"] != "/archives/70/download"
    )


def _truth(sandbox: Sandbox, series: str, source: str, end: datetime) -> dict[str, dict[str, str]]:
    """Return what a source states, by slot and field."""
    source = "ree" if source == "esios" else source  # one price, whoever tells it
    query = f"series={series}&source={source}&start={iso(EARLIEST)}&end={iso(end)}"
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/truth?{query}") as answer:  # noqa: S310 - the sandbox's own URL
        lines = csv.DictReader(io.StringIO(answer.read().decode()))
        return {line["slot"]: line for line in lines}


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(390)  # a minute of work, on a machine that has nothing else to do
def test_after_a_month_of_outages_the_store_is_as_the_world(month: Month) -> None:
    """Every value is its source's, every grade the best there is, and no call was too many."""
    _live_through(month)
    context = replace(month.context, now=month.ran[-1])
    for name, series in context.catalog.series.items():
        rows = context.store.read(series, Interval(series.earliest, END))
        _check_values(month, name, rows)
        _check_grades(month, series, rows)
    _check_status(context)
    for now, sources, calls, floor in month.floors:
        assert calls == +floor, (now, sources)


def _live_through(month: Month) -> None:
    now = START
    while now < END:
        if not OFF[0] <= now < OFF[1]:
            if now.hour % 2 == 0:
                month.cycle(now)
            if now.hour in BY_DAY:
                month.cycle(now + timedelta(minutes=5), PREVENTIVE)
        now += HOUR
    for hours in (0, 2, 25, 27):
        month.cycle(LATER + hours * HOUR)


def _check_values(month: Month, name: str, rows: Sequence[Row]) -> None:
    """Each value is the truth of the source that the row names for it."""
    known: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        for field, value in row.values.items():
            source = row.origin(field).source.partition("/")[0]
            if source not in known:
                known[source] = _truth(month.sandbox, name, source, END)
            truth = known[source][iso(row.slot)].get(field)
            if truth is None and field == "price_eur_kwh":
                truth = str(float(known[source][iso(row.slot)]["price_eur_mwh"]) / 1000)
            assert truth, (name, row, field)
            assert value == pytest.approx(float(truth), abs=2e-6), (name, row, field)


def _check_grades(month: Month, series: Series, rows: Sequence[Row]) -> None:
    """Every slot that anybody has is there once, with the best grade anybody will ever have."""
    found = {row.slot: row.grade for row in rows}
    assert len(found) == len(rows)
    expected: dict[datetime, Grade] = {}
    slot, step = series.earliest, DAY if series.name == "weather_daily" else HOUR
    while slot < END:
        grade = _best(month, series.name, slot)
        if grade:
            expected[slot] = grade
        slot += step
    assert found == expected


def _best(month: Month, name: str, slot: datetime) -> Grade | None:
    """Return the best grade that anybody has for a slot, ``None`` where nobody has any."""
    if name == "pvpc":
        return Grade.OFFICIAL
    if name == "weather_daily":
        return None if slot == datetime(2026, 3, 24, tzinfo=UTC) else Grade.OFFICIAL
    if slot not in SILENT:
        return Grade.OBSERVED
    # On the hour OpenWeatherMap still tells of the minutes before it.
    is_seen = any(slot < ran <= slot + HOUR for ran in month.ran)
    return Grade.PROVISIONAL if is_seen else Grade.MODELLED


def _check_status(context: RunContext) -> None:
    """Nothing is missing; given up is the one day that no source has."""
    for report in detect(context, Selection(tuple(context.catalog.series.values()), end=END)):
        assert report.coverage.counts[State.MISSING] == 0
        assert report.coverage.counts[State.UNKNOWN] == 0
        given_up = report.coverage.runs(State.UNFILLABLE)
        is_daily = report.series == "weather_daily"
        assert given_up == ([Interval(_at(24), _at(25))] if is_daily else [])
