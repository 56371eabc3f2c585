"""Random histories, ledgers, accounts and clocks, in a real store and in the oracle's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from gapfill.domain.interval import Interval, merge
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.services.ports import Block
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.obstacles import obstacle
from tests.services.oracle import (
    DAY,
    HOUR,
    OUTCOMES,
    PRODUCTS,
    SERIES,
    Said,
    World,
    local_day_at,
    source_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gapfill.domain.candidate import Obstacle, Unusable
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Caller, Store

CLOCKS = [
    datetime(2026, 3, 20, 12, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),  # the hour before the clock goes forward
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),  # between the two hours of one name
    datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    datetime(2026, 6, 30, 21, 59, tzinfo=UTC),  # a minute before July, local
    datetime(2026, 6, 30, 22, 0, tzinfo=UTC),
    datetime(2026, 7, 1, 0, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 22, 59, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 30, tzinfo=UTC),
    datetime(2026, 7, 3, 19, 0, tzinfo=UTC),
]
FIELDS = {
    "pvpc": ("price_eur_mwh",),
    "weather_hourly": ("temperature", "humidity"),
    "weather_daily": ("temperature_mean",),
}
WANTED = {
    "pvpc": (),
    "weather_hourly": ("solar_radiation",),
    "weather_daily": ("solar_radiation", "et0"),
}
KINDS: dict[str, list[int]] = {
    "pvpc": [0, 0, 40, 40],
    "weather_hourly": [0, 0, 10, 20, 30, 30],
    "weather_daily": [0, 0, 30, 30, 40],
}
"""What a run of slots holds: nothing, or readings of a grade."""


@dataclass
class Scene:
    """A store and a configuration, and the same for the oracle.

    Attributes:
        world: For the oracle.
        first: First expected slot.
        rows: What the store holds: grade and wanted fields by slot.
        calls: By source, how many calls of the last day are in the account, and the quota.
        records: Records used, records a minute and a day of SIAR's account.
    """

    world: World
    first: datetime
    rows: dict[datetime, tuple[int, tuple[str, ...]]]
    calls: dict[str, tuple[int, int]]
    records: tuple[int, int, int] | None


@dataclass
class Configured:
    """The port ``Sources`` as far as plans use it."""

    world: World

    def obstacle(self, product: Product) -> Obstacle | None:
        """Say why a product is not configured."""
        return obstacle("is not configured" if product.key in self.world.unconfigured else None)

    def unusable(self, _product: Product, _station: Station) -> list[Unusable]:
        """Return none: every file is good."""
        return []

    def available_intervals(self, _product: Product, _station: Station) -> list[Interval]:
        """Return what the files have."""
        return merge(Interval(*stretch) for stretch in self.world.held)

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Nobody is asked."""
        raise NotImplementedError

    def account(self, source: str) -> str:
        """One key, or none, at each source."""
        return "keyless" if source else ""

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Nobody waits."""
        raise NotImplementedError


@st.composite
def scenes(draw: st.DrawFn, name: str) -> Scene:
    """Draw how things stand with a series."""
    now = draw(st.sampled_from(CLOCKS)) + draw(st.sampled_from([0, 0, 1, 61, 1439])) * DAY / 1440
    step = DAY if name == "weather_daily" else HOUR
    length = draw(st.sampled_from([60, 200] if step == DAY else [100, 200, 960, 2300]))
    first = now.replace(hour=0, minute=0) - (length * step // DAY) * DAY
    world = World(name, now, force=draw(st.booleans()) and draw(st.booleans()))
    world.unconfigured = _as_sold(draw(_unconfigured(name)))
    world.generation = draw(st.sampled_from([None, 3.0, 4.0]))
    sources = sorted({source_of(p) for p in SERIES[name]})
    asked = sorted({source_of(p) for p in SERIES[name] if p not in world.unconfigured}) or sources
    for source in draw(st.lists(st.sampled_from(asked), max_size=2, unique=True)):
        world.blocked[source] = now + draw(st.integers(1, 300)) * HOUR / 2
    calls = draw(_calls(world, sources))
    records = draw(_records(world)) if "siar" in sources else None
    for product in draw(st.lists(st.sampled_from(sorted(SERIES[name])), max_size=1)):
        if PRODUCTS[product].days > 2:
            learned = draw(st.sampled_from([1, 1, 2, 5, int(PRODUCTS[product].days)]))
            world.days[product] = min(world.days.get(product, learned), learned)
    slots = _slots(first, now, name)
    bounds = st.tuples(st.integers(0, length), st.integers(1, length))
    _draw_reach(draw, world, slots, bounds)
    for (start, more), (product, outcome, hours) in draw(
        st.lists(st.tuples(bounds, _line(name)), max_size=8)
    ):
        begin = first + min(start, length - 1) * step
        end = begin + more * step
        asked_at = now - hours * HOUR - 7 * DAY / 1440
        world.said.append(Said(product, begin, end, outcome, asked_at))
        if draw(st.booleans()):
            before = asked_at - draw(st.sampled_from([23, 24, 24, 200])) * HOUR
            world.said.append(Said(product, begin, end, "no_data", before))
    return Scene(world, first, draw(_rows(name, slots)), calls, records)


@st.composite
def _line(draw: st.DrawFn, name: str) -> tuple[str, str, float]:
    """Draw a line of the ledger: the product, what it said, and how many hours ago."""
    suffix = draw(st.sampled_from(["", "", "", "#wanted"]))
    outcome = draw(st.sampled_from(("no_data",) * 4 + OUTCOMES))
    hours = draw(st.sampled_from([0, 1, 2, 5, 23, 24, 25, 30, 47, 60, 200, 800]))
    return draw(st.sampled_from(SERIES[name])) + suffix, outcome, hours


@st.composite
def _unconfigured(draw: st.DrawFn, name: str) -> list[str]:
    if draw(st.sampled_from([False, False, True])):
        alone = draw(st.sampled_from(SERIES[name]))
        return [p for p in SERIES[name] if p != alone]
    return [p for p in SERIES[name] if draw(st.sampled_from([False, False, True]))]


def _as_sold(unconfigured: Sequence[str]) -> set[str]:
    """Return unconfigured products; One Call is subscribed to as a whole, or not at all."""
    sold = {"openweathermap.timeline", "openweathermap.timemachine"}
    found = set(unconfigured)
    return found if sold <= found else found - sold


@st.composite
def _calls(draw: st.DrawFn, world: World, sources: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Draw calls made of a daily quota, for the sources that have one."""
    quotas = {"siar": 1000, "openweathermap": 1000, "open_meteo": 10000}
    found: dict[str, tuple[int, int]] = {}
    for source in sources:
        if source in quotas:
            world.left[source] = quotas[source]
            if draw(st.booleans()):
                used, quota = draw(st.integers(0, 4)), draw(st.integers(1, 14))
                found[source] = used, quota
                world.left[source] = quota - used
    return found


