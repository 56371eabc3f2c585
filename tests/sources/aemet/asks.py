"""Asks for AEMET's weather, as the fill service makes them, from the frozen catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.sources.model import Ask
from tests.catalogs import frozen

if TYPE_CHECKING:
    from gapfill.domain.series import Station

NOW = datetime(2025, 11, 5, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

RECORD = {
    "fecha": "2025-10-05",
    "indicativo": "5279X",
    "nombre": "LINARES",
    "provincia": "JAEN",
    "altitud": "515",
    "tmed": "19,4",
    "prec": "Ip",
    "tmin": "12,1",
    "horatmin": "06:20",
    "tmax": "26,7",
    "horatmax": "Varias",
    "dir": "99",
    "velmedia": "1,7",
    "racha": "8,3",
    "horaracha": "24",
    "presMax": "958,2",
    "horaPresMax": "10",
    "presMin": "954,0",
    "horaPresMin": "Varias",
    "hrMedia": "58",
    "hrMax": "83",
    "horaHrMax": "06:40",
    "hrMin": "34",
    "horaHrMin": "15:50",
}
"""A day, made up in the shape that clients describe, with every trap in one."""


def hours(start: datetime, end: datetime, *, station: str = "5279X", now: datetime = NOW) -> Ask:
    """Return an ask for hourly observations of ``[start, end)``."""
    return _ask("weather_hourly", "observations", Interval(start, end), station, now)


def days(first: str, last: str | None = None, *, now: datetime = NOW) -> Ask:
    """Return an ask for whole days, from first to last, both included."""
    start, end = (datetime.fromisoformat(f"{day}T00:00Z") for day in (first, last or first))
    interval = Interval(start, end + timedelta(days=1))
    return _ask("weather_daily", "daily", interval, "5279X", now)


def _ask(series: str, product: str, interval: Interval, station: str, now: datetime) -> Ask:
    catalog = frozen()
    found = next(p for p in catalog.sources["aemet"].products if p.name == product)
    place = catalog.series[series].place
    known: Station = next(s for s in place.stations if s.source == "aemet")
    return Ask(catalog.series[series], found, replace(known, id=station), interval, now)
