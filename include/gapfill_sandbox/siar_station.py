"""The half-hours and days of SIAR's stations, rounded as in SIAR."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from gapfill_sandbox.api import Row, Truth
from gapfill_sandbox.times import at_local
from gapfill_sandbox.weather import weather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

HALF = timedelta(minutes=30)
LAG = timedelta(minutes=90)
"""Delay from the end of a half-hour to its publication."""
_DAILY_AT = time(12)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_HALVES = 48
_HALF_TURN, _TURN = 180, 360


@dataclass(frozen=True, slots=True)
class Station:
    """A station: its code, its province and number, and the dates of its data."""

    code: str
    place: str
    first: date
    last: date = date.max


STATIONS = {
    "J17": Station("J17", "Linares", date(2018, 6, 13)),
    "J09": Station("J09", "Linares", date(2000, 1, 1), date(2017, 12, 31)),
}


@lru_cache(maxsize=65_536)
def half_hour(end: datetime) -> Mapping[str, float]:
    """Return the values of the half-hour that ends at an instant, with two decimal places."""
    seen = weather(end, "siar", HALF)
    return {
        "TempMedia": round(seen.temperature, 2),
        "HumedadMedia": round(seen.humidity, 2),
        "VelViento": round(seen.wind_speed, 2),
        "DirViento": round(seen.wind_direction, 2) % _TURN,
        "Radiacion": round(seen.solar_radiation, 2),
        "Precipitacion": round(seen.precipitation, 2),
    }


@lru_cache(maxsize=4096)
def daily(day: date) -> Mapping[str, float]:
    """Return the aggregates of a UTC date's half-hours, with two decimal places."""
    ends = _ends(day)
    halves = [half_hour(end) for end in ends]
    column = {name: [half[name] for half in halves] for name in halves[0]}
    temperatures, rain = column["TempMedia"], math.fsum(column["Precipitacion"])
    mean, low, high = math.fsum(temperatures) / _HALVES, min(temperatures), max(temperatures)
    strongest = max((weather(end, "siar", HALF) for end in ends), key=lambda w: w.wind_gust)
    energy = math.fsum(column["Radiacion"]) * HALF.total_seconds() / 1e6
    values = {
        "TempMedia": mean,
        "TempMax": high,
        "TempMin": low,
        "HumedadMedia": math.fsum(column["HumedadMedia"]) / _HALVES,
        "HumedadMax": max(column["HumedadMedia"]),
        "humedadMin": min(column["HumedadMedia"]),
        "VelViento": math.fsum(column["VelViento"]) / _HALVES,
        "DirViento": _mean_direction(column["DirViento"]),
        "VelVientoMax": strongest.wind_gust,
        "DirVientoVelMax": strongest.wind_direction,
        "Radiacion": energy,
        "Precipitacion": rain,
        "EtPMon": 0.0023 * (mean + 17.8) * math.sqrt(high - low) * 0.408 * energy * 1.6,
        "PePMon": 0.7 * rain,
    }
    return {name: round(value, 2) for name, value in values.items()}


def _mean_direction(degrees: Sequence[float]) -> float:
    """Return the direction of the sum of unit vectors."""
    east = math.fsum(math.sin(math.radians(d)) for d in degrees)
    north = math.fsum(math.cos(math.radians(d)) for d in degrees)
    return math.degrees(math.atan2(east, north)) % _TURN


def hour(start: datetime) -> Mapping[str, float | None]:
    """Return the hour of the two half-hours after an instant, in the catalogue's names."""
    first, second = half_hour(start + HALF), half_hour(start + _HOUR)

    def mean(name: str) -> float:
        return round((first[name] + second[name]) / 2, 6)

    return {
        "temperature": mean("TempMedia"),
        "humidity": mean("HumedadMedia"),
        "wind_speed": mean("VelViento"),
        "wind_direction": _between(first["DirViento"], second["DirViento"]),
        "precipitation": round(first["Precipitacion"] + second["Precipitacion"], 6),
        "solar_radiation": mean("Radiacion"),
    }


def _between(first: float, second: float) -> float | None:
    """Return the direction in the middle of the shorter arc, none if both arcs are equal."""
    way = (second - first + _HALF_TURN) % _TURN - _HALF_TURN
    if abs(way) == _HALF_TURN:
        return None
    return round((first + way / 2) % _TURN, 6) % _TURN


def _ends(day: date) -> list[datetime]:
    """Return the ends of a UTC date's half-hours."""
    start = datetime.combine(day, time(0), UTC)
    return [start + n * HALF for n in range(1, _HALVES + 1)]


def half_hours(station: Station, days: Sequence[date], now: datetime) -> list[Row]:
    """Return the available half-hours of UTC dates; a row starts with its half-hour."""
    return [
        Row(end - HALF, dict(half_hour(end)))
        for day in days
        if station.first <= day <= station.last
        for end in _ends(day)
        if end + LAG <= now
    ]


def dailies(station: Station, days: Sequence[date], now: datetime) -> list[Row]:
    """Return the available days: from noon of the next one."""
    return [
        Row(datetime.combine(day, time(0), UTC), dict(daily(day)))
        for day in days
        if station.first <= day <= station.last and at_local(day + _DAY, _DAILY_AT) <= now
    ]


_BY_DAY = {
    "temperature_mean": "TempMedia",
    "temperature_max": "TempMax",
    "temperature_min": "TempMin",
    "humidity_mean": "HumedadMedia",
    "wind_speed_mean": "VelViento",
    "wind_gust_max": "VelVientoMax",
    "precipitation": "Precipitacion",
    "solar_radiation": "Radiacion",
    "et0": "EtPMon",
}


def _day(start: datetime) -> Mapping[str, float | None]:
    values = daily(start.date())
    return {name: values[column] for name, column in _BY_DAY.items()}


def _truth(
    columns: Iterable[str], step: timedelta, at: Callable[[datetime], Mapping[str, float | None]]
) -> Truth:
    """Return the truth of all slots of a spacing that the station has."""
    names = tuple(columns)

    def rows(
        query: Mapping[str, str], start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Sequence[float | None]]]:
        station = STATIONS[query.get("station", "J17")]
        slot = datetime.combine(start.astimezone(UTC).date(), time(0), UTC)
        while slot < end:
            if slot >= start and station.first <= slot.date() <= station.last:
                values = at(slot)
                yield slot, [values[name] for name in names]
            slot += step

    return Truth(names, rows)


TRUTHS = {
    "weather_hourly": _truth(hour(datetime(2025, 1, 1, tzinfo=UTC)), _HOUR, hour),
    "weather_daily": _truth(_BY_DAY, _DAY, _day),
}
"""By series, in the catalogue's names and units."""