@st.composite
def _records(draw: st.DrawFn, world: World) -> tuple[int, int, int] | None:
    """Draw a small account: records used, records a minute and a day."""
    if not draw(st.booleans()):
        return None
    minute = draw(st.sampled_from([10, 60, 100, 200, 1000]))
    used, day = draw(st.integers(0, 500)), draw(st.sampled_from([60, 300, 1000, 10_000]))
    if "siar.hourly" in SERIES[world.series]:
        world.days["siar.hourly"] = max(1, min(7, min(minute, day) // 2 // 24))
    else:
        world.days["siar.daily"] = max(1, min(31, minute, day))
    world.records_left = day - used
    return used, minute, day


def _draw_reach(
    draw: st.DrawFn,
    world: World,
    slots: Sequence[datetime],
    bounds: st.SearchStrategy[tuple[int, int]],
) -> None:
    for source in ("aemet", "siar"):
        start, more = draw(bounds)
        if draw(st.sampled_from([False, False, True])):
            begin = slots[min(start // 3, len(slots) - 1)]
            world.reach[source] = begin, begin + more * 2 * world.step
    if draw(st.booleans()):
        for start, more in draw(st.lists(bounds, max_size=3)):
            begin = slots[min(start, len(slots) - 1)]
            world.held.append((begin, begin + more * world.step))


def _slots(first: datetime, now: datetime, name: str) -> list[datetime]:
    """Return the expected slots: to the one of now, prices to the end of tomorrow, local."""
    step = DAY if name == "weather_daily" else HOUR
    end = now.replace(minute=0) + HOUR
    if step == DAY:
        end = now.replace(hour=0, minute=0) + DAY
    if name == "pvpc":
        end = local_day_at(now, HOUR, 2, 0, 0)
    return [first + n * step for n in range((end - first) // step)]


@st.composite
def _rows(
    draw: st.DrawFn, name: str, slots: Sequence[datetime]
) -> dict[datetime, tuple[int, tuple[str, ...]]]:
    rows: dict[datetime, tuple[int, tuple[str, ...]]] = {}
    position = 0
    if draw(st.sampled_from([False, False, False, True])):
        return rows
    while position < len(slots):
        size = draw(st.sampled_from([1, 2, 5, 13, 30, 100, 700])) + len(slots) // 40
        held, wanted = (
            draw(st.sampled_from(KINDS[name])),
            draw(st.sets(st.sampled_from(WANTED[name] or ("x",)))),
        )
        for slot in slots[position : position + size] if held else ():
            rows[slot] = held, tuple(sorted(wanted & set(WANTED[name])))
        position += size
    return rows


def expected(scene: Scene) -> list[datetime]:
    """Return the slots that are expected."""
    return _slots(scene.first, scene.world.now, scene.world.series)


def with_one_station_each(series: Series) -> Series:
    """Return a series at a place that has the first station of each source, as in the oracle."""
    first = {station.source: station for station in reversed(series.place.stations)}
    return replace(series, place=replace(series.place, stations=tuple(first.values())))


def build(scene: Scene, folder: Path, store: Store | None = None) -> RunContext:
    """Return a site whose store holds the scene; ``None`` for a file in the folder."""
    world, known = scene.world, frozen()
    series = replace(known.series[world.series], earliest=scene.first)
    series = with_one_station_each(series)
    stations = tuple(
        replace(s, reach=Interval(*world.reach[s.source])) if s.source in world.reach else s
        for s in series.place.stations
    )
    series = replace(series, place=replace(series.place, stations=stations))
    store = store or SqliteStore(folder / "store.db")
    store.import_rows(
        series, [_row(world.series, slot, *held) for slot, held in scene.rows.items()]
    )
    store.append_ledger([_entry(world.series, line, series) for line in world.said])
    for source, until in world.blocked.items():
        store.block(Block(source, until, "HTTP 429"))
    _keep_account(store, scene)
    known = replace(known, series={series.name: series})
    return RunContext(known, store, Configured(world), world.now)


def _keep_account(store: Store, scene: Scene) -> None:
    now = scene.world.now
    for source, (used, quota) in scene.calls.items():
        for n in range(used):
            store.record_call(source, now - n * HOUR, "before/x", 0)
        store.record_call(source, now - 25 * HOUR, "before/x", 100_000)
        store.save_limits(source, {"calls_day": quota}, now - DAY)
    if scene.world.generation is not None:
        store.save_limits(
            "openweathermap", {"one_call_generation": scene.world.generation}, now - DAY
        )
    for product, days in scene.world.days.items():
        store.save_limits(product, {"span_s": days * 86400}, now - DAY)
    if scene.records:
        used, minute, day = scene.records
        store.record_call("siar", now - 23 * HOUR, "before/x", used)
        store.save_limits("siar", {"records_minute": minute, "records_day": day}, now - DAY)
        scene.world.left["siar"] -= 1


def _row(name: str, slot: datetime, held: int, wanted: Sequence[str]) -> Row:
    values = dict.fromkeys((*FIELDS[name], *wanted), 20.0)
    return Row(slot, values, Grade(held), "somebody", "before/x")


def _entry(name: str, line: Said, series: Series) -> LedgerEntry:
    source = source_of(line.product)
    by_station = source in ("aemet", "siar", "siar_csv")
    station = next((s.id for s in series.place.stations if s.source == source), None)
    return LedgerEntry(
        series=name,
        product=line.product,
        station=station if by_station else None,
        interval=Interval(line.start, line.end),
        outcome=Outcome(line.outcome),
        asked_at=line.asked_at,
        evidence="HTTP 200",
        batch="before/x",
    )
