"""The JSON of OpenWeatherMap, from one hour's values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox.times import MADRID
from gapfill_sandbox.weather import weather

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill_sandbox.api import Row, Value

STANDARD = "standard"
UNITS = (STANDARD, "metric", "imperial")

COLUMNS = {
    "temperature": "temp",
    "humidity": "humidity",
    "pressure": "grnd_level",
    "wind_speed": "wind_speed",
    "wind_direction": "wind_deg",
    "wind_gust": "wind_gust",
    "precipitation": "rain",
}
"""The catalogue's name of each value."""

LIGHT_RAIN = 0.1
"""mm: below this the answer has "light rain" without an amount, as observed."""

_TO_SEA_LEVEL = 53
_KELVIN, _MPH = 273.15, 2.23694
VISIBILITY = 10000
"""Metres; the API reports ten kilometres at most."""
_DAYLIGHT_FROM, _DAYLIGHT_TO = 7, 18


@dataclass(frozen=True, slots=True)
class View:
    """The place and the units of an answer.

    Attributes:
        latitude: Degrees north.
        longitude: Degrees east.
        units: One of ``UNITS``.
    """

    latitude: float
    longitude: float
    units: str

    def degrees(self, celsius: Value) -> Value:
        """Return a temperature in these units; a text stays."""
        if isinstance(celsius, str) or self.units == "metric":
            return celsius
        kelvin = self.units == STANDARD
        return round(celsius + _KELVIN if kelvin else celsius * 1.8 + 32, 2)

    def speed(self, metres: Value) -> Value:
        """Return a wind speed in these units; a text stays."""
        is_plain = isinstance(metres, str) or self.units != "imperial"
        return metres if is_plain else round(float(metres) * _MPH, 2)


def values_at(end: datetime) -> dict[str, Value]:
    """Return the values of the hour that ends at an instant, rounded as the API does, in °C."""
    now = weather(end, "openweathermap")
    return {
        "temp": round(now.temperature, 2),
        "humidity": round(now.humidity),
        "grnd_level": round(now.pressure),
        "wind_speed": round(now.wind_speed, 2),
        "wind_deg": round(now.wind_direction) % 360,
        "wind_gust": round(now.wind_gust, 2),
        "rain": round(now.precipitation, 2),
    }


def stated(values: Mapping[str, Value], name: str) -> float | None:
    """Return a value of an answer, ``None`` for the amount of light rain."""
    value = float(values[name])
    return None if name == "rain" and 0 < value < LIGHT_RAIN else value


def unix(instant: datetime) -> int:
    """Return an instant as Unix seconds."""
    return int(instant.timestamp())


def offset(instant: datetime) -> int:
    """Return the seconds by which Madrid's clock is ahead of UTC."""
    return int((instant.astimezone(MADRID).utcoffset() or timedelta()).total_seconds())


def sun_of(day: datetime, view: View) -> dict[str, int]:
    """Return sunrise and sunset, approximately."""
    season = -math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365.25)
    noon = day.replace(hour=12, minute=0, second=0, microsecond=0)
    noon -= timedelta(hours=view.longitude / 15)
    half = timedelta(hours=6 + 1.4 * season)
    return {"sunrise": unix(noon - half), "sunset": unix(noon + half)}


def words_of(values: Mapping[str, Value], at: datetime) -> list[dict[str, object]]:
    """Return the names of the weather."""
    sky = "d" if _DAYLIGHT_FROM <= at.hour < _DAYLIGHT_TO else "n"
    if not values["rain"]:
        return [{"id": 800, "main": "Clear", "description": "clear sky", "icon": f"01{sky}"}]
    return [{"id": 500, "main": "Rain", "description": "light rain", "icon": f"10{sky}"}]


def rain_of(values: Mapping[str, Value], hours: int = 1) -> dict[str, object]:
    """Return the amount of rain, or nothing at all."""
    rain = values["rain"]
    is_told = isinstance(rain, str) or bool(rain and not 0 < rain < LIGHT_RAIN)
    return {"rain": {f"{hours}h": rain}} if is_told else {}


def _sea_level(values: Mapping[str, Value]) -> Value:
    """Return the pressure reduced to sea level; a text stays."""
    ground = values["grnd_level"]
    return ground if isinstance(ground, str) else ground + _TO_SEA_LEVEL


def clouds_of(values: Mapping[str, Value]) -> int:
    """Return the cover of clouds in percent."""
    return 75 if values["rain"] else 0


def main_of(values: Mapping[str, Value], view: View) -> dict[str, Value]:
    """Return ``main`` of the 2.5 answers."""
    temperature = view.degrees(values["temp"])
    names = ("temp", "feels_like", "temp_min", "temp_max")
    return {
        **dict.fromkeys(names, temperature),
        "pressure": _sea_level(values),
        "humidity": values["humidity"],
        "sea_level": _sea_level(values),
        "grnd_level": values["grnd_level"],
    }


def wind_of(values: Mapping[str, Value], view: View) -> dict[str, Value]:
    """Return ``wind`` of the 2.5 answers."""
    return {
        "speed": view.speed(values["wind_speed"]),
        "deg": values["wind_deg"],
        "gust": view.speed(values["wind_gust"]),
    }


def current(row: Row, view: View) -> object:
    """Return an answer of ``/data/2.5/weather``; the place has no name."""
    return {
        "coord": {"lon": round(view.longitude, 4), "lat": round(view.latitude, 4)},
        "weather": words_of(row.values, row.start),
        "base": "stations",
        "main": main_of(row.values, view),
        "visibility": VISIBILITY,
        "wind": wind_of(row.values, view),
        **rain_of(row.values),
        "clouds": {"all": clouds_of(row.values)},
        "dt": unix(row.start),
        "sys": {"type": 2, "id": 2000000, "country": "ES", **sun_of(row.start, view)},
        "timezone": offset(row.start),
        "id": 0,
        "name": "",
        "cod": 200,
    }


def hourly(values: Mapping[str, Value], at: datetime, view: View) -> dict[str, object]:
    """Return the common part of all hourly rows of One Call."""
    temperature = view.degrees(values["temp"])
    return {
        "dt": unix(at),
        "temp": temperature,
        "feels_like": temperature,
        "pressure": _sea_level(values),
        "humidity": values["humidity"],
        "dew_point": temperature,
        "uvi": 0,
        "clouds": clouds_of(values),
        "visibility": VISIBILITY,
        "wind_speed": view.speed(values["wind_speed"]),
        "wind_deg": values["wind_deg"],
        "wind_gust": view.speed(values["wind_gust"]),
        "weather": words_of(values, at),
        **rain_of(values),
    }


def with_sun(values: Mapping[str, Value], at: datetime, view: View) -> dict[str, object]:
    """Return an hourly row with sunrise and sunset behind its time."""
    return {"dt": unix(at), **sun_of(at, view), **hourly(values, at, view)}


def place_of(at: datetime, view: View) -> dict[str, object]:
    """Return the place in an answer of One Call."""
    zone = {"timezone": "Europe/Madrid", "timezone_offset": offset(at)}
    return {"lat": round(view.latitude, 4), "lon": round(view.longitude, 4), **zone}


def timemachine(rows: Sequence[Row], view: View) -> object:
    """Return an answer of ``/data/3.0/onecall/timemachine``."""
    at = rows[0].start if rows else datetime(1970, 1, 1, tzinfo=UTC)
    data = [with_sun(row.values, row.start, view) for row in rows]
    return {**place_of(at, view), "data": data}
