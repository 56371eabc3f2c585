"""AEMET's hourly observations: the last twelve or thirteen hours of a station, as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox.aemet_stations import DEFAULT_STATIONS, LINARES, SINCE, STATIONS
from gapfill_sandbox.api import Row, Truth
from gapfill_sandbox.noise import noise
from gapfill_sandbox.weather import weather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gapfill_sandbox.aemet_stations import Station
    from gapfill_sandbox.api import Value

KEPT = timedelta(hours=13)
"""How long an hour is available after its end: 12 or 13 rows, as observed in 2025 and 2026."""

_HOUR = timedelta(hours=1)
_LATE = timedelta(minutes=10)
_OFFSET_SINCE = datetime(2024, 4, 1, tzinfo=UTC)
"""When ``fint`` got its ``+0000`` here; it had none in 2021 and has had it in 2025."""

_METRES_PER_HPA = 8.3
_KM_PER_MS = 3.6
_COLUMNS = {
    "temperature": "ta",
    "humidity": "hr",
    "pressure": "pres",
    "wind_speed": "vv",
    "wind_direction": "dv",
    "wind_gust": "vmax",
    "precipitation": "prec",
}
"""AEMET's names of the series' fields."""
_WIND = ("vmax", "vv", "dv", "dmax", "stdvv", "stddv")


def rows(station: Station, now: datetime) -> list[Row]:
    """Return the hours that are available now, oldest first."""
    end = now.replace(minute=0, second=0, microsecond=0)
    ends = [end - n * _HOUR for n in reversed(range(KEPT // _HOUR))]
    return [
        Row(end - _HOUR, values(station, end - _HOUR))
        for end in ends
        if now - KEPT < end <= now - _LATE and end - _HOUR >= SINCE
    ]


def values(station: Station, start: datetime) -> dict[str, Value]:
    """Return a station's values of the hour that starts at an instant, by AEMET's keys."""
    missing = {
        key
        for key, part in station.rarely_missing
        if noise("missing", station.id, key, start.isoformat()) < part
    }
    found = _measured(station, start + _HOUR)
    return {key: value for key, value in found.items() if key not in missing}


def _measured(station: Station, end: datetime) -> dict[str, Value]:
    """Return a station's measurements in the hour that ends at an instant."""
    seen = weather(end, "aemet", point=station.point)
    warmth, speed = round(seen.temperature, 1), round(seen.wind_speed, 1)
    pressure = round(seen.pressure, 1)
    at_sea_level = round(pressure + station.altitude / _METRES_PER_HPA, 1)
    found: dict[str, Value] = {"prec": round(seen.precipitation, 1)}
    if station.has_pressure:
        found["pres"] = pressure
    if station.has_humidity:
        found["hr"] = float(round(seen.humidity))
    if station.has_pressure:
        found["pres_nmar"] = at_sea_level
    found |= {"tamin": round(warmth - 0.4, 1), "ta": warmth, "tamax": round(warmth + 0.3, 1)}
    if station.has_humidity:
        found["tpr"] = round(warmth - (100 - seen.humidity) / 5, 1)
    if not station.has_wind:
        return {**found, "rviento": float(round(speed * _KM_PER_MS))}
    degrees = float(round(seen.wind_direction))
    wind = (round(seen.wind_gust, 1), speed, degrees, degrees, 0.4, 11.0)
    return {**found, **dict(zip(_WIND, wind, strict=True))}


def write(station: Station, seen: Sequence[Row], now: datetime) -> list[dict[str, object]]:
    """Return the rows of the answer; ``fint`` is the end of the hour."""
    offset = "+0000" if now >= _OFFSET_SINCE else ""
    return [
        {
            "idema": station.id,
            "lon": station.longitude,
            "fint": f"{row.start + _HOUR:%Y-%m-%dT%H:%M:%S}{offset}",
            **_if_there(row, "prec"),
            "alt": float(station.altitude),
            "lat": station.latitude,
            "ubi": station.name,
            **{key: value for key, value in row.values.items() if key != "prec"},
        }
        for row in seen
    ]


def _if_there(row: Row, key: str) -> dict[str, Value]:
    """Return a value with its key, or nothing."""
    return {key: row.values[key]} if key in row.values else {}


def _truth(
    query: Mapping[str, str], start: datetime, end: datetime
) -> Iterable[tuple[datetime, Sequence[float | None]]]:
    """Yield all hours in the catalogue's units, also those that AEMET no longer has.

    Each value is that of the first requested station that has it.
    """
    known = STATIONS[query.get("stations", DEFAULT_STATIONS)]
    stations = [known[each] for each in query.get("station", LINARES.id).split(",")]
    hour = max(start, SINCE).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        stated: dict[str, Value] = {}
        for station in stations:
            stated = {**values(station, hour), **stated}
        if hour >= start:
            found = [stated.get(key) for key in _COLUMNS.values()]
            yield hour, [None if value is None else float(value) for value in found]
        hour += _HOUR


TRUTH = Truth(tuple(_COLUMNS), _truth)
