"""The weather of the sandbox: a function of only place and time.

Each source has slightly different weather, so that a value shows its source. Values are in the
catalogue's units and not rounded, because each API rounds in its own way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gapfill_sandbox.noise import noise

if TYPE_CHECKING:
    from datetime import date

SKEW = {"aemet": 0.0, "siar": 0.2, "openweathermap": 0.4, "open_meteo": 0.6}
"""Difference of each source's temperature, in °C."""


class Point(NamedTuple):
    """A point, by the differences of its weather from the plant's.

    Attributes:
        temperature: °C.
        humidity: %.
        pressure: hPa.
        wind_speed: m/s.
        wind_direction: Degrees.
        rain: Factor of the plant's rain.
    """

    temperature: float = 0.0
    humidity: float = 0.0
    pressure: float = 0.0
    wind_speed: float = 0.0
    wind_direction: float = 0.0
    rain: float = 1.0


PLANT = Point()
"""The point of all sources without stations."""

_HOUR = timedelta(hours=1)
_YEAR_DAYS = 365.25
_COLDEST_DAY, _HOTTEST_HOUR = 15, 15
_STATION_PRESSURE = 957.0
_NOON, _HALF_DAY = 12.0, 6.5


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather of a period.

    Attributes:
        temperature: °C, mean.
        humidity: %, mean.
        pressure: hPa at station level, mean.
        wind_speed: m/s, mean.
        wind_direction: Degrees from north, where it comes from.
        wind_gust: m/s, the strongest.
        precipitation: mm, sum.
        solar_radiation: W/m², mean.
    """

    temperature: float
    humidity: float
    pressure: float
    wind_speed: float
    wind_direction: float
    wind_gust: float
    precipitation: float
    solar_radiation: float


@lru_cache(maxsize=65_536)
def weather(end: datetime, source: str, length: timedelta = _HOUR, point: Point = PLANT) -> Weather:
    """Return the weather of the period that ends at an instant.

    Args:
        end: Timezone-aware end of the period.
        source: One of ``SKEW``.
        length: Length of the period; only precipitation is proportional to it.
        point: The point.
    """
    end = end.astimezone(UTC)
    hour = end.hour + end.minute / 60
    season = -math.cos(2 * math.pi * (end.timetuple().tm_yday - _COLDEST_DAY) / _YEAR_DAYS)
    daily = math.cos(2 * math.pi * (hour - _HOTTEST_HOUR) / 24)
    chance = noise("weather", end.isoformat())
    temperature = 17 + 9 * season + 6 * daily + 2 * (chance - 0.5) + SKEW[source]
    wind = point.wind_speed + 1 + 3 * noise("wind", end.isoformat()) + max(0.0, daily)
    humidity = point.humidity + 60 - 18 * daily - 12 * season + 10 * (chance - 0.5)
    sun = max(0.0, math.cos(math.pi * (hour - _NOON) / (2 * _HALF_DAY)))
    is_wet = _of_day("rain", end.date()) > 0.8 and chance > 0.5  # noqa: PLR2004 - a wet day in five
    return Weather(
        temperature=temperature + point.temperature,
        humidity=min(100.0, max(8.0, humidity)),
        pressure=_STATION_PRESSURE + 8 * (_of_day("pressure", end.date()) - 0.5) + point.pressure,
        wind_speed=wind,
        wind_direction=(360 * noise("direction", end.isoformat()) + point.wind_direction) % 360,
        wind_gust=wind * 1.8,
        precipitation=4 * (chance - 0.5) * (length / _HOUR) * point.rain if is_wet else 0.0,
        solar_radiation=(650 + 250 * season) * sun if abs(hour - _NOON) < _HALF_DAY else 0.0,
    )


@lru_cache(maxsize=8192)
def _of_day(what: str, day: date) -> float:
    return noise(what, day.isoformat())


def hours_of(day: date) -> list[datetime]:
    """Return the ends of the 24 hours of a UTC date."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [start + n * _HOUR for n in range(1, 25)]
