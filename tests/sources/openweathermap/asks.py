"""Asks of OpenWeatherMap, from the frozen catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gapfill.domain.interval import Interval
from gapfill.sources.model import Ask
from tests.catalogs import frozen

HOUR = timedelta(hours=1)
NOW = datetime(2025, 11, 5, 12, 34, tzinfo=UTC)
LINARES = (38.09, -3.63)


def owm_ask(
    product: str,
    slot: datetime,
    now: datetime = NOW,
    place: tuple[float, float] = LINARES,
    slots: int = 1,
) -> Ask:
    """Return an ask for consecutive slots.

    Args:
        product: ``current``, ``timemachine`` or ``timeline``.
        slot: Start of the first.
        now: The clock.
        place: Latitude and longitude.
        slots: How many.
    """
    catalog = frozen()
    found = next(p for p in catalog.sources["openweathermap"].products if p.name == product)
    series = catalog.series["weather_hourly"]
    where = replace(series.place, latitude=place[0], longitude=place[1])
    series = replace(series, place=where)
    return Ask(series, found, None, Interval(slot, slot + slots * HOUR), now)
