"""Made-up series, sources and instants for the tests of the domain, after the design's tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from gapfill.domain.candidate import Candidate
from gapfill.domain.grid import Era, Grid
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.local_time import AfterEnd, AtClock
from gapfill.domain.product import Product, Source
from gapfill.domain.series import Field, Grade, Place, Series, Station, Zone
from gapfill.domain.severity import Thresholds
from tests.examples import examples
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gapfill.domain.route import Assignment

MADRID = "Europe/Madrid"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY, DAILY = Grid.of(HOUR), Grid.of(DAY)
SPOT_GRID = Grid(
    (Era(BEGINNING, HOUR), Era(datetime(2025, 9, 30, 22, tzinfo=UTC), timedelta(minutes=15)))
)
"""Hourly, and by quarters from 2025-10-01 local."""

thoroughly = settings(max_examples=examples(40), deadline=None, database=None, derandomize=True)
"""For property tests: the same examples each time, so that a red build stays red."""


def at(text: str) -> datetime:
    """Return the instant of ``2025-10-26``, ``2025-10-26 12:30`` and the like, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Interval:
    """Return ``[start, end)``, both in UTC."""
    return Interval(at(start), at(end))


def spans(*texts: str) -> list[Interval]:
    """Return intervals from texts such as ``2025-10-26 00:00 > 2025-10-26 05:00``."""
    return [span(*(bound.strip() for bound in text.split(">"))) for text in texts]


def short(interval: Interval) -> str:
    """Return an interval as ``spans`` reads it."""
    return f"{interval.start:%Y-%m-%d %H:%M} > {interval.end:%Y-%m-%d %H:%M}"


def told(assignments: Iterable[Assignment]) -> list[tuple[str, str]]:
    """Return who is asked for each stretch, or how long it waits; joined where that goes on."""
    whole: list[tuple[Interval, str]] = []
    for a in assignments:
        interval, who = a.interval, _who(a)
        if whole and (whole[-1][0].end, whole[-1][1]) == (interval.start, who):
            interval = Interval(whole.pop()[0].start, interval.end)
        whole.append((interval, who))
    return [(short(interval), who) for interval, who in whole]


def _who(assignment: Assignment) -> str:
    if assignment.candidate:
        return assignment.candidate.product.key
    if assignment.until:
        return f"waits until {assignment.until:%Y-%m-%d %H:%M} for {assignment.by}"
    return "nobody"


# Sources and products, as in the product table.

_DUE = AtClock(-1, time(20, 50), MADRID)
_NEXT_DAY = AtClock(1, time(18), MADRID)
_PVPC_SINCE = datetime(2021, 5, 31, 22, tzinfo=UTC)


def product(source: str = "ree", name: str = "pvpc", **facts: Any) -> Product:  # noqa: ANN401 - any field of a product
    """Return a product: hourly, official, there at the slot's end, for ever."""
    known: dict[str, Any] = {
        "quantity": "pvpc",
        "resolution": HOUR,
        "grade": Grade.OFFICIAL,
        "span": 14 * DAY,
        "available": AfterEnd(timedelta(0)),
        "grace": AfterEnd(DAY),
        "since": BEGINNING,
    }
    return Product(source=source, name=name, **(known | facts))


def source(name: str = "ree", *products: Product, **facts: Any) -> Source:  # noqa: ANN401 - any field of a source
    """Return a source of 30 calls a minute and no daily quota."""
    known: dict[str, Any] = {
        "title": name,
        "connection": f"{name}_default",
        "host": "http://localhost",
        "per_minute": 30,
        "per_day": None,
    }
    return Source(name=name, products=products, **(known | facts))


_DAYS: dict[str, Any] = {
    "day_zone": MADRID,
    "available": _DUE,
    "since": _PVPC_SINCE,
    "publishes_days": True,
}
REE = source("ree", product(**_DAYS))
ESIOS = source(
    "esios",
    product("esios", "1001", needs_key=True, **_DAYS),
    product("esios", "archive70", **(_DAYS | {"span": DAY})),
)


def _hourly(name: str, of: str, grade: Grade, lag: timedelta, **facts: Any) -> Product:  # noqa: ANN401 - any field of a product
    return product(of, name, quantity="weather", grade=grade, available=AfterEnd(lag), **facts)


def _daily(of: str, grade: Grade, available: AfterEnd | AtClock, days: int) -> Product:
    return product(
        of,
        "daily",
        quantity="weather",
        resolution=DAY,
        grade=grade,
        available=available,
        span=days * DAY,
        by_station=True,
        hops=2 if of == "aemet" else 1,
    )


