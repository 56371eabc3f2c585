"""Asks for SIAR, as the fill service makes them, from the frozen catalogue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_interval
from gapfill.sources.model import Ask
from tests.catalogs import frozen
from tests.sources.asks import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DAY = timedelta(days=1)


def hourly_ask(
    first: date, last: date | None = None, *, zone: str = "UTC", now: datetime = NOW
) -> Ask:
    """Return an ask for the hours of whole days of a time base."""
    days = day_interval(first, zone).start, day_interval(last or first, zone).end
    return _ask("weather_hourly", "hourly", Interval(*days), now, zone)


def daily_ask(first: date, last: date | None = None, *, now: datetime = NOW) -> Ask:
    """Return an ask for whole dates."""
    start, end = (datetime.combine(day, time(0), UTC) for day in (first, last or first))
    return _ask("weather_daily", "daily", Interval(start, end + DAY), now, None)


def _ask(series: str, product: str, interval: Interval, now: datetime, zone: str | None) -> Ask:
    catalog = frozen()
    found = next(p for p in catalog.sources["siar"].products if p.name == product)
    known = catalog.series[series]
    station = next(s for s in known.place.stations if s.source == "siar")
    return Ask(known, replace(found, day_zone=zone), station, interval, now)


def half_hour(day: str, hor_min: object, **values: object) -> dict[str, object]:
    """Return a row of a half-hour with a temperature and a humidity, unless told otherwise."""
    row = {"Fecha": f"{day}T00:00:00", "Estacion": "J17", "HorMin": hor_min}
    return {**row, "TempMedia": 20.0, "HumedadMedia": 50.0, **values}


def body_of(rows: Iterable[Mapping[str, object]] | None, message: str | None = None) -> bytes:
    """Return an answer with these rows."""
    data = None if rows is None else list(rows)
    return json.dumps({"datos": data, "MensajeRespuesta": message}).encode()
