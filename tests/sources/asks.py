"""Asks for prices, as the fill service makes them, from the frozen catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gapfill.domain.grid import Era, Grid
from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_interval
from gapfill.sources.model import Ask
from tests.catalogs import frozen

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2025, 11, 5, 12, tzinfo=UTC)
MADRID = "Europe/Madrid"
AUTUMN = date(2021, 10, 31)
SPRING = date(2022, 3, 27)
QUARTERS_FROM = datetime(2025, 9, 30, 22, tzinfo=UTC)


def payload(name: str) -> bytes:
    """Return a recorded answer."""
    return (PAYLOADS / name).read_bytes()


def ask_of(product: str, first: date, last: date | None = None, *, geo: str = "8741") -> Ask:
    """Return an ask for whole Madrid days of PVPC at a place.

    Args:
        product: Key such as ``ree.pvpc``.
        first: First day.
        last: Last day, the first one by default.
        geo: REE's number of the place.
    """
    catalog = frozen()
    source, name = product.split(".")
    found = next(p for p in catalog.sources[source].products if p.name == name)
    start = day_interval(first, MADRID).start
    end = day_interval(last or first, MADRID).end
    series = replace(catalog.series["pvpc"], params={"geo_id": geo})
    return Ask(series, found, None, Interval(start, end), NOW)


def spot_ask(product: str, day: date, *, resolution: timedelta) -> Ask:
    """Return an ask for the day-ahead price, whose slots are quarter-hours since 2025-10-01."""
    plain = ask_of(product, day, geo="3")
    hours = plain.series.grid.eras[0]
    grid = Grid((hours, Era(QUARTERS_FROM, timedelta(minutes=15))))
    return replace(
        plain,
        series=replace(plain.series, name="spot", grid=grid),
        product=replace(plain.product, resolution=resolution, params={"indicator": "600"}),
    )


def within(ask: Ask, start: datetime, end: datetime) -> Ask:
    """Return the same ask for a part of its interval, ``[start, end)``."""
    return replace(ask, interval=Interval(start, end))