OPENWEATHERMAP = source(
    "openweathermap",
    _hourly(
        "current",
        "openweathermap",
        Grade.PROVISIONAL,
        -HOUR,
        span=HOUR,
        last=1,
    ),
    _hourly("timemachine", "openweathermap", Grade.PROVISIONAL, HOUR, span=HOUR, window=7 * DAY),
    per_minute=60,
    per_day=1000,
)
AEMET = source(
    "aemet",
    _hourly(
        "observations",
        "aemet",
        Grade.OBSERVED,
        HOUR,
        span=12 * HOUR,
        last=12,
        by_station=True,
        hops=2,
    ),
    _daily("aemet", Grade.OFFICIAL, AfterEnd(5 * DAY), 180),
    per_minute=20,
)
SIAR = source(
    "siar",
    _hourly("hourly", "siar", Grade.OBSERVED, 2 * HOUR, span=7 * DAY, by_station=True),
    _daily("siar", Grade.OBSERVED, _NEXT_DAY, 31),
    per_day=1000,
)
OPEN_METEO = source(
    "open_meteo",
    _hourly("forecast", "open_meteo", Grade.MODELLED, HOUR, span=92 * DAY, window=92 * DAY),
    _hourly("archive", "open_meteo", Grade.MODELLED, 5 * DAY, span=365 * DAY),
    per_minute=600,
)
SOURCES = {s.name: s for s in (REE, ESIOS, OPENWEATHERMAP, AEMET, SIAR, OPEN_METEO)}

# Series, as in the series table.

STATIONS = tuple(
    Station(name, number, Interval(at("2018-06-13"), END_OF_TIME))
    for name, number in (("aemet", "5279X"), ("siar", "J17"))
)
LINARES = Place("linares", 38.09, -3.63, MADRID, STATIONS)


def series(name: str = "pvpc", **facts: Any) -> Series:  # noqa: ANN401 - any field of a series
    """Return an hourly series of one required field, with REE and ESIOS in its route."""
    known: dict[str, Any] = {
        "group": "ree",
        "quantity": "pvpc",
        "measurement": name,
        "tags": {},
        "place": LINARES,
        "grid": HOURLY,
        "fields": (Field("value", "", -1000, 1000, required=True),),
        "target": Grade.OFFICIAL,
        "default_grade": Grade.OFFICIAL,
        "earliest": _PVPC_SINCE,
        "route": (Zone(("ree", "esios")),),
    }
    return Series(name=name, **(known | facts))


PVPC = series("pvpc", due=_DUE)
SPOT = series("spot", grid=SPOT_GRID, due=AtClock(-1, time(14, 30), MADRID))
WEATHER_HOURLY = series(
    "weather_hourly",
    group="weather",
    quantity="weather",
    target=Grade.OBSERVED,
    default_grade=Grade.OBSERVED,
    earliest=at("2024-01-01"),
    route=(
        Zone(("openweathermap", "aemet", "siar", "open_meteo"), younger_than=48 * HOUR),
        Zone(("aemet", "siar", "openweathermap", "open_meteo"), current_month=True),
        Zone(("siar", "openweathermap", "open_meteo")),
    ),
)
WEATHER_DAILY = series(
    "weather_daily",
    group="weather",
    quantity="weather",
    grid=DAILY,
    default_grade=Grade.OBSERVED,
    earliest=at("2018-06-13"),
    thresholds=Thresholds(2 * DAY, 12 * DAY),
    route=(
        Zone(("aemet", "siar"), younger_than=48 * HOUR),
        Zone(("aemet", "siar"), current_month=True),
        Zone(("siar", "aemet")),
    ),
)

FREE = {"openweathermap.timemachine": {"obstacle": "needs the extra one_call"}}
"""What most people have: no One Call subscription."""


def candidates(of: Series, changes: dict[str, dict[str, Any]] | None = None) -> list[Candidate]:
    """Return all products of a series' route, with changes by ``source.product``."""
    steps = {era.step for era in of.grid.eras}
    names = dict.fromkeys(name for zone in of.route for name in zone.sources)
    return [
        Candidate(
            source=SOURCES[name],
            product=offered,
            station=next((s for s in STATIONS if s.source == name), None),
            **_with_obstacle((changes or {}).get(offered.key, {})),
        )
        for name in names
        for offered in SOURCES[name].products
        if offered.quantity == of.quantity and offered.resolution in steps
    ]


def candidate(offered: Product | None = None, **facts: Any) -> Candidate:  # noqa: ANN401 - any field of a candidate
    """Return one product as a candidate of its own source."""
    offered = offered or product()
    known = {"source": replace(REE, name=offered.source, products=(offered,))}
    return Candidate(product=offered, **(known | _with_obstacle(facts)))


def _with_obstacle(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {"obstacle": obstacle(facts["obstacle"])} if "obstacle" in facts else facts


def entry(interval: Interval, asked_at: str, outcome: Outcome = Outcome.NO_DATA) -> LedgerEntry:
    """Return a line of the ledger."""
    return LedgerEntry("pvpc", "ree.pvpc", None, interval, outcome, at(asked_at), "502 no data")
